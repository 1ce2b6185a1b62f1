/* What the echo canceller of 16 channels keeps: numbers, the state of a tile, what a block works on.
 *
 * echo.pyx says what the filter is; here a "lane" is a channel of the tile, and every quantity is a
 * row of 16. Bins are [81][re, im]. */
#ifndef DSP_EXT_ECHO_STATE_H
#define DSP_EXT_ECHO_STATE_H

#include <math.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include "fft160.h"

#define ECHO_BLOCK FFT_HALF
#define ECHO_MOST_PARTS 13
#define ECHO_BANDS 27 /* of three bins: how finely uncertainty is kept */

#define ECHO_FLOOR 8000.0f       /* noise energy of a bin that is always assumed */
#define ECHO_PRIOR 0.3f          /* what a path is expected to pass at the beginning, power */
#define ECHO_LEAST_PRIOR 0.01f   /* and after a change */
#define ECHO_LEAST 1e-4f         /* doubt never falls below this share of the prior */
#define ECHO_LEAST_BARE 3e-3f    /* nor below this one, while there is next to no echo */
#define ECHO_BARE 3e-3f          /* power a path passes that has next to no echo: 25 dB */
#define ECHO_NOISE_KEEP 0.85f
#define ECHO_WANDER_YOUNG 0.3f   /* how far the path may move in a block, share of its power */
#define ECHO_WANDER_OLD 2e-5f
#define ECHO_WANDER_LACKING 2e-4f
#define ECHO_YOUTH 10.0f         /* age by which it has calmed, blocks */
#define ECHO_TRUST_AGE 15.0f     /* from here on a sudden error is the near end's */
#define ECHO_GROWN_AGE 50.0f     /* from here on noise is taken as twice what is seen */
#define ECHO_HALVES_AGE 40.0f    /* from here on the parts adapt by halves in turn */
#define ECHO_QUARTERS_AGE 100.0f /* and from here on by quarters */
#define ECHO_LACKS 1e-3f         /* left of what came in where a model is not good, power */
#define ECHO_DOUBTED 0.03f       /* of what is left, what doubt explains where no near end speaks */
#define ECHO_MAIN 1e-4f          /* of what the path passes, what a part passes that learns at once */
#define ECHO_LOOK 0.9f           /* memory of the powers a change of path is seen by */
#define ECHO_TIED 0.1f           /* correlation of model and error, squared, that tells a change */
#define ECHO_TIED_SURE 0.25f     /* of a sure model: two voices are tied by chance up to 0.5 */
#define ECHO_HOLD 20.0f          /* blocks between two changes */
#define ECHO_HEARD 100.0f        /* mean square from which the far end speaks: about -67 dBm0 */

#define ECHO_MOST_DELAY 16       /* blocks the far end can be held back by: 160 ms */
#define ECHO_RING (ECHO_MOST_DELAY + ECHO_MOST_PARTS + 1) /* blocks of the far end kept */

typedef int16_t lanes16 __attribute__((vector_size(2 * TILE)));
typedef int32_t lanes32 __attribute__((vector_size(4 * TILE)));

/* What is known of a tone of 2100 Hz in one direction. */
typedef struct {
    float re[TILE], im[TILE];           /* phase of the tone's last block, carried on through a gap */
    float turn_re[TILE], turn_im[TILE]; /* by which it turns from block to block */
    float steady[TILE], gap[TILE];      /* blocks it has lasted, blocks it is missing */
    float turned[TILE];                 /* 1: it has reversed its phase */
} echo_tone;

typedef struct {
    int16_t past[ECHO_RING][ECHO_BLOCK][TILE]; /* what was sent, rounded; the newest at `head` */
    float noise[FFT_BINS][TILE];      /* near end's energy in each bin */
    float sent[ECHO_MOST_PARTS][TILE]; /* mean square of the blocks of `sent`, by slot */
    float gain[ECHO_MOST_PARTS][TILE]; /* power each part of the path passes */
    float on[TILE], adapt[TILE], nlp[TILE]; /* 0 or 1, as asked for */
    float disabler[TILE];             /* whether 2100 Hz may switch it off */
    float off[TILE];                  /* 1: 2100 Hz with reversals has switched it off */
    float data[TILE];                 /* 1: 2100 Hz was heard, the processor does not act */
    float silent[TILE];               /* blocks of silence since then */
    echo_tone tone[2];                /* sent, received */
    float age[TILE], hold[TILE];
    float cross[TILE], error[TILE], model[TILE], heard[TILE]; /* smoothed e y, e e, y y, d d */
    float surprise[TILE];             /* error to what was expected, this block */
    float active[TILE];               /* the far end speaks */
    float swift_error[TILE], swift_model[TILE], swift_heard[TILE];
    float choice[TILE];               /* 1: what came in goes out, the model is worse than none */
    float near[TILE];                 /* blocks for which the near end is still held to speak */
    float left[TILE];                 /* share of the modelled echo that is known to be left */
    float suppress[TILE];             /* 1: the rest of the echo is replaced by comfort noise */
    float floor[TILE], lag[TILE];     /* line noise: mean square, product of neighbours */
    float hiss[TILE];                 /* last sample of comfort noise */
    float last[TILE];                 /* last sample of the error */
    uint32_t dice[TILE];
    int32_t delay[TILE];              /* blocks the far end is held back by */
    int32_t least[TILE];              /* where the delay begins: of buffers that are known */
    int32_t fixed[TILE];              /* 1: by what was told, not by what is found */
    int32_t head;                     /* where the newest block of `past` is */
    int32_t turn, slot;               /* whose turn to adapt; where the newest spectrum is */
} echo_state;

#define FIND_BANDS 32
#define FIND_WORDS 32 /* blocks whose bits are kept: a power of two above the latest lag */
#define FIND_LATEST 28
#define FIND_LAGS (ECHO_MOST_DELAY + FIND_LATEST)

typedef struct {
    uint32_t far[FIND_WORDS][TILE], near[FIND_WORDS][TILE]; /* bits of the blocks, round and round */
    float far_level[FIND_BANDS][TILE], near_level[FIND_BANDS][TILE]; /* what a bit is set above */
    float score[FIND_LAGS][TILE];  /* agreement by lag, from -ECHO_MOST_DELAY */
    float run[TILE];               /* judgements for which one has stood out */
    float need[TILE];              /* by how much it must */
    float cross[TILE], model[TILE]; /* smoothed e y, y y: what the model is worth */
    int32_t best[TILE];            /* the lag it stood out at */
    int32_t newest;
} echo_find;

typedef struct {
    const fft160_tables *fft;
    const float (*wave)[2]; /* [80] cos, sin of 2100 Hz */
    const float *prior; /* [slots] adds up to 1 */
    int slots;          /* parts there is memory for */
    int parts;          /* parts in use */
    echo_state *state;
    echo_find *find;
    lanes *sent;        /* [slots][81][2] spectra of what was sent */
    lanes *path;        /* [slots][81][2] the model */
    lanes *doubt;       /* [slots][27] its variance */
} echo_tile;

typedef struct {
    lanes x[ECHO_BLOCK], d[ECHO_BLOCK], y[ECHO_BLOCK], e[ECHO_BLOCK];
    lanes error[FFT_ROWS];      /* spectrum; later divided by what was expected */
    lanes raw[FFT_BINS];        /* energy of the error's bins */
    lanes expect[FFT_BINS];     /* energy the filter's doubt explains */
    lanes scale[FFT_BINS];      /* 1 / all energy expected */
    lanes cross, power;         /* e y, y y of this block */
    int32_t lacks[TILE];        /* 1: the model is not good and can become better */
    int32_t bare[TILE];         /* 1: there is next to no echo */
    float wander[TILE];         /* how far the path may have moved since the block before */
    float fresh[TILE];          /* 1: model put to zero in this block */
} echo_work;

#define LANE (int c = 0; c < TILE; c++)
#define ROW(x) (*(lanes *)(x))

#endif

/* What the call-progress detector keeps, and its constants; progress.h has the loops. */
#ifndef DSP_EXT_PROGRESS_STATE_H
#define DSP_EXT_PROGRESS_STATE_H

#include <stdint.h>
#include "clones.h"

#define PROGRESS_UNIT 40                     /* samples taken at once: 5 ms */
#define PROGRESS_FOLD (PROGRESS_UNIT / 2)
#define PROGRESS_CHUNK 20                    /* samples of a value of the low band: 2.5 ms */
#define PROGRESS_HALF (PROGRESS_CHUNK / 2)
#define PROGRESS_BINS 16                     /* chunks in a window, and its spectrum: 40 ms, 25 Hz */
#define PROGRESS_HOPS 4                      /* hops of 10 ms in a window */
#define PROGRESS_BANDS 5
#define PROGRESS_FEW 3 /* up to so many channels of a tile are done one by one */

#define PROGRESS_STAY 0.5f  /* share of a tone in all energy, so that it is still one */

/* Which bins of the low band a sound of the plan fills: all of them, and those of either tone. */
typedef struct {
    uint32_t all, first, second; /* second is 0 for a single tone or a close pair */
    uint32_t beats;              /* whether a close pair is among the sounds it stands for */
} progress_signature;

/* What samples and chunks are multiplied with, and the limits of the high bands. */
typedef struct {
    float low[PROGRESS_HALF][2];                  /* of the low band: cosine, sine */
    float high[PROGRESS_FOLD][2 * PROGRESS_BANDS];/* of each high band: cosine, sine */
    float one[PROGRESS_UNIT][TILE];               /* of a unit, unfolded: low band, high bands */
    float turn[PROGRESS_BINS][2][TILE];           /* of the spectrum: by chunk, cosine and sine */
    float weight[PROGRESS_BINS];                  /* makes each bin of the spectrum energy */
    float step[PROGRESS_BANDS][2];                /* what a unit advances at the band's middle */
    float limit[PROGRESS_BANDS];                  /* cosine of the largest error of that */
    float least;                                  /* energy of a window that may hold a tone */
} progress_reference;

/* What a tile keeps of its 16 channels. */
typedef struct {
    float chunk[PROGRESS_BINS][2][TILE];                  /* the window of the low band, a ring */
    float last[PROGRESS_BANDS][2][TILE];                  /* newest unit of the high bands */
    float advance[PROGRESS_HOPS][PROGRESS_BANDS][2][TILE];/* sums of a hop, a ring */
    float energy[PROGRESS_HOPS][TILE];                    /* of a hop, a ring */
} progress_tile;

/* What a tile's newest window holds. */
typedef struct {
    float bins[PROGRESS_BINS][TILE]; /* its spectrum */
    float power[TILE];               /* its energy */
    float tone[TILE];                /* and that of its tone */
    int32_t sound[TILE];             /* which tone that is, 0 none */
} progress_window_tile;

#endif

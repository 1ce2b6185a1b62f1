/* What the mixer's inner loops share, whatever the instruction set (mix_tiles.h). */
#ifndef DSP_EXT_MIX_WIDE_H
#define DSP_EXT_MIX_WIDE_H

#include <stdint.h>
#include <string.h>
#include "clones.h"

#define MIX_ROWS 16           /* samples of a channel that are turned together */
#define MIX_BIAS 0x4B400000u
#define MIX_SHIFT 12582912.0f /* 1.5 * 2^23: MIX_BIAS as a float */
#define MIX_MOST 32767.0f     /* of what is heard */

enum { MIX_IDLE = -1, MIX_TURNED = -2 }; /* of mix_seats.tile */

/* Who sits where: bridges that have members are numbered anew, from 0 to slots - 1. By channel,
 * where nothing else is said. */
typedef struct {
    int width; /* channels, in whole tiles */
    int slots;
    int turned;           /* tiles that are MIX_TURNED */
    int whisperers;       /* of whisperer */
    int32_t *tile;        /* by tile: MIX_IDLE, MIX_TURNED or the slot it is part of a run of */
    int32_t *slot;        /* `slots`: in no bridge */
    int32_t *first;       /* by slot, and one more: where in `member` its channels begin */
    int32_t *member;      /* channels, slot by slot */
    int32_t *whisperer;   /* channels that whisper */
    int32_t *whisper_to;  /* -1: nobody */
    float *whisper_gain;
    float *say;           /* gain of what is given; moves by `step` with each sample */
    float *step;
    float *hear;          /* gain of what is heard */
    uint32_t *given;      /* [][MIX_ROWS] scratch: what each gives */
    uint32_t *total;      /* by slot, and one more, [][MIX_ROWS] scratch */
} mix_seats;

typedef void (*mix_run_fn)(const mix_seats *seats, const float *pcm, float *out, int cstride,
                           int rows);

/* x as a whole number, rounded to even, for |x| up to 2^22: its bits are MIX_BIAS and the number. */
static inline uint32_t mix_whole(float x)
{
    uint32_t bits;
    x += MIX_SHIFT;
    memcpy(&bits, &x, sizeof bits);
    return bits;
}

#ifdef HAVE_CLONES
void mix_avx512_run(const mix_seats *seats, const float *pcm, float *out, int cstride, int rows);
void mix_avx2_run(const mix_seats *seats, const float *pcm, float *out, int cstride, int rows);
#endif

#endif

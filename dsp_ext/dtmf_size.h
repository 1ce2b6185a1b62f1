/* Sizes of the DTMF detector's arrays. */
#ifndef DSP_EXT_DTMF_SIZE_H
#define DSP_EXT_DTMF_SIZE_H

#include <stdint.h>
#include "clones.h"

#define DTMF_TONES 8
#define DTMF_HOP 34
#define DTMF_HALF (DTMF_HOP / 2)
#define DTMF_HOPS 3
#define DTMF_WINDOW (DTMF_HOP * DTMF_HOPS)
#define DTMF_ROWS 17 /* 8 x re, 8 x im, energy */
#define DTMF_ENERGY (2 * DTMF_TONES)
#define DTMF_FEW 3   /* up to so many channels of a tile are done one by one */
#define DTMF_QUIET 7 /* windows without a key that end it */

/* What is known of a tile's channels. */
typedef struct
{
    int32_t on[TILE];
    int32_t digit[TILE];   /* the key that sounds, -1 none */
    int32_t quiet[TILE];   /* windows without it, up to DTMF_QUIET */
    int32_t running[TILE]; /* the last windows looked like a key that does not sound yet */
    int32_t channels;      /* how many are on */
    int32_t silent;        /* hops without sound, up to DTMF_HOPS */
    int32_t busy;          /* whether a window without a key would change anything */
} dtmf_tile;

typedef int (*dtmf_add_fn)(const float *pcm, int cstride, const float *reference, float quiet,
                           float *sums);

#ifdef HAVE_CLONES
int dtmf_add_avx512(const float *pcm, int cstride, const float *reference, float quiet, float *sums);
int dtmf_add_avx2(const float *pcm, int cstride, const float *reference, float quiet, float *sums);
#endif

#endif

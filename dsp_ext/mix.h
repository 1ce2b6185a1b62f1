/* Inner loops of the mixer. */
#ifndef DSP_EXT_MIX_H
#define DSP_EXT_MIX_H

#include <stdint.h>
#include <string.h>
#include "clones.h"

CLONES_BEGIN

/* What each channel gives to its bridge: in * talk, a whole number. The bound (30 dB above full
 * scale) keeps 2047 such members within int32; NaN gives the bound, never undefined. */
CLONES static void mix_give(const float *restrict pcm, const float *restrict talk,
                            int32_t *restrict given, int n)
{
    const float bound = 1048576.0f;
    for (int c = 0; c < n; c++) {
        float x = pcm[c] * talk[c];
        x = x < bound ? x : bound;
        x = x > -bound ? x : -bound;
        given[c] = (int32_t)round_even(x);
    }
}

/* What each channel hears: its bridge's total without itself, times listen, clipped once. */
CLONES static void mix_hear(const int32_t *restrict total, const int32_t *restrict slot,
                            const int32_t *restrict given, const float *restrict hear,
                            float *restrict pcm, int n)
{
    for (int c = 0; c < n; c++) {
        float x = (float)(total[slot[c]] - given[c]) * hear[c];
        x = x < 32767.0f ? x : 32767.0f;
        pcm[c] = x > -32767.0f ? x : -32767.0f;
    }
}

CLONES_END

static void mix_rows(const float *pcm_in, float *pcm_out, int cstride, int width, int block,
                     const float *talk, const float *hear, const int32_t *slot,
                     const int32_t *member, int members, int32_t *given, int32_t *total)
{
    for (int i = 0; i < block; i++) {
        mix_give(pcm_in + (long)i * cstride, talk, given, width);
        memset(total, 0, sizeof *total * (size_t)(width + 1));
        for (int k = 0; k < members; k++)
            total[slot[member[k]]] += given[member[k]];
        mix_hear(total, slot, given, hear, pcm_out + (long)i * cstride, width);
    }
}

#endif

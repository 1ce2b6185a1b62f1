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

#define MIX_ROWS 4 /* summed together: each member is looked up once for all of them */

/* given, total: MIX_ROWS rows of `width` and `width + 1`. Rows that a short last turn leaves out are
 * summed from what was in `given`, which is harmless, and heard by nobody. */
static void mix_rows(const float *pcm_in, float *pcm_out, int cstride, int width, int block,
                     const float *talk, const float *hear, const int32_t *slot,
                     const int32_t *member, int members, int32_t *given, int32_t *total)
{
    const int totals = width + 1;
    for (int i = 0; i < block; i += MIX_ROWS) {
        int rows = block - i < MIX_ROWS ? block - i : MIX_ROWS;
        for (int r = 0; r < rows; r++)
            mix_give(pcm_in + (long)(i + r) * cstride, talk, given + r * width, width);
        memset(total, 0, sizeof *total * MIX_ROWS * (size_t)totals);
        for (int k = 0; k < members; k++) {
            const int32_t *from = given + member[k];
            int32_t *to = total + slot[member[k]];
            for (int r = 0; r < MIX_ROWS; r++)
                to[r * totals] += from[r * width];
        }
        for (int r = 0; r < rows; r++)
            mix_hear(total + r * totals, slot, given + r * width, hear,
                     pcm_out + (long)(i + r) * cstride, width);
    }
}

#endif

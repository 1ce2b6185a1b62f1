/* Inner loop of the automatic gain control. */
#ifndef DSP_EXT_AGC_H
#define DSP_EXT_AGC_H

#include <stdint.h>
#include "clones.h"

CLONES_BEGIN

/* out = pcm * gain, gain moving by `step` with each sample; above the knee it bends, and approaches
 * full scale without reaching it. Channels that are off pass untouched. */
CLONES static void agc_apply(const float *pcm, float *out, int cstride, int block, float *gain,
                             const float *step, const int32_t *on)
{
    const float knee = 24000.0f, room = 32600.0f - 24000.0f;
    for (int first = 0; first < cstride; first += TILE) {
        const float *row = pcm + first;
        float *to = out + first;
        float g[TILE], s[TILE];
        int32_t active[TILE];
        for (int c = 0; c < TILE; c++) {
            g[c] = gain[first + c];
            s[c] = step[first + c];
            active[c] = on[first + c];
        }
        for (int i = 0; i < block; i++, row += cstride, to += cstride)
            for (int c = 0; c < TILE; c++) {
                float x = row[c], y, loud, over, bent;
                g[c] += s[c];
                y = x * g[c];
                loud = __builtin_fabsf(y);
                over = loud - knee;
                over = over > 0.0f ? over : 0.0f;
                bent = loud - over + over * room / (over + room);
                to[c] = active[c] ? __builtin_copysignf(bent, y) : x;
            }
        for (int c = 0; c < TILE; c++)
            gain[first + c] = g[c];
    }
}

CLONES_END

#endif

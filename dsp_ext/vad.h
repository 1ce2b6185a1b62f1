/* Inner loop of the voice detector. */
#ifndef DSP_EXT_VAD_H
#define DSP_EXT_VAD_H

#include "clones.h"

#define VAD_STATES 4

CLONES_BEGIN

/* Energy below and above 900 Hz, without the direct voltage, and that of all. state: rows of the last
 * sample, the high pass and the two low passes. */
CLONES static void vad_bands(const float *pcm, int cstride, int block, float *state, float *low,
                             float *high, float *all)
{
    const float hold = 0.97f, share = 0.5067f;
    for (int first = 0; first < cstride; first += TILE) {
        float last[TILE], pass[TILE], one[TILE], two[TILE];
        float below[TILE] = {0}, above[TILE] = {0}, full[TILE] = {0};
        const float *row = pcm + first;
        float *s = state + first;
        for (int c = 0; c < TILE; c++) {
            last[c] = s[c];
            pass[c] = s[cstride + c];
            one[c] = s[2 * cstride + c];
            two[c] = s[3 * cstride + c];
        }
        for (int i = 0; i < block; i++, row += cstride)
            for (int c = 0; c < TILE; c++) {
                float x = row[c], rest;
                pass[c] = x - last[c] + hold * pass[c];
                last[c] = x;
                one[c] += share * (pass[c] - one[c]);
                two[c] += share * (one[c] - two[c]);
                rest = pass[c] - two[c];
                below[c] += two[c] * two[c];
                above[c] += rest * rest;
                full[c] += x * x;
            }
        for (int c = 0; c < TILE; c++) {
            s[c] = last[c];
            /* no denormals in silence */
            s[cstride + c] = __builtin_fabsf(pass[c]) > 1e-6f ? pass[c] : 0.0f;
            s[2 * cstride + c] = __builtin_fabsf(one[c]) > 1e-6f ? one[c] : 0.0f;
            s[3 * cstride + c] = __builtin_fabsf(two[c]) > 1e-6f ? two[c] : 0.0f;
            low[first + c] += below[c];
            high[first + c] += above[c];
            all[first + c] += full[c];
        }
    }
}

CLONES_END

#endif

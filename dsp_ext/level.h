/* Inner loop of the level meter. */
#ifndef DSP_EXT_LEVEL_H
#define DSP_EXT_LEVEL_H

#include "clones.h"

CLONES_BEGIN

/* power += share * (mean square of the block - power), whole tiles of channels. */
CLONES static void level_update(const float *pcm, int cstride, int block, float share,
                                float *power)
{
    const float scale = 1.0f / (float)block;
    for (int first = 0; first < cstride; first += TILE) {
        float sum[TILE] = {0};
        const float *row = pcm + first;
        for (int i = 0; i < block; i++, row += cstride)
            for (int c = 0; c < TILE; c++)
                sum[c] += row[c] * row[c];
        for (int c = 0; c < TILE; c++) {
            float p = power[first + c];
            p += share * (sum[c] * scale - p);
            power[first + c] = p > 1e-6f ? p : 0.0f; /* no denormals in silence; NaN heals */
        }
    }
}

CLONES_END

#endif

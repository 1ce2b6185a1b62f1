/* Inner loops of the level meter and of the noise floor. */
#ifndef DSP_EXT_LEVEL_H
#define DSP_EXT_LEVEL_H

#include <stdint.h>
#include "clones.h"

#define LEVEL_FULL 31500.0f /* only the largest code of either law is above it */
#define NOISE_PARTS 8       /* of the window in which the minimum is sought */

CLONES_BEGIN

/* power += share * (mean square of the block - power), whole tiles of channels; the largest
 * magnitude since it was last read, and how many samples were at full scale. */
CLONES static void level_update(const float *pcm, int cstride, int block, float share,
                                float *power, float *peak, int32_t *clipped)
{
    const float scale = 1.0f / (float)block;
    for (int first = 0; first < cstride; first += TILE) {
        float sum[TILE] = {0}, most[TILE];
        int32_t full[TILE] = {0};
        const float *row = pcm + first;
        for (int c = 0; c < TILE; c++)
            most[c] = peak[first + c];
        for (int i = 0; i < block; i++, row += cstride)
            for (int c = 0; c < TILE; c++) {
                float x = __builtin_fabsf(row[c]);
                sum[c] += x * x;
                most[c] = most[c] > x ? most[c] : x;
                full[c] += x > LEVEL_FULL;
            }
        for (int c = 0; c < TILE; c++) {
            float p = power[first + c];
            p += share * (sum[c] * scale - p);
            power[first + c] = p > 1e-6f ? p : 0.0f; /* no denormals in silence; NaN heals */
            peak[first + c] = most[c];
            clipped[first + c] += full[c];
        }
    }
}

CLONES static void noise_add(const float *pcm, int cstride, int block, float *energy)
{
    for (int first = 0; first < cstride; first += TILE) {
        float sum[TILE] = {0};
        const float *row = pcm + first;
        for (int i = 0; i < block; i++, row += cstride)
            for (int c = 0; c < TILE; c++)
                sum[c] += row[c] * row[c];
        for (int c = 0; c < TILE; c++)
            energy[first + c] += sum[c];
    }
}

/* One unit: power is smoothed; the floor is its minimum over the parts, the unfinished one too. */
CLONES static void noise_follow(const float *restrict power, int n, float share,
                                float *restrict smooth, float *restrict low,
                                const float *restrict least, float *restrict floor)
{
    for (int c = 0; c < n; c++) {
        /* speech that stops is forgotten at once: its decay would outlast a pause */
        float last = power[c] < 0.25f * smooth[c] ? 2.0f * power[c] : smooth[c];
        float s = last + share * (power[c] - last);
        s = s > 1e-6f ? s : 0.0f;
        smooth[c] = s;
        low[c] = low[c] < s ? low[c] : s;
        floor[c] = least[c] < low[c] ? least[c] : low[c];
    }
}

/* A part of the window ends: it takes the place of the oldest. */
CLONES static void noise_turn(float *part, int at, int n, const float *restrict smooth,
                              float *restrict low, float *restrict least)
{
    float *newest = part + (long)at * n;
    for (int c = 0; c < n; c++) {
        newest[c] = low[c];
        least[c] = low[c];
        low[c] = smooth[c];
    }
    for (int k = 0; k < NOISE_PARTS; k++)
        for (int c = 0; c < n; c++)
            least[c] = least[c] < part[(long)k * n + c] ? least[c] : part[(long)k * n + c];
}

CLONES_END

#endif

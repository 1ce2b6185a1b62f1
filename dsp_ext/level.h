/* Inner loops of the level meter and of the noise floor. */
#ifndef DSP_EXT_LEVEL_H
#define DSP_EXT_LEVEL_H

#include <stdint.h>
#include "clones.h"

#define LEVEL_FULL 31500.0f /* only the largest code of either law is above it */
#define NOISE_PARTS 8       /* of the window in which the minimum is sought */

/* 16 values as one; the compiler makes the processor's vectors of it. `there`: wherever they lie. */
typedef float level_lanes __attribute__((vector_size(64)));
typedef float level_there __attribute__((vector_size(64), aligned(4), may_alias));
typedef int32_t level_mask __attribute__((vector_size(64)));
typedef int32_t level_mask_there __attribute__((vector_size(64), aligned(4), may_alias));

CLONES_BEGIN

/* power += share * (mean square of the block - power), whole tiles of channels; the largest
 * magnitude since it was last read, and how many samples were at full scale. */
CLONES static void level_update(const float *pcm, int cstride, int block, float share,
                                float *power, float *peak, int32_t *clipped)
{
    const float scale = 1.0f / (float)block;
    for (int first = 0; first < cstride; first += TILE) {
        level_lanes sum = {0}, most = *(const level_there *)(peak + first);
        level_mask full = {0};
        const float *row = pcm + first;
        float energy[TILE];
        for (int i = 0; i < block; i++, row += cstride) {
            const level_mask size = *(const level_mask_there *)row & 0x7fffffff;
            const level_lanes x = (level_lanes)size;
            const level_mask less = most > x;
            sum += x * x;
            most = (level_lanes)(((level_mask)most & less) | (size & ~less));
            full -= x > LEVEL_FULL;
        }
        *(level_there *)energy = sum;
        *(level_there *)(peak + first) = most;
        *(level_mask_there *)(clipped + first) += full;
        for (int c = 0; c < TILE; c++) {
            float p = power[first + c];
            p += share * (energy[c] * scale - p);
            power[first + c] = p > 1e-6f ? p : 0.0f; /* no denormals in silence; NaN heals */
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

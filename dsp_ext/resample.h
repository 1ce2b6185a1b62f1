/* Inner loop of the resampler. */
#ifndef DSP_EXT_RESAMPLE_H
#define DSP_EXT_RESAMPLE_H

#include "clones.h"

CLONES_BEGIN

/* One tile: every output is a phase of the filter over the last `taps` rows. rows: TILE values each,
 * oldest first; taps: even; at: position of the first output in steps of 1/up of an input row. Outputs are
 * written `out_stride` apart; -> position of the next output. */
CLONES static long resample_tile(const float *restrict rows, int n, long at, int up, int down,
                                 const float *restrict filter, int taps, float *restrict out,
                                 int out_stride)
{
    const long end = (long)n * up;
    for (; at < end; at += down, out += out_stride) {
        const float *row = rows + (at / up) * TILE;
        const float *h = filter + (at % up) * taps;
        float sum[TILE] = {0}, more[TILE] = {0};
        for (int k = 0; k < taps; k += 2, row += 2 * TILE)
            for (int c = 0; c < TILE; c++) {
                sum[c] += h[k] * row[c];
                more[c] += h[k + 1] * row[TILE + c];
            }
        for (int c = 0; c < TILE; c++)
            out[c] = sum[c] + more[c];
    }
    return at - end;
}

CLONES_END

#endif

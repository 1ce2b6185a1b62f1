/* Inner loops of the packet-loss concealer: the search for the pitch. */
#ifndef DSP_EXT_PLC_H
#define DSP_EXT_PLC_H

#include "clones.h"

#define PLC_LEAST_PITCH 40 /* samples: 200 Hz; twice as high a voice repeats after two periods */
#define PLC_LARGEST_PITCH 140
#define PLC_SPAN 160 /* compared */

CLONES_BEGIN

/* Products of the last PLC_SPAN of `n` samples with those `lag` before, and the energy of the latter,
 * for `count` lags from `least` on. The lag is the inner loop: its sums are independent, so that they
 * are taken side by side. */
CLONES static void plc_correlate(const float *restrict tail, int n, int least, int count,
                                 float *restrict product, float *restrict energy)
{
    const float *now = tail + n - PLC_SPAN;
    for (int k = 0; k < count; k++)
        product[k] = energy[k] = 0.0f;
    for (int i = 0; i < PLC_SPAN; i++) {
        const float x = now[i];
        const float *then = now + i - least;
        for (int k = 0; k < count; k++) {
            product[k] += x * then[-k];
            energy[k] += then[-k] * then[-k];
        }
    }
}

CLONES_END

#endif

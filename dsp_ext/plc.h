/* Inner loops of the packet-loss concealer: the search for the pitch. */
#ifndef DSP_EXT_PLC_H
#define DSP_EXT_PLC_H

#include "clones.h"

#define PLC_LEAST_PITCH 40 /* samples: 200 Hz; twice as high a voice repeats after two periods */
#define PLC_LARGEST_PITCH 140
#define PLC_SPAN 160 /* compared */

CLONES_BEGIN

/* Products of the last PLC_SPAN of `n` samples with as many from each place on, and the energy of the
 * latter; place p is PLC_LARGEST_PITCH - p samples before. The place is the inner loop: its sums are
 * independent, so that they are taken side by side. */
CLONES static void plc_correlate(const float *restrict tail, int n, int places,
                                 float *restrict product, float *restrict energy)
{
    const float *now = tail + n - PLC_SPAN, *then = now - PLC_LARGEST_PITCH;
    float sum = 0.0f;
    for (int p = 0; p < places; p++)
        product[p] = 0.0f;
    for (int i = 0; i < PLC_SPAN; i++)
        for (int p = 0; p < places; p++)
            product[p] += now[i] * then[i + p];
    for (int i = 0; i < PLC_SPAN; i++)
        sum += then[i] * then[i];
    for (int p = 0; p < places; p++) {
        energy[p] = sum > 0.0f ? sum : 0.0f;
        sum += then[p + PLC_SPAN] * then[p + PLC_SPAN] - then[p] * then[p];
    }
}

CLONES_END

#endif

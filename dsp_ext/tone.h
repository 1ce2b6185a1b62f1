/* Inner loop of the tone generator. */
#ifndef DSP_EXT_TONE_H
#define DSP_EXT_TONE_H

#include <stdint.h>
#include "clones.h"

CLONES_BEGIN

/* sin(2π · turn / 2³²): fold to a quarter turn, then an odd polynomial; error below 4e-8. */
static inline float tone_sine(uint32_t turn)
{
    float x = (float)(int32_t)turn * (1.0f / 2147483648.0f); /* half turns, -1 to 1 */
    float size = 0.5f - __builtin_fabsf(__builtin_fabsf(x) - 0.5f);
    float y = size * size;
    float s = 0.08214588661112823f + y * -0.00737043094571435f;
    s = -0.5992645293207921f + y * s;
    s = 2.550164039877345f + y * s;
    s = -5.16771278004997f + y * s;
    s = size * (3.141592653589793f + y * s);
    return __builtin_copysignf(s, x);
}

/* One tile of channels, n samples, no change of segment in between: adds into pcm. */
CLONES static void tone_run(uint32_t *restrict phase, const uint32_t *restrict step,
                            const float *restrict amplitude, int row, int voices,
                            float *restrict pcm, int cstride, int n)
{
    for (int v = 0; v < voices; v++, phase += row, step += row, amplitude += row) {
        float *restrict out = pcm;
        for (int i = 0; i < n; i++, out += cstride)
            for (int c = 0; c < TILE; c++) {
                out[c] += amplitude[c] * tone_sine(phase[c]);
                phase[c] += step[c];
            }
    }
}

CLONES_END

#endif

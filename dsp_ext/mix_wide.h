/* What the mixer's inner loops share with those for one instruction set (wide/mix.c). */
#ifndef DSP_EXT_MIX_WIDE_H
#define DSP_EXT_MIX_WIDE_H

#include <stdint.h>
#include "clones.h"

#define MIX_BIAS 0x4B400000u
#define MIX_SHIFT 12582912.0f /* 1.5 * 2^23: MIX_BIAS as a float */
#define MIX_MOST 32767.0f     /* of what is heard */
#define MIX_NARROW 127.0f     /* talk gains of a bridge added up, up to which its sum has 22 bits */

/* All of a bridge whose members are `n` neighbours and nobody else. */
typedef void (*mix_alone_fn)(const float *restrict pcm, int cstride, int rows, int n,
                             const float *restrict say, const float *restrict hear,
                             float *restrict out);

#ifdef HAVE_CLONES
/* For bridges that are `narrow`, on processors with AVX-512. */
void mix_alone_wide(const float *restrict pcm, int cstride, int rows, int n,
                    const float *restrict say, const float *restrict hear, float *restrict out);
#endif

#endif

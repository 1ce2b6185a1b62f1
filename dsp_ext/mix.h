/* The mixer's inner loops for every processor (mix_tiles.h), and the choice of the quickest. */
#ifndef DSP_EXT_MIX_H
#define DSP_EXT_MIX_H

#include "mix_wide.h"

#define MIX_LIMIT 32768.0f /* of what is given to the mixer */

#define MIX_LINKAGE static
#define MIX_NAME(what) mix_plain_##what
#define mix_f mix_plain_f
#define mix_i mix_plain_i
#define MIX_LANES 4

typedef float mix_f __attribute__((vector_size(16), aligned(4), may_alias));
typedef uint32_t mix_i __attribute__((vector_size(16), aligned(4), may_alias));

#define MIX_LOW(a, b) __builtin_shufflevector(a, b, 0, 4, 1, 5)
#define MIX_HIGH(a, b) __builtin_shufflevector(a, b, 2, 6, 3, 7)
#define MIX_LOW_PAIR(a, b) __builtin_shufflevector(a, b, 0, 1, 4, 5)
#define MIX_HIGH_PAIR(a, b) __builtin_shufflevector(a, b, 2, 3, 6, 7)
#define MIX_SPREAD(x, i) __builtin_shufflevector(x, x, i, i, i, i)

static ALWAYS_INLINE void mix_plain_cross(mix_i *v)
{
    (void)v;
}

static ALWAYS_INLINE mix_i mix_plain_fold(mix_i x)
{
    return x;
}

static ALWAYS_INLINE mix_f mix_plain_real(mix_i x)
{
    typedef int32_t whole __attribute__((vector_size(16)));
    return __builtin_convertvector((whole)x, mix_f);
}

static ALWAYS_INLINE mix_f mix_plain_clip(mix_f x)
{
    const mix_f most = (mix_f){0} + MIX_MOST;
    const mix_i sign = (mix_i)x & 0x80000000u, size = (mix_i)x ^ sign;
    const mix_i less = (mix_i)((mix_f)size < most);
    return (mix_f)((size & less) | ((mix_i)most & ~less) | sign);
}

#include "mix_tiles.h"
#undef mix_f
#undef mix_i

/* The quickest that this processor can run. */
static mix_run_fn mix_best(void)
{
#ifdef HAVE_CLONES
    if (__builtin_cpu_supports("avx512dq"))
        return mix_avx512_run;
    if (__builtin_cpu_supports("avx2"))
        return mix_avx2_run;
#endif
    return mix_plain_run;
}

CLONES_BEGIN

/* Adds rows of energy: for the choice of the loudest. */
CLONES static void mix_energy(const float *restrict pcm, int cstride, int rows, int width,
                              float *restrict energy)
{
    for (int first = 0; first < width; first += TILE) {
        float sum[TILE] = {0};
        const float *row = pcm + first;
        for (int r = 0; r < rows; r++, row += cstride)
            for (int c = 0; c < TILE; c++)
                sum[c] += row[c] * row[c];
        for (int c = 0; c < TILE; c++)
            energy[first + c] = sum[c];
    }
}

CLONES_END

#endif

/* The mixer's inner loops for processors with AVX-512 or AVX2 (mix_tiles.h). */
#include "mix_wide.h"

#ifdef HAVE_CLONES
#include <immintrin.h>

#define MIX_LINKAGE
#define MIX_NAME(what) mix_avx2_##what
#define mix_f mix_avx2_f
#define mix_i mix_avx2_i
#define MIX_LANES 8

#pragma GCC push_options
#pragma GCC target("avx2")

typedef float mix_f __attribute__((vector_size(32), aligned(4), may_alias));
typedef uint32_t mix_i __attribute__((vector_size(32), aligned(4), may_alias));

#define MIX_LOW(a, b) (mix_i)_mm256_unpacklo_epi32((__m256i)(a), (__m256i)(b))
#define MIX_HIGH(a, b) (mix_i)_mm256_unpackhi_epi32((__m256i)(a), (__m256i)(b))
#define MIX_LOW_PAIR(a, b) (mix_i)_mm256_unpacklo_epi64((__m256i)(a), (__m256i)(b))
#define MIX_HIGH_PAIR(a, b) (mix_i)_mm256_unpackhi_epi64((__m256i)(a), (__m256i)(b))
#define MIX_SPREAD(x, i) (mix_i)_mm256_shuffle_epi32((__m256i)(x), 0x55 * (i))
#define MIX_HALVES(a, b, which) (mix_i)_mm256_permute2x128_si256((__m256i)(a), (__m256i)(b), which)

static ALWAYS_INLINE void mix_avx2_cross(mix_i *v)
{
    for (int i = 0; i < 4; i++) {
        const mix_i a = v[i], b = v[i + 4];
        v[i] = MIX_HALVES(a, b, 0x20);
        v[i + 4] = MIX_HALVES(a, b, 0x31);
    }
}

static ALWAYS_INLINE mix_i mix_avx2_fold(mix_i x)
{
    return x + MIX_HALVES(x, x, 0x01);
}

static ALWAYS_INLINE mix_f mix_avx2_real(mix_i x)
{
    return (mix_f)_mm256_cvtepi32_ps((__m256i)x);
}

static ALWAYS_INLINE mix_f mix_avx2_clip(mix_f x)
{
    const __m256 low = _mm256_min_ps((__m256)x, _mm256_set1_ps(MIX_MOST));
    return (mix_f)_mm256_max_ps(low, _mm256_set1_ps(-MIX_MOST));
}

#include "mix_tiles.h"
#pragma GCC pop_options
#undef MIX_NAME
#undef mix_f
#undef mix_i
#undef MIX_LANES
#undef MIX_LOW
#undef MIX_HIGH
#undef MIX_LOW_PAIR
#undef MIX_HIGH_PAIR
#undef MIX_SPREAD

#define MIX_NAME(what) mix_avx512_##what
#define mix_f mix_avx512_f
#define mix_i mix_avx512_i
#define MIX_LANES 16

#pragma GCC push_options
#pragma GCC target("avx512f,avx512dq")

typedef float mix_f __attribute__((vector_size(64), aligned(4), may_alias));
typedef uint32_t mix_i __attribute__((vector_size(64), aligned(4), may_alias));

#define MIX_LOW(a, b) (mix_i)_mm512_unpacklo_epi32((__m512i)(a), (__m512i)(b))
#define MIX_HIGH(a, b) (mix_i)_mm512_unpackhi_epi32((__m512i)(a), (__m512i)(b))
#define MIX_LOW_PAIR(a, b) (mix_i)_mm512_unpacklo_epi64((__m512i)(a), (__m512i)(b))
#define MIX_HIGH_PAIR(a, b) (mix_i)_mm512_unpackhi_epi64((__m512i)(a), (__m512i)(b))
#define MIX_SPREAD(x, i) (mix_i)_mm512_shuffle_epi32((__m512i)(x), 0x55 * (i))
#define MIX_QUARTERS(a, b, which) (mix_i)_mm512_shuffle_i32x4((__m512i)(a), (__m512i)(b), which)

static ALWAYS_INLINE void mix_avx512_cross(mix_i *v)
{
    for (int i = 0; i < 4; i++) {
        const mix_i a = MIX_QUARTERS(v[i], v[i + 4], 0x44), b = MIX_QUARTERS(v[i], v[i + 4], 0xEE);
        const mix_i c = MIX_QUARTERS(v[i + 8], v[i + 12], 0x44);
        const mix_i d = MIX_QUARTERS(v[i + 8], v[i + 12], 0xEE);
        v[i] = MIX_QUARTERS(a, c, 0x88);
        v[i + 4] = MIX_QUARTERS(a, c, 0xDD);
        v[i + 8] = MIX_QUARTERS(b, d, 0x88);
        v[i + 12] = MIX_QUARTERS(b, d, 0xDD);
    }
}

static ALWAYS_INLINE mix_i mix_avx512_fold(mix_i x)
{
    x += MIX_QUARTERS(x, x, 0x4E);
    return x + MIX_QUARTERS(x, x, 0xB1);
}

static ALWAYS_INLINE mix_f mix_avx512_real(mix_i x)
{
    return (mix_f)_mm512_cvtepi32_ps((__m512i)x);
}

/* The smaller in size, with x's sign. */
static ALWAYS_INLINE mix_f mix_avx512_clip(mix_f x)
{
    return (mix_f)_mm512_range_ps((__m512)x, _mm512_set1_ps(MIX_MOST), 2);
}

#include "mix_tiles.h"
#pragma GCC pop_options
#endif

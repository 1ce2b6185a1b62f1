/* G.711 decoders for processors with AVX-512 or AVX2, and half floats (g711_tiles.h). */
#include "g711_wide.h"

#ifdef HAVE_CLONES
#include <immintrin.h>

#define G711_SCALE 4194304.0f /* 2^22: from the half float an A-law octet is to its value */
#define G711_BASE 132.0f      /* what a µ-law segment's float is too large by */

#pragma GCC push_options
#pragma GCC target("avx2,f16c")

/* 16 octets as half floats. µ-law: all bits of the octet are inverted, the sign by the addition. */
static ALWAYS_INLINE __m256i g711_halves(__m128i octets, int law)
{
    const __m128i flip = _mm_set1_epi8(law ? 0x7F : (char)0xD5);
    const __m256i wide = _mm256_cvtepi8_epi16(_mm_xor_si128(octets, flip));
    const __m256i code = _mm256_and_si256(_mm256_slli_epi16(wide, 6), _mm256_set1_epi16((short)0x9FC0));
    const int16_t middle = 1 << 5, exponent = (int16_t)((22 << 10) | 0x8000);
    return _mm256_add_epi16(code, _mm256_set1_epi16((short)(law ? middle | exponent : middle)));
}

/* Turns 16 x 16 octets in registers: g711_turn without its stores. */
static ALWAYS_INLINE void g711_turn_rows(__m128i *a)
{
    __m128i b[G711_ROWS];
    for (int round = 0; round < 2; round++) {
        for (int i = 0; i < 8; i++) {
            b[2 * i] = _mm_unpacklo_epi8(a[i], a[i + 8]);
            b[2 * i + 1] = _mm_unpackhi_epi8(a[i], a[i + 8]);
        }
        for (int i = 0; i < 8; i++) {
            a[2 * i] = _mm_unpacklo_epi8(b[i], b[i + 8]);
            a[2 * i + 1] = _mm_unpackhi_epi8(b[i], b[i + 8]);
        }
    }
}

static ALWAYS_INLINE __m256 g711_eight(__m128i halves, int law)
{
    const __m256 x = _mm256_cvtph_ps(halves);
    if (!law)
        return _mm256_mul_ps(x, _mm256_set1_ps(G711_SCALE));
    const __m256 sign = _mm256_and_ps(x, _mm256_set1_ps(-0.0f));
    return _mm256_sub_ps(x, _mm256_or_ps(sign, _mm256_set1_ps(G711_BASE)));
}

#define G711_LOW(halves) g711_eight(_mm256_castsi256_si128(halves), law)
#define G711_HIGH(halves) g711_eight(_mm256_extracti128_si256(halves, 1), law)

static ALWAYS_INLINE void g711_avx2_put(__m256i halves, int law, float *out)
{
    _mm256_storeu_ps(out, G711_LOW(halves));
    _mm256_storeu_ps(out + 8, G711_HIGH(halves));
}

static ALWAYS_INLINE void g711_avx2_put_some(__m256i halves, int law, int n, float *out)
{
    const __m256i lane = _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7);
    _mm256_maskstore_ps(out, _mm256_cmpgt_epi32(_mm256_set1_epi32(n), lane), G711_LOW(halves));
    if (n > 8)
        _mm256_maskstore_ps(out + 8, _mm256_cmpgt_epi32(_mm256_set1_epi32(n - 8), lane),
                            G711_HIGH(halves));
}

static ALWAYS_INLINE void g711_avx2_put_words(__m256i halves, int law, int16_t *out)
{
    const __m256i low = _mm256_cvtps_epi32(G711_LOW(halves));
    const __m256i high = _mm256_cvtps_epi32(G711_HIGH(halves));
    const __m256i both = _mm256_permute4x64_epi64(_mm256_packs_epi32(low, high), 0xD8);
    _mm256_storeu_si256((void *)out, both);
}

#define G711_NAME(what) g711_avx2_##what
#include "g711_tiles.h"
#undef G711_NAME
#pragma GCC pop_options

#pragma GCC push_options
#pragma GCC target("avx512f,f16c")

static ALWAYS_INLINE __m512 g711_sixteen(__m256i halves, int law)
{
    const __m512 x = _mm512_cvtph_ps(halves);
    if (!law)
        return _mm512_mul_ps(x, _mm512_set1_ps(G711_SCALE));
    const __m512i sign = _mm512_set1_epi32(INT32_MIN), bits = _mm512_castps_si512(x);
    const __m512i base = _mm512_castps_si512(_mm512_set1_ps(G711_BASE));
    const __m512i less = _mm512_ternarylogic_epi32(bits, sign, base, 0xEA); /* bits & sign | base */
    return _mm512_sub_ps(x, _mm512_castsi512_ps(less));
}

static ALWAYS_INLINE void g711_avx512_put(__m256i halves, int law, float *out)
{
    _mm512_storeu_ps(out, g711_sixteen(halves, law));
}

static ALWAYS_INLINE void g711_avx512_put_some(__m256i halves, int law, int n, float *out)
{
    _mm512_mask_storeu_ps(out, (__mmask16)((1u << n) - 1), g711_sixteen(halves, law));
}

static ALWAYS_INLINE void g711_avx512_put_words(__m256i halves, int law, int16_t *out)
{
    const __m512i whole = _mm512_cvtps_epi32(g711_sixteen(halves, law));
    _mm256_storeu_si256((void *)out, _mm512_cvtepi32_epi16(whole));
}

#define G711_NAME(what) g711_avx512_##what
#include "g711_tiles.h"
#undef G711_NAME
#pragma GCC pop_options
#endif

/* Bridges by themselves, for processors with AVX-512 (mix_alone in mix.h says what is done).
 *
 * Four rows are added up at once, so that the sums across a row cost few shuffles, and what a member
 * gave is reckoned once more from what is in the nearest cache. A bridge whose sum stays within 22
 * bits is at hand as a float without a conversion: the difference of MIX_SHIFT + sum and MIX_SHIFT +
 * given is exact. Beyond, mix_alone does it. The results are the same to the bit. */
#include "mix_wide.h"

#ifdef HAVE_CLONES
#include <immintrin.h>
#pragma GCC target("avx512f,avx512dq")

typedef struct
{
    const float *say, *hear;
    __m512 shift, most;
    int n;
} wide_bridge;

/* What 16 neighbours give: MIX_SHIFT and a whole number. */
static ALWAYS_INLINE __m512 wide_give(const wide_bridge *b, const float *row, int c)
{
    const __m512 said = _mm512_mul_ps(_mm512_loadu_ps(row + c), _mm512_loadu_ps(b->say + c));
    return _mm512_add_ps(said, b->shift);
}

static ALWAYS_INLINE __m512i wide_sum(const wide_bridge *b, const float *row)
{
    __m512i sum = _mm512_castps_si512(wide_give(b, row, 0));
    for (int c = TILE; c < b->n; c += TILE)
        sum = _mm512_add_epi32(sum, _mm512_castps_si512(wide_give(b, row, c)));
    return sum;
}

/* Sums of neighbours, and of neighbours of those, of two rows side by side. */
static ALWAYS_INLINE __m512i wide_pairs(__m512i a, __m512i b)
{
    return _mm512_add_epi32(_mm512_unpacklo_epi32(a, b), _mm512_unpackhi_epi32(a, b));
}

static ALWAYS_INLINE __m512i wide_fours(__m512i a, __m512i b)
{
    return _mm512_add_epi32(_mm512_unpacklo_epi64(a, b), _mm512_unpackhi_epi64(a, b));
}

/* The sums of four rows that are `step` floats apart, side by side in each quarter. */
static ALWAYS_INLINE __m512i wide_totals(const wide_bridge *b, const float *row, long step)
{
    const __m512i low = wide_pairs(wide_sum(b, row), wide_sum(b, row + step));
    const __m512i high = wide_pairs(wide_sum(b, row + 2 * step), wide_sum(b, row + 3 * step));
    __m512i sum = wide_fours(low, high);
    sum = _mm512_add_epi32(sum, _mm512_shuffle_i32x4(sum, sum, 0x4E));
    sum = _mm512_add_epi32(sum, _mm512_shuffle_i32x4(sum, sum, 0xB1));
    return _mm512_sub_epi32(sum, _mm512_set1_epi32((int)(MIX_BIAS * (uint32_t)(b->n - 1))));
}

/* What each hears of `all` (MIX_SHIFT and the sum): less itself, times hear, clipped. */
static ALWAYS_INLINE void wide_hear(const wide_bridge *b, const float *row, __m512i all, float *out)
{
    for (int c = 0; c < b->n; c += TILE) {
        __m512 x = _mm512_sub_ps(_mm512_castsi512_ps(all), wide_give(b, row, c));
        x = _mm512_mul_ps(x, _mm512_loadu_ps(b->hear + c));
        _mm512_storeu_ps(out + c, _mm512_range_ps(x, b->most, 2)); /* the smaller, with x's sign */
    }
}

static ALWAYS_INLINE void wide_rows(const float *pcm, int cstride, int rows, int n, const float *say,
                                    const float *hear, float *out)
{
    const wide_bridge b = {say, hear, _mm512_set1_ps(MIX_SHIFT), _mm512_set1_ps(MIX_MOST), n};
    const long step = cstride;
    int r = 0;
    for (; r + 4 <= rows; r += 4, pcm += 4 * step, out += 4 * step) {
        const __m512i all = wide_totals(&b, pcm, step);
        wide_hear(&b, pcm, _mm512_shuffle_epi32(all, 0x00), out);
        wide_hear(&b, pcm + step, _mm512_shuffle_epi32(all, 0x55), out + step);
        wide_hear(&b, pcm + 2 * step, _mm512_shuffle_epi32(all, 0xAA), out + 2 * step);
        wide_hear(&b, pcm + 3 * step, _mm512_shuffle_epi32(all, 0xFF), out + 3 * step);
    }
    for (; r < rows; r++, pcm += step, out += step)
        wide_hear(&b, pcm, _mm512_shuffle_epi32(wide_totals(&b, pcm, 0), 0x00), out);
}

/* With few tiles the loops over them are unrolled, and what each gave stays in registers. */
void mix_alone_wide(const float *restrict pcm, int cstride, int rows, int n,
                    const float *restrict say, const float *restrict hear, float *restrict out)
{
    if (n == TILE)
        wide_rows(pcm, cstride, rows, TILE, say, hear, out);
    else if (n == 2 * TILE)
        wide_rows(pcm, cstride, rows, 2 * TILE, say, hear, out);
    else
        wide_rows(pcm, cstride, rows, n, say, hear, out);
}
#endif

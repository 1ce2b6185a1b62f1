/* One source, several instruction sets: CLONES before a function makes GCC compile it for plain
 * x86-64, AVX2 and AVX-512 and choose at load time. Elsewhere it is plain C, and
 * so it is with MEDIASERVER_PLAIN, which shows on this machine what others get.
 *
 * FMA contraction is switched off around these functions, so that every processor gives the same
 * bits (CLONES_BEGIN … CLONES_END). With CLONES_FINITE_BEGIN the compiler may also take for granted
 * that there is no NaN, no infinity and no -0, so that a clip is two instructions. */
#ifndef DSP_EXT_CLONES_H
#define DSP_EXT_CLONES_H

#if defined(__GNUC__) && !defined(__clang__) && defined(__x86_64__) && defined(__gnu_linux__) \
    && !defined(MEDIASERVER_PLAIN)
#define HAVE_CLONES
#define CLONES __attribute__((target_clones("avx512f", "avx2", "default")))
#define CLONES_BEGIN _Pragma("GCC push_options") _Pragma("GCC optimize(\"fp-contract=off\")")
#define CLONES_END _Pragma("GCC pop_options")
#define CLONES_FINITE_BEGIN                                                                        \
    CLONES_BEGIN _Pragma("GCC optimize(\"finite-math-only\", \"no-signed-zeros\")")
#else
#define CLONES
#define CLONES_BEGIN
#define CLONES_FINITE_BEGIN
#define CLONES_END
#endif

/* What several clones share must become part of each of them. */
#ifdef __GNUC__
#define ALWAYS_INLINE inline __attribute__((always_inline))
#else
#define ALWAYS_INLINE inline
#endif

#define TILE 16 /* channels: units.LANES */

/* Round to nearest even for |x| < 2^22, without a library call, in every instruction set. */
static inline float round_even(float x)
{
    const float shift = 12582912.0f; /* 1.5 * 2^23 */
    return (x + shift) - shift;
}

#endif

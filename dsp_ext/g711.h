/* Inner loops of the G.711 kernel: arithmetic on the bits of floats, no tables, no branches. */
#ifndef DSP_EXT_G711_H
#define DSP_EXT_G711_H

#include <stdint.h>
#include <string.h>
#include "g711_wide.h"

CLONES_BEGIN

static ALWAYS_INLINE int32_t g711_bits(float x)
{
    int32_t bits;
    memcpy(&bits, &x, sizeof bits);
    return bits;
}

static ALWAYS_INLINE float g711_float(int32_t bits)
{
    float x;
    memcpy(&x, &bits, sizeof x);
    return x;
}

/* Segment and mantissa are the top bits of a float: (bits >> 19) is exponent * 16 + the four
 * mantissa bits. */
static ALWAYS_INLINE int32_t g711_alaw(int32_t v)
{
    int32_t sign = v >> 31; /* all ones below zero: -1 shares a step with -16 */
    int32_t m = v ^ sign;
    int32_t upper = (g711_bits((float)m) >> 19) - ((127 + 7) << 4);
    int32_t code = m < 256 ? m >> 4 : upper;
    return code ^ (0xD5 ^ (sign & 0x80));
}

static ALWAYS_INLINE int32_t g711_ulaw(int32_t v)
{
    int32_t sign = v >> 31;
    int32_t m = ((v ^ sign) - sign) >> 2; /* µ-law sees 14 bits, cut towards zero */
    m = m > 8158 ? 8158 : m;
    int32_t code = (g711_bits((float)(m + 33)) >> 19) - ((127 + 5) << 4);
    return code ^ (0xFF ^ (sign & 0x80));
}

static ALWAYS_INLINE int32_t g711_code(int32_t v, int law)
{
    return law ? g711_ulaw(v) : g711_alaw(v);
}

/* The middle of a step, 2^(segment + 7) * (1 + mantissa / 16 + 1 / 32), less where µ-law's steps
 * begin. A-law's first segment has steps as wide as the second's: there the distance to 256, where
 * the second begins, is twice as long. The octet as a signed number has its sign in all upper bits. */
static ALWAYS_INLINE float g711_value(uint8_t octet, int law)
{
    const int32_t code = (int8_t)(octet ^ (law ? 0xFF : 0xD5)); /* below zero: so is the sample */
    const int32_t middle = ((int32_t)((uint32_t)code << 19) & 0x3F80000) + ((127 + 7) << 23) + (1 << 18);
    const int32_t second = 0x43800000; /* 256.0f */
    const int32_t sign = (int32_t)((uint32_t)code & 0x80000000u);
    const float inside = g711_float(middle < second ? middle : second) - 256.0f;
    if (law)
        return g711_float(middle | sign) - g711_float(0x43040000 | sign); /* 132.0f */
    return g711_float(g711_bits(g711_float(middle) + inside) | sign);
}

/* Rounded and clipped to ±32767, which is in the last step of both laws as -32768 is. The bits of a
 * float without its sign are in the order of its values, infinity and NaN the last. */
static ALWAYS_INLINE int32_t g711_whole(float sample)
{
    const int32_t bits = g711_bits(sample), most = 0x46FFFE00; /* 32767.0f */
    int32_t size = bits & 0x7FFFFFFF;
    size = size < most ? size : most;
    return (int32_t)round_even(g711_float(size | (int32_t)((uint32_t)bits & 0x80000000u)));
}

#define G711_LOOP(BODY)                                                                            \
    if (law)                                                                                       \
        for (long i = 0; i < n; i++) {                                                             \
            enum { LAW = 1 };                                                                      \
            BODY;                                                                                  \
        }                                                                                          \
    else                                                                                           \
        for (long i = 0; i < n; i++) {                                                             \
            enum { LAW = 0 };                                                                      \
            BODY;                                                                                  \
        }

CLONES static void g711_encode_row(const float *restrict pcm, uint8_t *restrict octets, long n,
                                   int law)
{
    G711_LOOP(octets[i] = (uint8_t)g711_code(g711_whole(pcm[i]), LAW))
}

CLONES static void g711_encode_array(const int16_t *restrict samples, uint8_t *restrict octets,
                                     long n, int law)
{
    G711_LOOP(octets[i] = (uint8_t)g711_code(samples[i], LAW))
}

/* Of what the quicker decoders leave, and where there are none. */
static void g711_decode_row(const uint8_t *restrict octets, float *restrict pcm, long n,
                                   int law)
{
    G711_LOOP(pcm[i] = g711_value(octets[i], LAW))
}

static void g711_decode_words(const uint8_t *restrict octets, int16_t *restrict samples, long n,
                              int law)
{
    G711_LOOP(samples[i] = (int16_t)(int32_t)g711_value(octets[i], LAW))
}

CLONES_END

#define G711_WIDTH 512

/* 16 octets: a vector of every x86-64, which no clone makes wider. */
typedef uint8_t g711_octets __attribute__((vector_size(16), aligned(1), may_alias));
#define G711_LOW 0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23
#define G711_HIGH 8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15, 31

/* Turns 16 x 16 octets: out[j * out_step + i] = in[i * in_step + j]. Each of four rounds shuffles
 * the rows of the first half between those of the second. */
static void g711_turn(const uint8_t *in, long in_step, uint8_t *out, long out_step)
{
    g711_octets a[G711_ROWS], b[G711_ROWS];
    for (int i = 0; i < G711_ROWS; i++)
        a[i] = *(const g711_octets *)(in + i * in_step);
    for (int round = 0; round < 2; round++) {
        for (int i = 0; i < 8; i++) {
            b[2 * i] = __builtin_shufflevector(a[i], a[i + 8], G711_LOW);
            b[2 * i + 1] = __builtin_shufflevector(a[i], a[i + 8], G711_HIGH);
        }
        for (int i = 0; i < 8; i++) {
            a[2 * i] = __builtin_shufflevector(b[i], b[i + 8], G711_LOW);
            a[2 * i + 1] = __builtin_shufflevector(b[i], b[i + 8], G711_HIGH);
        }
    }
    for (int i = 0; i < G711_ROWS; i++)
        *(g711_octets *)(out + i * out_step) = a[i];
}

/* octets[c * stride + i] -> pcm[i * cstride + c], in pieces of 16 rows: the octets of up to 512
 * channels are turned, then decoded as they lie. */
static void g711_decode_plain(const uint8_t *octets, int stride, float *pcm, int cstride,
                              int channels, int block, int law)
{
    uint8_t codes[G711_ROWS][G711_WIDTH];
    if (cstride == 1) {
        g711_decode_row(octets, pcm, block, law);
        return;
    }
    for (int first = 0; first < channels; first += G711_WIDTH) {
        int n = channels - first < G711_WIDTH ? channels - first : G711_WIDTH;
        for (int i = 0; i < block; i += G711_ROWS) {
            int rows = block - i < G711_ROWS ? block - i : G711_ROWS;
            const uint8_t *in = octets + (long)first * stride + i;
            int c = 0;
            for (; rows == G711_ROWS && c + TILE <= n; c += TILE)
                g711_turn(in + (long)c * stride, stride, &codes[0][c], G711_WIDTH);
            for (; c < n; c++)
                for (int r = 0; r < rows; r++)
                    codes[r][c] = in[(long)c * stride + r];
            for (int r = 0; r < rows; r++)
                g711_decode_row(codes[r], pcm + (long)(i + r) * cstride + first, n, law);
        }
    }
}

/* The quickest decoders that this processor has. */
static g711_decode_fn g711_decode_best(void)
{
#ifdef HAVE_CLONES
    if (__builtin_cpu_supports("f16c")) {
        if (__builtin_cpu_supports("avx512f"))
            return g711_avx512_decode;
        if (__builtin_cpu_supports("avx2"))
            return g711_avx2_decode;
    }
#endif
    return g711_decode_plain;
}

static g711_decode_array_fn g711_decode_array_best(void)
{
#ifdef HAVE_CLONES
    if (__builtin_cpu_supports("f16c")) {
        if (__builtin_cpu_supports("avx512f"))
            return g711_avx512_decode_array;
        if (__builtin_cpu_supports("avx2"))
            return g711_avx2_decode_array;
    }
#endif
    return g711_decode_words;
}

static void g711_decode(const uint8_t *octets, int stride, float *pcm, int cstride, int channels,
                        int block, int law)
{
    const int whole = block / G711_ROWS * G711_ROWS;
    g711_decode_best()(octets, stride, pcm, cstride, channels, whole, law);
    if (whole < block)
        g711_decode_plain(octets + whole, stride, pcm + (long)whole * cstride, cstride, channels,
                          block - whole, law);
}

static void g711_decode_array(const uint8_t *octets, int16_t *samples, long n, int law)
{
    const long whole = n / G711_ROWS * G711_ROWS;
    g711_decode_array_best()(octets, samples, whole, law);
    g711_decode_words(octets + whole, samples + whole, n - whole, law);
}

/* pcm[i * cstride + c] -> octets[c * stride + i]: rows are encoded as they lie, what pads them to
 * whole lanes included, then turned in pieces of 16 rows, so that each channel's octets are written
 * in runs. */
static void g711_encode(const float *pcm, int cstride, uint8_t *octets, int stride, int channels,
                        int block, int law)
{
    uint8_t codes[G711_ROWS][G711_WIDTH];
    if (cstride == 1) {
        g711_encode_row(pcm, octets, block, law);
        return;
    }
    for (int first = 0; first < channels; first += G711_WIDTH) {
        int n = channels - first < G711_WIDTH ? channels - first : G711_WIDTH;
        int width = cstride - first < G711_WIDTH ? cstride - first : G711_WIDTH;
        for (int i = 0; i < block; i += G711_ROWS) {
            int rows = block - i < G711_ROWS ? block - i : G711_ROWS;
            uint8_t *out = octets + (long)first * stride + i;
            int c = 0;
            for (int r = 0; r < rows; r++)
                g711_encode_row(pcm + (long)(i + r) * cstride + first, codes[r], width, law);
            for (; rows == G711_ROWS && c + TILE <= n; c += TILE)
                g711_turn(&codes[0][c], G711_WIDTH, out + (long)c * stride, stride);
            for (; c < n; c++)
                for (int r = 0; r < rows; r++)
                    out[(long)c * stride + r] = codes[r][c];
        }
    }
}

#endif

/* Inner loops of the G.711 kernel. */
#ifndef DSP_EXT_G711_H
#define DSP_EXT_G711_H

#include <stdint.h>
#include <string.h>
#include "clones.h"

CLONES_BEGIN

/* octets[c * stride + i] -> pcm[i * cstride + c]: a table look-up that transposes, one cache line
 * of pcm at a time. */
static void g711_decode(const float *table, const uint8_t *octets, int stride, float *pcm,
                        int cstride, int channels, int block)
{
    int first = 0;
    for (; first + TILE <= channels; first += TILE) {
        const uint8_t *in = octets + (long)first * stride;
        float *out = pcm + first;
        for (int i = 0; i < block; i++, in++, out += cstride)
            for (int c = 0; c < TILE; c++)
                out[c] = table[in[(long)c * stride]];
    }
    for (int i = 0; i < block; i++)
        for (int c = first; c < channels; c++)
            pcm[(long)i * cstride + c] = table[octets[(long)c * stride + i]];
}

static inline int32_t g711_float_bits(float x)
{
    int32_t bits;
    memcpy(&bits, &x, sizeof bits);
    return bits;
}

/* Segment and mantissa are the top bits of a float: (bits >> 19) is exponent * 16 + the four
 * mantissa bits. NaN becomes silence or the largest sample, never undefined. */
static inline int32_t g711_alaw(float sample)
{
    float x = sample < 32767.0f ? sample : 32767.0f;
    x = x > -32768.0f ? x : -32768.0f;
    int32_t v = (int32_t)round_even(x);
    int32_t sign = v >> 31; /* all ones below zero: -1 shares a step with -16 */
    int32_t m = v ^ sign;
    int32_t upper = (g711_float_bits((float)m) >> 19) - ((127 + 7) << 4);
    int32_t code = m < 256 ? m >> 4 : upper;
    return code ^ (0xD5 ^ (sign & 0x80));
}

static inline int32_t g711_ulaw(float sample)
{
    float x = sample < 32767.0f ? sample : 32767.0f;
    x = x > -32768.0f ? x : -32768.0f;
    int32_t v = (int32_t)round_even(x);
    int32_t sign = v >> 31;
    int32_t m = ((v ^ sign) - sign) >> 2; /* µ-law sees 14 bits, cut towards zero */
    m = m > 8158 ? 8158 : m;
    int32_t code = (g711_float_bits((float)(m + 33)) >> 19) - ((127 + 5) << 4);
    return code ^ (0xFF ^ (sign & 0x80));
}

CLONES static void g711_alaw_row(const float *restrict pcm, uint8_t *restrict codes, int n)
{
    for (int c = 0; c < n; c++)
        codes[c] = (uint8_t)g711_alaw(pcm[c]);
}

CLONES static void g711_ulaw_row(const float *restrict pcm, uint8_t *restrict codes, int n)
{
    for (int c = 0; c < n; c++)
        codes[c] = (uint8_t)g711_ulaw(pcm[c]);
}

CLONES_END

#define G711_ROWS 16
#define G711_WIDTH 512

/* pcm[i * cstride + c] -> octets[c * stride + i]: rows are encoded as they lie, what pads them to
 * whole lanes included, then turned in pieces of 16 rows, so that each channel's octets are written
 * in runs. */
static void g711_encode(const float *pcm, int cstride, uint8_t *octets, int stride, int channels,
                        int block, int law)
{
    uint8_t codes[G711_ROWS][G711_WIDTH];
    for (int first = 0; first < channels; first += G711_WIDTH) {
        int n = channels - first < G711_WIDTH ? channels - first : G711_WIDTH;
        int width = cstride - first < G711_WIDTH ? cstride - first : G711_WIDTH;
        for (int i = 0; i < block; i += G711_ROWS) {
            int rows = block - i < G711_ROWS ? block - i : G711_ROWS;
            for (int r = 0; r < rows; r++) {
                const float *row = pcm + (long)(i + r) * cstride + first;
                if (law)
                    g711_ulaw_row(row, codes[r], width);
                else
                    g711_alaw_row(row, codes[r], width);
            }
            for (int c = 0; c < n; c++) {
                uint8_t *out = octets + (long)(first + c) * stride + i;
                for (int r = 0; r < rows; r++)
                    out[r] = codes[r][c];
            }
        }
    }
}

#endif

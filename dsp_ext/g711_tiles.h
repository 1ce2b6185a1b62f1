/* Decoding with the processor's conversion of half floats: a template, compiled for one instruction
 * set by wide/g711.c.
 *
 * An octet of A-law is such a float already: sign, exponent and mantissa, whose first segment has no
 * leading one, as the format's smallest numbers have none. Its bits are put in place, with the one
 * that stands for the middle of a step, and multiplied by 2^22. µ-law's segments all have a leading
 * one and are too large by 132: there the exponent gets what makes it the number's own.
 *
 * The includer defines G711_NAME(what) and, for 16 octets, G711_NAME(put)(halves, law, out),
 * G711_NAME(put_some)(halves, law, n, out) for the first n, G711_NAME(put_words) to int16. Octets come
 * in multiples of 16 here. */

/* out = the octets' values, one after another. */
static ALWAYS_INLINE void G711_NAME(line)(const uint8_t *octets, float *out, long n, int law)
{
    for (long i = 0; i < n; i += G711_ROWS)
        G711_NAME(put)(g711_halves(_mm_loadu_si128((const void *)(octets + i)), law), law, out + i);
}

static ALWAYS_INLINE void G711_NAME(words)(const uint8_t *octets, int16_t *out, long n, int law)
{
    for (long i = 0; i < n; i += G711_ROWS)
        G711_NAME(put_words)(g711_halves(_mm_loadu_si128((const void *)(octets + i)), law), law,
                             out + i);
}

/* 16 octets of each of n channels: turned, then decoded from where they are. */
static ALWAYS_INLINE void G711_NAME(tile)(const uint8_t *octets, long stride, float *pcm,
                                          long cstride, int n, int law)
{
    __m128i rows[G711_ROWS];
    for (int c = 0; c < G711_ROWS; c++)
        rows[c] = _mm_loadu_si128((const void *)(octets + (c < n ? c : n - 1) * stride));
    g711_turn_rows(rows);
    for (int i = 0; i < G711_ROWS; i++) {
        const __m256i halves = g711_halves(rows[i], law);
        if (n == TILE)
            G711_NAME(put)(halves, law, pcm + i * cstride);
        else
            G711_NAME(put_some)(halves, law, n, pcm + i * cstride);
    }
}

static ALWAYS_INLINE void G711_NAME(tiles)(const uint8_t *octets, long stride, float *pcm,
                                           long cstride, int channels, int block, int law)
{
    for (int i = 0; i < block; i += G711_ROWS) {
        const uint8_t *in = octets + i;
        float *out = pcm + i * cstride;
        int c = 0;
        for (; c + TILE <= channels; c += TILE)
            G711_NAME(tile)(in + c * stride, stride, out + c, cstride, TILE, law);
        if (c < channels)
            G711_NAME(tile)(in + c * stride, stride, out + c, cstride, channels - c, law);
    }
}

/* One loop for each law, in which it is a constant. */
void G711_NAME(decode)(const uint8_t *octets, int stride, float *pcm, int cstride, int channels,
                       int block, int law)
{
    if (cstride == 1 && law)
        G711_NAME(line)(octets, pcm, block, 1);
    else if (cstride == 1)
        G711_NAME(line)(octets, pcm, block, 0);
    else if (law)
        G711_NAME(tiles)(octets, stride, pcm, cstride, channels, block, 1);
    else
        G711_NAME(tiles)(octets, stride, pcm, cstride, channels, block, 0);
}

void G711_NAME(decode_array)(const uint8_t *octets, int16_t *samples, long n, int law)
{
    if (law)
        G711_NAME(words)(octets, samples, n, 1);
    else
        G711_NAME(words)(octets, samples, n, 0);
}

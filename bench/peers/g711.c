/*
 * The peer of the G.711 benches: libspandsp's coders, one call for each channel and frame, in C.
 * Octets and samples are [channels][samples], taken in frames of 160.
 */
#include <stdint.h>

#include <spandsp.h>

#define FRAME 160

static void g711_peer_encode(const int16_t *pcm, uint8_t *octets, long samples, int ulaw)
{
    g711_state_t *s = g711_init(NULL, ulaw ? G711_ULAW : G711_ALAW);
    long i;

    for (i = 0; i + FRAME <= samples; i += FRAME)
        g711_encode(s, octets + i, pcm + i, FRAME);
    g711_free(s);
}

static void g711_peer_decode(const uint8_t *octets, int16_t *pcm, long samples, int ulaw)
{
    g711_state_t *s = g711_init(NULL, ulaw ? G711_ULAW : G711_ALAW);
    long i;

    for (i = 0; i + FRAME <= samples; i += FRAME)
        g711_decode(s, pcm + i, octets + i, FRAME);
    g711_free(s);
}

/*
 * The peer of the caller ID bench: libspandsp's receiver, one for each channel, in C.
 */
#include <stdint.h>
#include <stdlib.h>

#include <spandsp.h>

typedef struct
{
    int channels;
    adsi_rx_state_t **receivers;
    int64_t messages;
} fsk_peer_t;

static void fsk_peer_on_message(void *user, const uint8_t *message, int length)
{
    (void) message;
    (void) length;
    ((fsk_peer_t *) user)->messages++;
}

static fsk_peer_t *fsk_peer_new(int channels)
{
    fsk_peer_t *p = calloc(1, sizeof(*p));
    int c;

    p->channels = channels;
    p->receivers = calloc(channels, sizeof(*p->receivers));
    for (c = 0; c < channels; c++)
        p->receivers[c] = adsi_rx_init(NULL, ADSI_STANDARD_CLASS, fsk_peer_on_message, p);
    return p;
}

static void fsk_peer_free(fsk_peer_t *p)
{
    int c;

    for (c = 0; c < p->channels; c++)
        adsi_rx_free(p->receivers[c]);
    free(p->receivers);
    free(p);
}

/* `heard`: [channels][samples], taken in frames of 160; -> messages found so far. */
static int64_t fsk_peer_run(fsk_peer_t *p, const int16_t *heard, int samples)
{
    int c;
    int i;

    for (i = 0; i + 160 <= samples; i += 160)
        for (c = 0; c < p->channels; c++)
            adsi_rx(p->receivers[c], heard + (size_t) c * samples + i, 160);
    return p->messages;
}

/*
 * The peer of the HDLC bench: libspandsp's framers and deframers, one for each time slot, in C.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <spandsp.h>

typedef struct
{
    int channels;
    hdlc_rx_state_t **receivers;
    hdlc_tx_state_t **senders;
    int64_t frames;
    uint8_t *store; /* the frames that came: length in two octets, octets */
    int used;
    int room;
} hdlc_peer_t;

static void hdlc_peer_on_frame(void *user, const uint8_t *octets, int length, int good)
{
    hdlc_peer_t *p = user;

    if (length <= 0 || !good)
        return;
    p->frames++;
    if (p->used + length + 2 > p->room)
        return;
    p->store[p->used] = length & 0xFF;
    p->store[p->used + 1] = length >> 8;
    memcpy(p->store + p->used + 2, octets, length);
    p->used += length + 2;
}

static hdlc_peer_t *hdlc_peer_new(int channels, int room)
{
    hdlc_peer_t *p = calloc(1, sizeof(*p));
    int c;

    p->channels = channels;
    p->room = room;
    p->store = malloc(room + 1);
    p->receivers = calloc(channels, sizeof(*p->receivers));
    p->senders = calloc(channels, sizeof(*p->senders));
    for (c = 0; c < channels; c++)
    {
        p->receivers[c] = hdlc_rx_init(NULL, FALSE, FALSE, 1, hdlc_peer_on_frame, p);
        p->senders[c] = hdlc_tx_init(NULL, FALSE, 1, FALSE, NULL, NULL);
        hdlc_tx_flags(p->senders[c], 2);
    }
    return p;
}

static void hdlc_peer_free(hdlc_peer_t *p)
{
    int c;

    for (c = 0; c < p->channels; c++)
    {
        hdlc_rx_free(p->receivers[c]);
        hdlc_tx_free(p->senders[c]);
    }
    free(p->receivers);
    free(p->senders);
    free(p->store);
    free(p);
}

/* `heard`: [channels][octets], taken 160 at a time; -> frames found so far. */
static int64_t hdlc_peer_hear(hdlc_peer_t *p, const uint8_t *heard, int octets)
{
    int c;
    int i;
    int n;

    for (i = 0; i < octets; i += 160)
        for (c = 0; c < p->channels; c++)
        {
            n = octets - i < 160 ? octets - i : 160;
            hdlc_rx_put(p->receivers[c], heard + (size_t) c * octets + i, n);
        }
    return p->frames;
}

/* Sends the frame `times` times on every channel, and flags: `sent` is [channels][octets]. */
static void hdlc_peer_send(hdlc_peer_t *p, const uint8_t *frame, int length, int times,
                           uint8_t *sent, int octets)
{
    int c;
    int i;
    int at;
    int got;

    for (c = 0; c < p->channels; c++)
    {
        for (i = 0, at = 0; i < times && at < octets; i++)
        {
            hdlc_tx_frame(p->senders[c], frame, length);
            got = octets / times < octets - at ? octets / times : octets - at;
            got = hdlc_tx_get(p->senders[c], sent + (size_t) c * octets + at, got);
            at += got;
        }
        while (at < octets)
            sent[(size_t) c * octets + at++] = (uint8_t) hdlc_tx_get_byte(p->senders[c]);
    }
}

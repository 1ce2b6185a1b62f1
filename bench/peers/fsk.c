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

typedef struct
{
    uint8_t *store;
    int used;
    int room;
} fsk_log_t;

static void fsk_peer_keep(void *user, const uint8_t *message, int length)
{
    fsk_log_t *log = user;
    int i;

    if (length <= 0 || log->used + length + 2 > log->room)
        return;
    log->store[log->used++] = length & 0xFF;
    log->store[log->used++] = length >> 8;
    for (i = 0; i < length; i++)
        log->store[log->used++] = message[i];
}

/* One receiver hears a line: its messages, each after two octets of length; -> octets used. */
static int fsk_peer_listen(int v23, const int16_t *heard, int samples, uint8_t *store, int room)
{
    fsk_log_t log = {store, 0, room};
    adsi_rx_state_t *receiver =
        adsi_rx_init(NULL, v23 ? ADSI_STANDARD_CLIP : ADSI_STANDARD_CLASS, fsk_peer_keep, &log);

    adsi_rx(receiver, heard, samples);
    adsi_rx_free(receiver);
    return log.used;
}

/*
 * The peer of the MF-R2 bench: libspandsp's receiver, one for each channel, in C.
 */
#include <stdint.h>
#include <stdlib.h>

#include <spandsp.h>

typedef struct
{
    int channels;
    r2_mf_rx_state_t **receivers;
    int64_t signals;
} mfr2_peer_t;

static void mfr2_peer_on_signal(void *user, int code, int level, int delay)
{
    (void) level;
    (void) delay;
    if (code)
        ((mfr2_peer_t *) user)->signals++;
}

static mfr2_peer_t *mfr2_peer_new(int channels)
{
    mfr2_peer_t *p = calloc(1, sizeof(*p));
    int c;

    p->channels = channels;
    p->receivers = calloc(channels, sizeof(*p->receivers));
    for (c = 0; c < channels; c++)
        p->receivers[c] = r2_mf_rx_init(NULL, TRUE, mfr2_peer_on_signal, p);
    return p;
}

static void mfr2_peer_free(mfr2_peer_t *p)
{
    int c;

    for (c = 0; c < p->channels; c++)
        r2_mf_rx_free(p->receivers[c]);
    free(p->receivers);
    free(p);
}

/* `heard`: [channels][samples], taken in frames of 160; -> signals found so far. */
static int64_t mfr2_peer_run(mfr2_peer_t *p, const int16_t *heard, int samples)
{
    int c;
    int i;

    for (i = 0; i + 160 <= samples; i += 160)
        for (c = 0; c < p->channels; c++)
            r2_mf_rx(p->receivers[c], heard + (size_t) c * samples + i, 160);
    return p->signals;
}

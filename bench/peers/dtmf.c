/*
 * The peer of the DTMF benches: libspandsp's receiver, one for each channel, in C.
 */
#include <stdint.h>
#include <stdlib.h>

#include <spandsp.h>

typedef struct
{
    int channels;
    dtmf_rx_state_t **receivers;
    int64_t digits;
} dtmf_peer_t;

typedef struct
{
    char *out;
    int found;
    int most;
} dtmf_peer_string_t;

static void dtmf_peer_on_digits(void *user, const char *digits, int len)
{
    (void) digits;
    ((dtmf_peer_t *) user)->digits += len;
}

static dtmf_peer_t *dtmf_peer_new(int channels)
{
    dtmf_peer_t *p = calloc(1, sizeof(*p));
    int c;

    p->channels = channels;
    p->receivers = calloc(channels, sizeof(*p->receivers));
    for (c = 0; c < channels; c++)
        p->receivers[c] = dtmf_rx_init(NULL, dtmf_peer_on_digits, p);
    return p;
}

static void dtmf_peer_free(dtmf_peer_t *p)
{
    int c;

    for (c = 0; c < p->channels; c++)
        dtmf_rx_free(p->receivers[c]);
    free(p->receivers);
    free(p);
}

/* `heard`: [channels][samples], taken in frames of 160; -> digits found so far. */
static int64_t dtmf_peer_run(dtmf_peer_t *p, const int16_t *heard, int samples)
{
    int c;
    int i;

    for (i = 0; i + 160 <= samples; i += 160)
        for (c = 0; c < p->channels; c++)
            dtmf_rx(p->receivers[c], heard + (size_t) c * samples + i, 160);
    return p->digits;
}

static void dtmf_peer_on_string(void *user, const char *digits, int len)
{
    dtmf_peer_string_t *s = user;
    int i;

    for (i = 0; i < len && s->found < s->most; i++)
        s->out[s->found++] = digits[i];
}

/* One recording by a fresh receiver; -> digits written to `out`. */
static int dtmf_peer_decode(const int16_t *heard, int samples, int filter_dialtone, char *out,
                            int most)
{
    dtmf_peer_string_t s = {out, 0, most};
    dtmf_rx_state_t *receiver = dtmf_rx_init(NULL, dtmf_peer_on_string, &s);
    int i;

    dtmf_rx_parms(receiver, filter_dialtone, -1.0f, -1.0f, -99.0f);
    for (i = 0; i < samples; i += 160)
        dtmf_rx(receiver, heard + i, samples - i < 160 ? samples - i : 160);
    dtmf_rx_free(receiver);
    return s.found;
}

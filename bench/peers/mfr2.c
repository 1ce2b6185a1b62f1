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

typedef struct
{
    int now;
    int told;
    int most;
    int *codes;
    int *at;
} mfr2_log_t;

static void mfr2_peer_on_change(void *user, int code, int level, int delay)
{
    mfr2_log_t *log = user;

    (void) level;
    (void) delay;
    if (log->told >= log->most)
        return;
    log->codes[log->told] = code;
    log->at[log->told] = log->now;
    log->told++;
}

/* One receiver hears a line, 8 samples at a time: what it told (0 at a signal's end) after how many
 * samples; -> how often. */
static int mfr2_peer_listen(int forward, const int16_t *heard, int samples, int *codes, int *at,
                            int most)
{
    mfr2_log_t log = {0, 0, most, codes, at};
    r2_mf_rx_state_t *receiver = r2_mf_rx_init(NULL, forward, mfr2_peer_on_change, &log);
    int n;

    while (log.now < samples)
    {
        n = samples - log.now < 8 ? samples - log.now : 8;
        log.now += n;
        r2_mf_rx(receiver, heard + log.now - n, n);
    }
    r2_mf_rx_free(receiver);
    return log.told;
}

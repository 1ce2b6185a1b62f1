/*
 * The peer of the chain bench: what a call's audio goes through, line by line, in C, with libspandsp's
 * and libspeexdsp's own functions: A-law decode by table, echo canceller, power meter, DTMF receiver,
 * supervisory tone detector, a conference of three, A-law encode. Frames of 20 ms, as libspeexdsp
 * likes them.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <spandsp.h>
#include <speex/speex_echo.h>

#define CHAIN_FRAME 160
#define CHAIN_PARTIES 3

typedef struct
{
    int channels;
    int16_t decode[256];
    SpeexEchoState **echo;
    power_meter_t **level;
    dtmf_rx_state_t **dtmf;
    super_tone_rx_descriptor_t *plan;
    super_tone_rx_state_t **progress;
    const uint8_t *line; /* [line_frames][channels][CHAIN_FRAME], read in a circle */
    int line_frames;
    int line_at;
    uint8_t *rx;  /* [channels][CHAIN_FRAME] */
    uint8_t *tx;  /* [channels][CHAIN_FRAME] */
    int16_t *in;  /* [channels][CHAIN_FRAME] */
    int32_t *sum; /* [channels / CHAIN_PARTIES][CHAIN_FRAME] */
    int64_t digits;
} chain_peer_t;

static void chain_on_digit(void *user, int code, int level, int delay)
{
    (void) level;
    (void) delay;
    if (code)
        ((chain_peer_t *) user)->digits++;
}

static void chain_on_tone(void *user, int code, int level, int delay)
{
    (void) user;
    (void) code;
    (void) level;
    (void) delay;
}

static void chain_cadence(super_tone_rx_descriptor_t *plan, int on, int off)
{
    int tone = super_tone_rx_add_tone(plan);

    super_tone_rx_add_element(plan, tone, 450, 0, on * 8 / 10, on * 12 / 10);
    super_tone_rx_add_element(plan, tone, -1, -1, off * 8 / 10, off * 12 / 10);
}

/* channels: a multiple of CHAIN_PARTIES; the line is the caller's. */
static chain_peer_t *chain_peer_new(int channels, int taps, const uint8_t *line, int line_frames)
{
    chain_peer_t *p = calloc(1, sizeof(*p));
    int rate = 8000;
    int c;

    p->channels = channels;
    p->line = line;
    p->line_frames = line_frames;
    p->echo = calloc(channels, sizeof(*p->echo));
    p->level = calloc(channels, sizeof(*p->level));
    p->dtmf = calloc(channels, sizeof(*p->dtmf));
    p->progress = calloc(channels, sizeof(*p->progress));
    p->rx = calloc(channels, CHAIN_FRAME);
    p->tx = calloc(channels, CHAIN_FRAME);
    p->in = calloc((size_t) channels * CHAIN_FRAME, sizeof(*p->in));
    p->sum = calloc((size_t) channels * CHAIN_FRAME, sizeof(*p->sum));
    p->plan = super_tone_rx_make_descriptor(NULL);
    super_tone_rx_add_element(p->plan, super_tone_rx_add_tone(p->plan), 450, 0, 1000, 0);
    chain_cadence(p->plan, 1000, 4000);
    chain_cadence(p->plan, 350, 350);
    chain_cadence(p->plan, 700, 700);
    for (c = 0; c < 256; c++)
        p->decode[c] = alaw_to_linear((uint8_t) c);
    for (c = 0; c < channels; c++)
    {
        p->echo[c] = speex_echo_state_init(CHAIN_FRAME, taps);
        speex_echo_ctl(p->echo[c], SPEEX_ECHO_SET_SAMPLING_RATE, &rate);
        p->level[c] = power_meter_init(NULL, 7);
        p->dtmf[c] = dtmf_rx_init(NULL, NULL, NULL);
        dtmf_rx_set_realtime_callback(p->dtmf[c], chain_on_digit, p);
        p->progress[c] = super_tone_rx_init(NULL, p->plan, chain_on_tone, p);
    }
    memset(p->tx, 0xD5, (size_t) channels * CHAIN_FRAME);
    return p;
}

static void chain_peer_free(chain_peer_t *p)
{
    int c;

    for (c = 0; c < p->channels; c++)
    {
        speex_echo_state_destroy(p->echo[c]);
        power_meter_free(p->level[c]);
        dtmf_rx_free(p->dtmf[c]);
        super_tone_rx_free(p->progress[c]);
    }
    super_tone_rx_free_descriptor(p->plan);
    free(p->echo);
    free(p->level);
    free(p->dtmf);
    free(p->progress);
    free(p->rx);
    free(p->tx);
    free(p->in);
    free(p->sum);
    free(p);
}

static int16_t chain_clip(int32_t value)
{
    return value > INT16_MAX ? INT16_MAX : value < INT16_MIN ? INT16_MIN : (int16_t) value;
}

/* The line's next frame, with the echo of what was sent 10 dB below it: not part of the chain. */
static void chain_peer_line(chain_peer_t *p)
{
    size_t octets = (size_t) p->channels * CHAIN_FRAME;
    const uint8_t *line = p->line + p->line_at * octets;
    size_t i;

    p->line_at = (p->line_at + 1) % p->line_frames;
    for (i = 0; i < octets; i++)
        p->rx[i] = linear_to_alaw(chain_clip(p->decode[line[i]] + p->decode[p->tx[i]] * 10 / 32));
}

static void chain_hear(chain_peer_t *p, int c)
{
    int16_t *in = p->in + (size_t) c * CHAIN_FRAME;
    const uint8_t *rx = p->rx + (size_t) c * CHAIN_FRAME;
    const uint8_t *tx = p->tx + (size_t) c * CHAIN_FRAME;
    int32_t *sum = p->sum + (size_t) (c / CHAIN_PARTIES) * CHAIN_FRAME;
    int16_t heard[CHAIN_FRAME];
    int16_t sent[CHAIN_FRAME];
    int i;

    for (i = 0; i < CHAIN_FRAME; i++)
        heard[i] = p->decode[rx[i]];
    for (i = 0; i < CHAIN_FRAME; i++)
        sent[i] = p->decode[tx[i]];
    speex_echo_cancellation(p->echo[c], heard, sent, in);
    for (i = 0; i < CHAIN_FRAME; i++)
        power_meter_update(p->level[c], in[i]);
    dtmf_rx(p->dtmf[c], in, CHAIN_FRAME);
    super_tone_rx(p->progress[c], in, CHAIN_FRAME);
    for (i = 0; i < CHAIN_FRAME; i++)
        sum[i] += in[i];
}

/* The frame through the chain of all channels; -> digits found so far. */
static int64_t chain_peer_tick(chain_peer_t *p)
{
    int c;
    int i;

    memset(p->sum, 0, (size_t) p->channels / CHAIN_PARTIES * CHAIN_FRAME * sizeof(*p->sum));
    for (c = 0; c < p->channels; c++)
        chain_hear(p, c);
    for (c = 0; c < p->channels; c++)
    {
        const int16_t *in = p->in + (size_t) c * CHAIN_FRAME;
        const int32_t *sum = p->sum + (size_t) (c / CHAIN_PARTIES) * CHAIN_FRAME;
        uint8_t *tx = p->tx + (size_t) c * CHAIN_FRAME;

        for (i = 0; i < CHAIN_FRAME; i++)
            tx[i] = linear_to_alaw(chain_clip(sum[i] - in[i]));
    }
    return p->digits;
}

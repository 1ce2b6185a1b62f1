/*
 * The peer of the tick bench: what one block costs when each channel is done for itself, in C, with
 * libspandsp's own functions.  Per channel: A-law decode by table, power meter, DTMF receiver, mixed
 * into its bridge, player, feed and tone added, A-law encode, copied for its tap.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <spandsp.h>

typedef struct
{
    int channels;
    int block;
    int16_t decode[256];
    dtmf_rx_state_t **dtmf;
    power_meter_t **level;
    tone_gen_descriptor_t *tone;
    tone_gen_state_t **tones;
    int *bridge_of;
    int16_t *music; /* every player's, each from a place of its own */
    int music_length;
    int *music_at;
    int16_t *feeds; /* [channels][fed], read in a circle */
    int fed;
    int fed_at;
    const uint8_t *line; /* [line_blocks][channels][block], read in a circle */
    int line_blocks;
    int line_at;
    uint8_t *rx;   /* [channels][block] */
    uint8_t *tx;   /* [channels][block] */
    int16_t *in;   /* [channels][block] */
    int32_t *sums; /* [channels][block], by bridge */
    uint8_t *tap;  /* [channels][2 * block] */
    int64_t digits;
} peer_t;

static void on_digit(void *user, int code, int level, int delay)
{
    (void) level;
    (void) delay;
    if (code)
        ((peer_t *) user)->digits++;
}

static void peer_free(peer_t *p)
{
    int c;

    for (c = 0; c < p->channels; c++)
    {
        dtmf_rx_free(p->dtmf[c]);
        power_meter_free(p->level[c]);
        tone_gen_free(p->tones[c]);
    }
    tone_gen_descriptor_free(p->tone);
    free(p->dtmf);
    free(p->level);
    free(p->tones);
    free(p->bridge_of);
    free(p->music);
    free(p->music_at);
    free(p->feeds);
    free(p->rx);
    free(p->tx);
    free(p->in);
    free(p->sums);
    free(p->tap);
    free(p);
}

/* bridges: of each channel; fed: samples in each feed's circle, whole blocks; the line is the
 * caller's. */
static peer_t *peer_new(int channels, int block, const int32_t *bridges, const int16_t *music,
                        int music_length, int fed, const uint8_t *line, int line_blocks)
{
    peer_t *p = calloc(1, sizeof(*p));
    int c;

    p->channels = channels;
    p->block = block;
    p->dtmf = calloc(channels, sizeof(*p->dtmf));
    p->level = calloc(channels, sizeof(*p->level));
    p->tones = calloc(channels, sizeof(*p->tones));
    p->bridge_of = calloc(channels, sizeof(*p->bridge_of));
    p->music_at = calloc(channels, sizeof(*p->music_at));
    p->feeds = calloc((size_t) channels * fed, sizeof(*p->feeds));
    for (c = 0; c < channels * fed; c++)
        p->feeds[c] = music[c % music_length];
    p->fed = fed;
    p->rx = calloc(channels, block);
    p->tx = calloc(channels, block);
    p->in = calloc((size_t) channels * block, sizeof(*p->in));
    p->sums = calloc((size_t) channels * block, sizeof(*p->sums));
    p->tap = calloc(channels, 2 * (size_t) block);
    p->music = malloc(music_length * sizeof(*music));
    memcpy(p->music, music, music_length * sizeof(*music));
    p->music_length = music_length;
    p->line = line;
    p->line_blocks = line_blocks;
    p->tone = tone_gen_descriptor_init(NULL, 450, -10, 0, 0, 1000, 0, 0, 0, TRUE);
    for (c = 0; c < 256; c++)
        p->decode[c] = alaw_to_linear((uint8_t) c);
    for (c = 0; c < channels; c++)
    {
        p->dtmf[c] = dtmf_rx_init(NULL, NULL, NULL);
        dtmf_rx_set_realtime_callback(p->dtmf[c], on_digit, p);
        p->level[c] = power_meter_init(NULL, 7);
        p->bridge_of[c] = bridges[c];
        p->tones[c] = tone_gen_init(NULL, p->tone);
        p->music_at[c] = (int) ((int64_t) c * music_length / channels);
    }
    return p;
}

static int16_t clip(int32_t value)
{
    return value > INT16_MAX ? INT16_MAX : value < INT16_MIN ? INT16_MIN : (int16_t) value;
}

static void hear(peer_t *p, int c)
{
    int16_t *in = p->in + (size_t) c * p->block;
    const uint8_t *rx = p->rx + (size_t) c * p->block;
    int32_t *sum = p->sums + (size_t) p->bridge_of[c] * p->block;
    int i;

    for (i = 0; i < p->block; i++)
        in[i] = p->decode[rx[i]];
    for (i = 0; i < p->block; i++)
        power_meter_update(p->level[c], in[i]);
    dtmf_rx(p->dtmf[c], in, p->block);
    for (i = 0; i < p->block; i++)
        sum[i] += in[i];
}

static void say(peer_t *p, int c)
{
    const int16_t *in = p->in + (size_t) c * p->block;
    const uint8_t *rx = p->rx + (size_t) c * p->block;
    const int16_t *feed = p->feeds + (size_t) c * p->fed + p->fed_at;
    const int32_t *sum = p->sums + (size_t) p->bridge_of[c] * p->block;
    uint8_t *tx = p->tx + (size_t) c * p->block;
    uint8_t *tap = p->tap + (size_t) c * 2 * p->block;
    int16_t tone[1024];
    int32_t out[1024];
    int made;
    int i;

    for (i = 0; i < p->block; i++)
        out[i] = sum[i] - in[i] + feed[i];
    for (i = 0; i < p->block; i++)
    {
        out[i] += p->music[p->music_at[c]];
        if (++p->music_at[c] == p->music_length)
            p->music_at[c] = 0;
    }
    made = tone_gen(p->tones[c], tone, p->block);
    for (i = 0; i < made; i++)
        out[i] += tone[i];
    for (i = 0; i < p->block; i++)
        tx[i] = linear_to_alaw(clip(out[i]));
    for (i = 0; i < p->block; i++)
    {
        tap[2 * i] = rx[i];
        tap[2 * i + 1] = tx[i];
    }
}

/* `ticks` blocks over all channels; -> digits found so far. */
static int64_t peer_run(peer_t *p, int ticks)
{
    size_t octets = (size_t) p->channels * p->block;
    int t;
    int c;

    for (t = 0; t < ticks; t++)
    {
        memcpy(p->rx, p->line + p->line_at * octets, octets);
        p->line_at = (p->line_at + 1) % p->line_blocks;
        memset(p->sums, 0, octets * sizeof(*p->sums));
        for (c = 0; c < p->channels; c++)
            hear(p, c);
        for (c = 0; c < p->channels; c++)
            say(p, c);
        p->fed_at = (p->fed_at + p->block) % p->fed;
    }
    return p->digits;
}

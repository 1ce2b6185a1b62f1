/* Peers of the mixer, level, gain control, voice detector, concealer and resampler: each channel for
 * itself, in C. `pcm` is [channels][samples], taken in frames of 160. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <spandsp.h>
#include <speex/speex_preprocess.h>
#include <speex/speex_resampler.h>

#define FRAME 160

typedef struct {
    int channels;
    power_meter_t **meter;
    SpeexPreprocessState **voice;
    plc_state_t **conceal;
    SpeexResamplerState **resample;
    int64_t told;
} media_peer_t;

static void media_peer_free(media_peer_t *p)
{
    for (int c = 0; c < p->channels; c++) {
        if (p->meter)
            power_meter_free(p->meter[c]);
        if (p->voice)
            speex_preprocess_state_destroy(p->voice[c]);
        if (p->conceal)
            plc_free(p->conceal[c]);
        if (p->resample)
            speex_resampler_destroy(p->resample[c]);
    }
    free(p->meter);
    free(p->voice);
    free(p->conceal);
    free(p->resample);
    free(p);
}

static media_peer_t *peer_of(int channels)
{
    media_peer_t *p = calloc(1, sizeof *p);
    p->channels = channels;
    return p;
}

static media_peer_t *level_peer_new(int channels)
{
    media_peer_t *p = peer_of(channels);
    p->meter = calloc((size_t)channels, sizeof *p->meter);
    for (int c = 0; c < channels; c++)
        p->meter[c] = power_meter_init(NULL, 7);
    return p;
}

static void level_peer_run(media_peer_t *p, const int16_t *pcm, int samples)
{
    for (int c = 0; c < p->channels; c++)
        for (int i = 0; i < samples; i++)
            p->told = power_meter_update(p->meter[c], pcm[(size_t)c * samples + i]);
}

/* agc: with gain control; else what finds the probability of speech, which it always does (its own
 * switch for a yes or no only adds a warning). */
static media_peer_t *voice_peer_new(int channels, int agc)
{
    media_peer_t *p = peer_of(channels);
    int on = 1, off = 0;
    p->voice = calloc((size_t)channels, sizeof *p->voice);
    for (int c = 0; c < channels; c++) {
        p->voice[c] = speex_preprocess_state_init(FRAME, 8000);
        speex_preprocess_ctl(p->voice[c], SPEEX_PREPROCESS_SET_DENOISE, &off);
        speex_preprocess_ctl(p->voice[c], SPEEX_PREPROCESS_SET_AGC, agc ? &on : &off);
    }
    return p;
}

/* `pcm` is copied first: speexdsp writes over it. */
static void voice_peer_run(media_peer_t *p, const int16_t *pcm, int samples)
{
    int16_t frame[FRAME];
    for (int c = 0; c < p->channels; c++)
        for (int i = 0; i + FRAME <= samples; i += FRAME) {
            memcpy(frame, pcm + (size_t)c * samples + i, sizeof frame);
            p->told += speex_preprocess_run(p->voice[c], frame);
        }
}

static media_peer_t *plc_peer_new(int channels)
{
    media_peer_t *p = peer_of(channels);
    p->conceal = calloc((size_t)channels, sizeof *p->conceal);
    for (int c = 0; c < channels; c++)
        p->conceal[c] = plc_init(NULL);
    return p;
}

/* In place; lost: [channels][samples / block]. */
static void plc_peer_run(media_peer_t *p, int16_t *pcm, int samples, int block, const uint8_t *lost)
{
    for (int c = 0; c < p->channels; c++)
        for (int i = 0; i < samples / block; i++) {
            int16_t *at = pcm + (size_t)c * samples + (size_t)i * block;
            if (lost[(size_t)c * (samples / block) + i])
                plc_fillin(p->conceal[c], at, block);
            else
                plc_rx(p->conceal[c], at, block);
        }
}

static media_peer_t *resample_peer_new(int channels, int from_hz, int to_hz, int quality)
{
    media_peer_t *p = peer_of(channels);
    int fault;
    p->resample = calloc((size_t)channels, sizeof *p->resample);
    for (int c = 0; c < channels; c++)
        p->resample[c] = speex_resampler_init(1, from_hz, to_hz, quality, &fault);
    return p;
}

/* out: [channels][room]; -> values written for each channel. */
static int resample_peer_run(media_peer_t *p, const float *pcm, int samples, float *out, int room)
{
    uint32_t made = 0;
    for (int c = 0; c < p->channels; c++) {
        made = 0;
        for (int i = 0; i + FRAME <= samples; i += FRAME) {
            uint32_t in = FRAME, more = (uint32_t)room - made;
            speex_resampler_process_float(p->resample[c], 0, pcm + (size_t)c * samples + i, &in,
                                          out + (size_t)c * room + made, &more);
            made += more;
        }
    }
    return (int)made;
}

static int16_t clip(int32_t x)
{
    return x > 32767 ? 32767 : x < -32767 ? -32767 : (int16_t)x;
}

/* Bridges of `n` parties, one sample at a time. */
static void mix_peer_run(const int16_t *pcm, int16_t *out, int channels, int n, int samples)
{
    for (int first = 0; first + n <= channels; first += n)
        for (int i = 0; i < samples; i++) {
            int32_t sum = 0;
            for (int c = first; c < first + n; c++)
                sum += pcm[(size_t)c * samples + i];
            for (int c = first; c < first + n; c++)
                out[(size_t)c * samples + i] = clip(sum - pcm[(size_t)c * samples + i]);
        }
}

/* libspeexdsp's echo cancellers for many lines, frames of 20 ms. */
#include <stdint.h>
#include <stdlib.h>
#include <speex/speex_echo.h>

#define FRAME 160

typedef struct {
    int channels;
    SpeexEchoState **line;
} echo_peer_t;

static void echo_peer_free(echo_peer_t *p)
{
    if (!p)
        return;
    for (int c = 0; p->line && c < p->channels; c++)
        if (p->line[c])
            speex_echo_state_destroy(p->line[c]);
    free(p->line);
    free(p);
}

static echo_peer_t *echo_peer_new(int channels, int taps)
{
    echo_peer_t *p = calloc(1, sizeof *p);
    if (!p)
        return NULL;
    p->channels = channels;
    p->line = calloc((size_t)channels, sizeof *p->line);
    for (int c = 0; p->line && c < channels; c++) {
        int rate = 8000;
        p->line[c] = speex_echo_state_init(FRAME, taps);
        if (p->line[c])
            speex_echo_ctl(p->line[c], SPEEX_ECHO_SET_SAMPLING_RATE, &rate);
    }
    if (!p->line || !p->line[channels - 1]) {
        echo_peer_free(p);
        return NULL;
    }
    return p;
}

/* Each line's `samples` lie together; whole frames are taken. */
static void echo_peer_run(echo_peer_t *p, const int16_t *tx, const int16_t *rx, int16_t *out,
                          int samples)
{
    for (int c = 0; c < p->channels; c++)
        for (int i = 0; i + FRAME <= samples; i += FRAME) {
            size_t at = (size_t)c * samples + i;
            speex_echo_cancellation(p->line[c], rx + at, tx + at, out + at);
        }
}

/* The far end's past: held back by whole blocks, channel by channel, before the filter sees it. */
#ifndef DSP_EXT_ECHO_DELAY_H
#define DSP_EXT_ECHO_DELAY_H

#include "echo_state.h"

CLONES_BEGIN

FFT_INLINE const int16_t (*echo_past(const echo_state *s, int blocks))[TILE]
{
    const int at = s->head - blocks;
    return s->past[at < 0 ? at + ECHO_RING : at];
}

/* One block of the past into `frame`, each lane as late as its own delay and `more` say. */
FFT_INLINE void echo_recall(const echo_state *s, int more, lanes *frame)
{
    int same = 1;
    for LANE
        same &= s->delay[c] == s->delay[0];
    if (same) {
        const int16_t (*from)[TILE] = echo_past(s, s->delay[0] + more);
        for (int i = 0; i < ECHO_BLOCK; i++) {
            lanes16 x;
            memcpy(&x, from[i], sizeof x);
            frame[i] = __builtin_convertvector(x, lanes);
        }
        return;
    }
    for LANE {
        const int16_t (*from)[TILE] = echo_past(s, s->delay[c] + more);
        for (int i = 0; i < ECHO_BLOCK; i++)
            frame[i][c] = from[i][c];
    }
}

/* What is sent joins the past; the spectrum the filter sees goes into its slot. */
FFT_INLINE void echo_take(const echo_tile *t, echo_work *w, const float *tx, int cstride)
{
    echo_state *s = t->state;
    lanes frame[2 * ECHO_BLOCK], power = {0};
    float total[TILE] = {0};
    s->head = s->head + 1 < ECHO_RING ? s->head + 1 : 0;
    for (int i = 0; i < ECHO_BLOCK; i++) {
        float x[TILE];
        memcpy(x, tx + (size_t)i * cstride, sizeof x);
        for LANE {
            x[c] = x[c] > -32767.0f ? x[c] : -32767.0f;
            x[c] = round_even(x[c] < 32767.0f ? x[c] : 32767.0f);
            s->past[s->head][i][c] = (int16_t)(int32_t)x[c];
        }
        memcpy(&w->x[i], x, sizeof x);
    }
    echo_recall(s, 1, frame);
    echo_recall(s, 0, frame + ECHO_BLOCK);
    for (int i = 0; i < ECHO_BLOCK; i++)
        power += frame[ECHO_BLOCK + i] * frame[ECHO_BLOCK + i];
    s->slot = s->slot ? s->slot - 1 : t->slots - 1;
    ROW(s->sent[s->slot]) = power * (1.0f / ECHO_BLOCK);
    for (int p = 0; p < t->slots; p++)
        for LANE
            total[c] += s->sent[p][c];
    for LANE
        s->active[c] = total[c] > t->slots * ECHO_HEARD ? s->on[c] * (1.0f - s->off[c]) : 0.0f;
    fft_forward(t->fft, frame, t->sent + (size_t)s->slot * FFT_ROWS);
}

FFT_INLINE int echo_slot(const echo_tile *t, int part)
{
    const int slot = t->state->slot + part;
    return slot < t->slots ? slot : slot - t->slots;
}

FFT_INLINE const lanes *echo_sent(const echo_tile *t, int part)
{
    return t->sent + (size_t)echo_slot(t, part) * FFT_ROWS;
}

/* The model of lane `c` by `blocks` parts forward (or back): what falls out is forgotten. */
static void echo_shift(const echo_tile *t, int c, int blocks)
{
    echo_state *s = t->state;
    const int from = blocks > 0 ? 0 : t->slots - 1, step = blocks > 0 ? 1 : -1;
    for (int p = from; p >= 0 && p < t->slots; p += step) {
        const int q = p + blocks, known = q >= 0 && q < t->slots;
        float *path = (float *)(t->path + (size_t)p * FFT_ROWS) + c;
        float *doubt = (float *)(t->doubt + (size_t)p * ECHO_BANDS) + c;
        for (int k = 0; k < FFT_ROWS; k++)
            path[k * TILE] = known ? path[(blocks * FFT_ROWS + k) * TILE] : 0.0f;
        for (int b = 0; b < ECHO_BANDS; b++)
            doubt[b * TILE] = known ? doubt[(blocks * ECHO_BANDS + b) * TILE]
                                    : t->prior[p] * ECHO_PRIOR;
        s->gain[p][c] = known ? s->gain[q][c] : 0.0f;
    }
}

/* Hold the far end of lane `c` back by `delay` blocks; the model stays where the echo was. */
CLONES static void echo_hold_back(const echo_tile *t, int c, int delay)
{
    echo_state *s = t->state;
    lanes frame[2 * ECHO_BLOCK], bins[FFT_ROWS];
    echo_shift(t, c, delay - s->delay[c]);
    s->delay[c] = delay;
    for (int p = 0; p < t->slots; p++) {
        float power = 0.0f, *sent = (float *)(t->sent + (size_t)echo_slot(t, p) * FFT_ROWS) + c;
        echo_recall(s, p + 1, frame);
        echo_recall(s, p, frame + ECHO_BLOCK);
        fft_forward(t->fft, frame, bins);
        for (int k = 0; k < FFT_ROWS; k++)
            sent[k * TILE] = bins[k][c];
        for (int i = ECHO_BLOCK; i < 2 * ECHO_BLOCK; i++)
            power += frame[i][c] * frame[i][c];
        s->sent[echo_slot(t, p)][c] = power / ECHO_BLOCK;
    }
}

CLONES_END

#endif

/* The beginning of a lane: nothing is known of line, delay or near end. */
#ifndef DSP_EXT_ECHO_BEGIN_H
#define DSP_EXT_ECHO_BEGIN_H

#include "echo_state.h"

/* The model of lane `c` is none, and as much doubted as any path is. */
static inline void echo_forget_path(const echo_tile *t, int c)
{
    float *path = (float *)t->path + c, *sent = (float *)t->sent + c, *doubt = (float *)t->doubt + c;
    for (int k = 0; k < t->slots * FFT_ROWS; k++)
        path[k * TILE] = sent[k * TILE] = 0.0f;
    for (int k = 0; k < t->slots * ECHO_BANDS; k++)
        doubt[k * TILE] = t->prior[k / ECHO_BANDS] * ECHO_PRIOR;
    for (int p = 0; p < t->slots; p++)
        t->state->gain[p][c] = 0.0f;
}

static inline void echo_forget_delay(const echo_tile *t, int c)
{
    echo_find *f = t->find;
    if (!t->state->fixed[c])
        t->state->delay[c] = t->state->least[c];
    for (int k = 0; k < FIND_WORDS; k++)
        f->far[k][c] = 0;
    for (int k = 0; k < FIND_LAGS; k++)
        f->score[k][c] = 0.0f;
    f->run[c] = f->cross[c] = f->model[c] = 0.0f;
    f->need[c] = FIND_MARGIN;
}

/* Lane `c` begins; its comfort noise by `seed`. What was asked for stays. */
static inline void echo_forget(const echo_tile *t, int c, uint32_t seed)
{
    echo_state *s = t->state;
    echo_forget_path(t, c);
    echo_forget_delay(t, c);
    for (int k = 0; k < FFT_BINS; k++)
        s->noise[k][c] = ECHO_FLOOR;
    for (int k = 0; k < 2; k++)
        s->tone[k].steady[c] = s->tone[k].gap[c] = s->tone[k].turned[c] = 0.0f;
    s->off[c] = s->data[c] = s->silent[c] = 0.0f;
    s->age[c] = s->hold[c] = s->cross[c] = 0.0f;
    s->error[c] = s->model[c] = s->heard[c] = 1.0f;
    s->swift_error[c] = s->swift_model[c] = s->swift_heard[c] = 0.0f;
    s->choice[c] = s->near[c] = s->suppress[c] = s->lag[c] = 0.0f;
    s->floor[c] = ECHO_FIRST_FLOOR;
    s->left[c] = ECHO_LEFT_MOST;
    s->dice[c] = seed;
}

#endif

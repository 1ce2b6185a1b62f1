/* Where the echo is, when the filter does not see it: bulk delay.
 *
 * Of each block sent, and of each block the filter leaves, 32 bits are kept: which bands of 100 Hz
 * are louder than they use to be. For each lag the bits that agree are counted; where the echo is
 * they agree most. What is left is used, not what came in: an echo that is taken away is not looked
 * for. Lags count from the filter's first part: later ones pair the newest block left with blocks
 * sent before, earlier ones the newest block the filter sees with blocks left before. */
#ifndef DSP_EXT_ECHO_FIND_H
#define DSP_EXT_ECHO_FIND_H

#include "echo_delay.h"

#define FIND_FIRST_BIN 4          /* 200 Hz; a band is two bins */
#define FIND_KEEP 0.97f           /* memory of a lag's agreement */
#define FIND_PACE 1.12f           /* how fast "as loud as it uses to be" follows */
#define FIND_EVERY 4              /* blocks between two judgements */
#define FIND_RUN 3.0f             /* judgements that must agree */
#define FIND_HINT 2.0f            /* and to expect an echo there */
#define FIND_EXPECT 0.5f          /* how much of all that is expected */
#define FIND_WRONG 0.3f           /* what is left of what came in where a model needs the hint */
#define FIND_LEAST 0.15f          /* agreement of an echo, of 1 */
#define FIND_MARGIN 0.08f         /* by which it is above that of every other lag */
#define FIND_WARY 0.30f           /* the same after a move, and how fast that is forgotten */
#define FIND_FORGET 0.995f
#define FIND_GROWN 0.22f          /* the same where the filter has taken an echo away */
#define FIND_NEAR 2               /* lags beside the best that belong to it */
#define FIND_COVERED 3            /* echo in parts 0 to this one: the filter is fast enough there */
#define FIND_SETTLED 0.05f        /* what is left of what came in where nothing is looked for */
#define FIND_NO_ECHO 1e-3f        /* power a path passes that is no echo */
#define FIND_SLOW 0.98f           /* memory of what the model is worth */
#define FIND_WORTH 0.4f           /* share of a model that may be wrong before it may be lost */
#define FIND_LOST 0.1f            /* share of its power a good model may lose */

CLONES_BEGIN

/* 32 bits of a spectrum's energies; `level` follows. */
FFT_INLINE void find_bits(const lanes *energy, float (*level)[TILE], uint32_t *bits)
{
    lanes32 word = {0};
    lanes total = {0};
    for (int b = 0; b < 2 * FIND_BANDS; b++)
        total += energy[FIND_FIRST_BIN + b];
    const lanes mean = total * (1.0f / FIND_BANDS);
    const lanes32 heard = mean > 2.0f * ECHO_BLOCK * ECHO_HEARD;
    for (int b = 0; b < FIND_BANDS; b++) {
        const int k = FIND_FIRST_BIN + 2 * b;
        const lanes power = energy[k] + energy[k + 1], was = ROW(level[b]);
        const lanes32 more = power > was;
        const lanes up = was * FIND_PACE, down = was * (1.0f / FIND_PACE);
        lanes next;
        for LANE {
            next[c] = more[c] ? up[c] : down[c];
            next[c] = was[c] > 0.0f ? next[c] : mean[c];
            next[c] = heard[c] ? next[c] : was[c];
        }
        ROW(level[b]) = next;
        word |= more & (int32_t)(1u << b);
    }
    memcpy(bits, &word, sizeof word);
}

/* How well two words agree, -1 to 1. */
FFT_INLINE lanes find_agreement(const uint32_t *a, const uint32_t *b)
{
    lanes share;
    for LANE {
        uint32_t x = a[c] ^ b[c];
        x -= x >> 1 & 0x55555555u;
        x = (x & 0x33333333u) + (x >> 2 & 0x33333333u);
        x = (x + (x >> 4)) & 0x0f0f0f0fu;
        x += x >> 8;
        x += x >> 16;
        share[c] = 1.0f - (float)(int32_t)(x & 63u) * (2.0f / FIND_BANDS);
    }
    return share;
}

/* The agreement of every lag moves toward this block's, on the lanes where `go` is 1. */
FFT_INLINE void find_agree(echo_find *f, lanes go)
{
    const lanes pace = go * (1.0f - FIND_KEEP);
    for (int j = 0; j < FIND_LAGS; j++) {
        const int lag = j - ECHO_MOST_DELAY, back = lag < 0 ? -lag : lag;
        const int at = (f->newest - back) & (FIND_WORDS - 1);
        const lanes share = lag < 0 ? find_agreement(f->far[f->newest], f->near[at])
                                    : find_agreement(f->near[f->newest], f->far[at]);
        ROW(f->score[j]) += (share - ROW(f->score[j])) * pace;
    }
}

/* The lag that agrees most, and by how much it stands out (0: not at all), lane by lane; no echo
 * comes before what was sent. */
FFT_INLINE void find_best(const echo_find *f, const int32_t *delay, int32_t *best, float *margin)
{
    float top[TILE], other[TILE];
    for LANE
        top[c] = other[c] = -1.0f, best[c] = 0;
    for (int j = 0; j < FIND_LAGS; j++)
        for LANE {
            const int may = j >= ECHO_MOST_DELAY - delay[c];
            const int more = may & (f->score[j][c] > top[c]);
            top[c] = more ? f->score[j][c] : top[c];
            best[c] = more ? j : best[c];
        }
    for (int j = 0; j < FIND_LAGS; j++)
        for LANE {
            const int apart = j - best[c];
            const int beside = (apart <= FIND_NEAR) & (apart >= -FIND_NEAR);
            const int out = beside | (j < ECHO_MOST_DELAY - delay[c]);
            const float score = out ? -1.0f : f->score[j][c];
            other[c] = score > other[c] ? score : other[c];
        }
    for LANE {
        margin[c] = top[c] > FIND_LEAST ? top[c] - other[c] : 0.0f;
        best[c] -= ECHO_MOST_DELAY;
    }
}

/* Whether holding back `blocks` more would take away from lane `c` a model that is right. */
static int find_spoils(const echo_tile *t, int c, int blocks)
{
    const echo_find *f = t->find;
    float total = 1e-9f, lost = 0.0f;
    for (int p = 0; p < t->slots; p++) {
        total += t->state->gain[p][c];
        lost += p < blocks || p - blocks >= t->parts ? t->state->gain[p][c] : 0.0f;
    }
    const float apart = f->cross[c] > 0.0f ? f->cross[c] : -f->cross[c];
    return total > FIND_NO_ECHO && apart < FIND_WORTH * f->model[c] && lost > FIND_LOST * total;
}

/* The echo of lane `c` has stood out at `lag` for long enough: move there. */
static void find_move(const echo_tile *t, int c, int lag)
{
    echo_state *s = t->state;
    echo_find *f = t->find;
    int delay = s->delay[c] + lag - 1;
    delay = delay < 0 ? 0 : delay < ECHO_MOST_DELAY ? delay : ECHO_MOST_DELAY;
    const int blocks = delay - s->delay[c];
    if ((blocks <= 1 && blocks >= -1) || find_spoils(t, c, blocks))
        return;
    echo_hold_back(t, c, delay);
    for (int p = 0; p < t->slots; p++) {
        float *doubt = (float *)(t->doubt + (size_t)p * ECHO_BANDS) + c;
        for (int b = 0; b < ECHO_BANDS; b++)
            if (doubt[b * TILE] < t->prior[p] * ECHO_PRIOR)
                doubt[b * TILE] = t->prior[p] * ECHO_PRIOR;
    }
    for (int k = 0; k < FFT_BINS; k++)
        s->noise[k][c] = ECHO_FLOOR;
    s->age[c] = f->run[c] = 0.0f;
    s->hold[c] = ECHO_HOLD;
    f->need[c] = FIND_WARY;
    for (int j = 0; j < FIND_LAGS; j++)
        f->score[j][c] = 0.0f;
    for (int w = 0; w < FIND_WORDS; w++)
        f->far[w][c] = 0;
}

/* The echo of lane `c` has stood out at `lag`, which its model covers: learn it there. */
static void find_expect(const echo_tile *t, int c, int lag)
{
    echo_state *s = t->state;
    for (int p = lag ? lag - 1 : 0; p <= lag + 1 && p < t->slots; p++) {
        const float expected = ECHO_PRIOR * (p == lag ? FIND_EXPECT : 0.5f * FIND_EXPECT);
        float *doubt = (float *)(t->doubt + (size_t)p * ECHO_BANDS) + c;
        for (int b = 0; b < ECHO_BANDS; b++)
            doubt[b * TILE] = doubt[b * TILE] > expected ? doubt[b * TILE] : expected;
    }
    for (int k = 0; k < FFT_BINS; k++)
        s->noise[k][c] = ECHO_FLOOR;
    s->age[c] = 0.0f;
}

FFT_INLINE void find_judge(const echo_tile *t)
{
    const echo_state *s = t->state;
    echo_find *f = t->find;
    int32_t best[TILE], go[TILE], any = 0;
    float margin[TILE];
    find_best(f, s->delay, best, margin);
    for LANE {
        const int apart = best[c] - f->best[c], same = (apart <= 1) & (apart >= -1);
        const int out = margin[c] > f->need[c];
        f->run[c] = out ? (same ? f->run[c] + 1.0f : 1.0f) : 0.0f;
        f->best[c] = best[c];
        f->need[c] = FIND_MARGIN + (f->need[c] - FIND_MARGIN) * FIND_FORGET;
        go[c] = (f->run[c] >= FIND_HINT) & (s->adapt[c] > 0.0f) & (s->active[c] > 0.0f);
        any |= go[c];
    }
    for (int c = 0; any && c < TILE; c++) {
        if (!go[c])
            continue;
        if (best[c] >= 0 && best[c] <= FIND_COVERED && best[c] < t->parts) {
            if (f->run[c] == FIND_HINT && s->error[c] > FIND_WRONG * s->heard[c])
                find_expect(t, c, best[c]);
        } else if (f->run[c] >= FIND_RUN && !s->fixed[c]) {
            find_move(t, c, best[c]);
        }
    }
}

/* One block: `left` are the energies of the error's bins; ey, yy: error by model, model squared. */
FFT_INLINE void echo_find_delay(const echo_tile *t, const lanes *left, lanes ey, lanes yy)
{
    const echo_state *s = t->state;
    echo_find *f = t->find;
    const lanes *x = t->sent + (size_t)s->slot * FFT_ROWS;
    lanes energy[FFT_BINS], go;
    int any = 0;
    for (int k = FIND_FIRST_BIN; k < FIND_FIRST_BIN + 2 * FIND_BANDS; k++)
        energy[k] = x[2 * k] * x[2 * k] + x[2 * k + 1] * x[2 * k + 1];
    f->newest = (f->newest + 1) & (FIND_WORDS - 1);
    ROW(f->cross) = ROW(f->cross) * FIND_SLOW + ey;
    ROW(f->model) = ROW(f->model) * FIND_SLOW + yy;
    find_bits(energy, f->far_level, f->far[f->newest]);
    find_bits(left, f->near_level, f->near[f->newest]);
    for LANE {
        go[c] = s->active[c];
        const int settled = s->error[c] < FIND_SETTLED * s->heard[c];
        const float need = f->need[c] > FIND_GROWN ? f->need[c] : FIND_GROWN;
        f->need[c] = settled & (s->active[c] > 0.0f) ? need : f->need[c];
        any |= (s->active[c] > 0.0f) & !settled;
    }
    if (!any)
        return;
    find_agree(f, go);
    if (f->newest % FIND_EVERY == 0)
        find_judge(t);
}

CLONES_END

#endif

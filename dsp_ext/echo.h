/* The filter of the echo canceller: one tile of 16 channels, one block of 80 samples.
 *
 * echo.pyx says what it is, echo_state.h what it keeps. */
#ifndef DSP_EXT_ECHO_H
#define DSP_EXT_ECHO_H

#include "echo_state.h"
#include "echo_delay.h"
#include "echo_find.h"
#include "echo_tone.h"

CLONES_BEGIN

/* exp(-age / ECHO_YOUTH), to 1 %. */
static inline float echo_decay(float age)
{
    const float x = age * (1.0f / (8.0f * ECHO_YOUTH));
    float y = 1.0f / (1.0f + x + 0.5f * x * x);
    y *= y;
    y *= y;
    return y * y;
}

/* Energy the doubt explains: smeared over bins as a frame half of which is silent smears it. */
FFT_INLINE void echo_smear(const lanes *sum, lanes *expect)
{
    lanes mean = {0};
    for (int k = 0; k < FFT_BINS; k++)
        mean += sum[k];
    mean *= 0.05f / FFT_BINS;
    for (int k = 0; k < FFT_BINS; k++) {
        const lanes below = sum[k ? k - 1 : 1], above = sum[k < FFT_HALF ? k + 1 : k - 1];
        expect[k] = sum[k] * 0.6f + (below + above) * 0.2f + mean;
    }
}

FFT_INLINE void echo_model(const echo_tile *t, echo_work *w)
{
    lanes y[FFT_ROWS] = {{0}}, sum[FFT_BINS] = {{0}}, block[2 * ECHO_BLOCK];
    for (int p = 0; p < t->parts; p++) {
        const lanes *x = echo_sent(t, p), *h = t->path + (size_t)p * FFT_ROWS;
        const lanes *doubt = t->doubt + (size_t)p * ECHO_BANDS;
        for (int b = 0; b < ECHO_BANDS; b++)
            for (int k = 3 * b; k < 3 * b + 3; k++) {
                const lanes xr = x[2 * k], xi = x[2 * k + 1], hr = h[2 * k], hi = h[2 * k + 1];
                y[2 * k] += xr * hr - xi * hi;
                y[2 * k + 1] += xr * hi + xi * hr;
                sum[k] += (xr * xr + xi * xi) * doubt[b];
            }
    }
    for (int k = 0; k < FFT_BINS; k++)
        sum[k] *= 0.5f;
    echo_smear(sum, w->expect);
    fft_inverse(t->fft, y, block);
    for (int i = 0; i < ECHO_BLOCK; i++) {
        w->y[i] = block[ECHO_BLOCK + i];
        w->e[i] = w->d[i] - w->y[i];
    }
}

/* Smoothed powers; -> whether any lane's path has changed (its flags in `changed`). */
FFT_INLINE int echo_watch(echo_state *s, echo_work *w, int32_t *changed)
{
    lanes ey = {0}, ee = {0}, yy = {0}, dd = {0}, doubted = {0};
    int any = 0;
    for (int k = 0; k < FFT_BINS; k++)
        doubted += w->expect[k];
    for (int i = 0; i < ECHO_BLOCK; i++) {
        ey += w->e[i] * w->y[i];
        ee += w->e[i] * w->e[i];
        yy += w->y[i] * w->y[i];
        dd += w->d[i] * w->d[i];
    }
    w->cross = ey, w->power = yy;
    for LANE {
        const float k = ECHO_LOOK, f = 1.0f - ECHO_LOOK;
        const float cross = s->cross[c] = k * s->cross[c] + f * ey[c];
        const float error = s->error[c] = k * s->error[c] + f * ee[c] + 1e-9f;
        const float model = s->model[c] = k * s->model[c] + f * yy[c] + 1e-9f;
        const float heard = s->heard[c] = k * s->heard[c] + f * dd[c] + 1e-9f;
        s->swift_error[c] = 0.5f * (s->swift_error[c] + ee[c]) + 1e-9f;
        s->swift_model[c] = 0.5f * (s->swift_model[c] + yy[c]) + 1e-9f;
        s->swift_heard[c] = 0.5f * (s->swift_heard[c] + dd[c]) + 1e-9f;
        const float square = cross * cross;
        const int sure = doubted[c] < ECHO_DOUBTED * FFT_HALF * error;
        const float least = sure ? ECHO_TIED_SURE : ECHO_TIED;
        const int tied = (square > least * error * model) & (square > 0.0625f * model * model)
                         & (model > ECHO_BLOCK * 10.0f);
        const int loud = error > ECHO_BLOCK * 4.0f * ECHO_HEARD;
        const int worse = loud & (error > 1.5f * heard), far = loud & (error > 4.0f * heard);
        const int may = (s->active[c] > 0.0f) & (s->adapt[c] > 0.0f);
        changed[c] = may & (((tied | worse) & (s->hold[c] <= 0.0f)) | far);
        s->hold[c] = changed[c] ? ECHO_HOLD : s->hold[c] - (s->hold[c] > 0.0f);
        any |= changed[c];
    }
    return any;
}

/* The path of the flagged lanes is another one: doubt it; a model worse than none goes. */
static void echo_doubt(const echo_tile *t, echo_work *w, const int32_t *changed)
{
    echo_state *s = t->state;
    for LANE {
        if (!changed[c])
            continue;
        float total = 0.0f;
        for (int p = 0; p < t->slots; p++)
            total += s->gain[p][c];
        total = total < ECHO_PRIOR ? total : ECHO_PRIOR;
        total = total > ECHO_LEAST_PRIOR ? total : ECHO_LEAST_PRIOR;
        const int fresh = s->error[c] > s->heard[c];
        for (int p = 0; p < t->slots; p++) {
            float *doubt = (float *)(t->doubt + (size_t)p * ECHO_BANDS) + c;
            const float prior = t->prior[p] * total;
            for (int b = 0; b < ECHO_BANDS; b++)
                doubt[b * TILE] = doubt[b * TILE] > prior ? doubt[b * TILE] : prior;
            if (!fresh)
                continue;
            s->gain[p][c] = 0.0f;
            float *path = (float *)(t->path + (size_t)p * FFT_ROWS) + c;
            for (int k = 0; k < FFT_ROWS; k++)
                path[k * TILE] = 0.0f;
        }
        for (int k = 0; k < FFT_BINS; k++)
            s->noise[k][c] = ECHO_FLOOR;
        s->age[c] = 0.0f;
        w->fresh[c] = fresh ? 1.0f : 0.0f;
    }
}

/* What the doubt explains, once more: after echo_doubt, which is rare. */
static void echo_expect(const echo_tile *t, echo_work *w)
{
    lanes sum[FFT_BINS] = {{0}};
    for (int p = 0; p < t->parts; p++) {
        const lanes *x = echo_sent(t, p), *doubt = t->doubt + (size_t)p * ECHO_BANDS;
        for (int k = 0; k < FFT_BINS; k++)
            sum[k] += (x[2 * k] * x[2 * k] + x[2 * k + 1] * x[2 * k + 1]) * doubt[k / 3] * 0.5f;
    }
    echo_smear(sum, w->expect);
}

/* The error's spectrum, and by how much it is more than expected. */
FFT_INLINE void echo_error(const echo_tile *t, echo_work *w, lanes *energy)
{
    echo_state *s = t->state;
    lanes frame[2 * ECHO_BLOCK] = {{0}}, *raw = w->raw, ratio = {0};
    const lanes fresh = ROW(w->fresh);
    for (int i = 0; i < ECHO_BLOCK; i++)
        frame[ECHO_BLOCK + i] = w->e[i] + w->y[i] * fresh;
    fft_forward(t->fft, frame, w->error);
    echo_hold_tones(t, w->error);
    for (int k = 0; k < FFT_BINS; k++)
        raw[k] = w->error[2 * k] * w->error[2 * k] + w->error[2 * k + 1] * w->error[2 * k + 1];
    for (int k = 0; k < FFT_BINS; k++) {
        energy[k] = raw[k];
        if (k > 0 && k < FFT_HALF)
            energy[k] = (raw[k - 1] + raw[k + 1]) * 0.25f + raw[k] * 0.5f;
        ratio += energy[k] / (w->expect[k] + ROW(s->noise[k]) + ECHO_FLOOR);
    }
    ROW(s->surprise) = ratio * (1.0f / FFT_BINS);
}

/* Which models are not good, though the signal is such that they can become better: much is left,
 * and doubt explains a part of it that it cannot of the near end's. How far paths may have moved. */
FFT_INLINE void echo_lack(const echo_state *s, echo_work *w, const lanes *energy)
{
    lanes doubted = {0}, whole = {0};
    for (int k = 0; k < FFT_BINS; k++)
        doubted += w->expect[k], whole += energy[k];
    for LANE {
        w->lacks[c] = (s->error[c] > ECHO_LACKS * s->heard[c])
                      & (doubted[c] > ECHO_DOUBTED * whole[c]);
        const float old = w->lacks[c] ? ECHO_WANDER_LACKING : ECHO_WANDER_OLD;
        w->wander[c] = old + (ECHO_WANDER_YOUNG - old) * echo_decay(s->age[c]);
    }
}

/* Noise, and the step: 1 / all that is expected. Ages the lanes. */
FFT_INLINE void echo_step(const echo_tile *t, echo_work *w)
{
    echo_state *s = t->state;
    lanes energy[FFT_BINS], sure = {0}, limit, grown;
    echo_error(t, w, energy);
    echo_lack(s, w, energy);
    for LANE {
        const float surprise = s->age[c] < ECHO_TRUST_AGE ? 1.0f : s->surprise[c];
        limit[c] = surprise > 1.0f ? surprise : 1.0f;
        grown[c] = (s->age[c] > ECHO_GROWN_AGE) & !w->lacks[c] ? 2.0f : 0.0f;
    }
    for (int k = 0; k < FFT_BINS; k++) {
        lanes more = energy[k] - w->expect[k], seen = energy[k] * grown, noise = ROW(s->noise[k]);
        for LANE
            more[c] = more[c] > 0.0f ? more[c] : 0.0f;
        noise += (more - noise) * (1.0f - ECHO_NOISE_KEEP);
        ROW(s->noise[k]) = noise;
        for LANE
            seen[c] = seen[c] > noise[c] ? seen[c] : noise[c];
        w->scale[k] = 1.0f / ((w->expect[k] + seen + ECHO_FLOOR) * limit);
        sure += w->expect[k] * w->scale[k];
        w->error[2 * k] *= w->scale[k];
        w->error[2 * k + 1] *= w->scale[k];
    }
    for LANE {
        float step = sure[c] * (1.5f / FFT_BINS);
        step = step < 1.0f ? step : 1.0f;
        step = step > 0.2f ? step : 0.2f;
        const float age = s->age[c] + step * s->active[c] * s->adapt[c];
        s->age[c] = age < 1e6f ? age : 1e6f;
    }
}

/* One part learns, on the lanes where `go` is 1; `wander` is how far the path may have moved. */
FFT_INLINE void echo_learn(const echo_tile *t, const echo_work *w, int part, lanes go, lanes wander,
                           lanes least)
{
    const lanes *x = echo_sent(t, part);
    lanes *path = t->path + (size_t)part * FFT_ROWS;
    lanes *doubt = t->doubt + (size_t)part * ECHO_BANDS;
    lanes step[FFT_ROWS], block[2 * ECHO_BLOCK], total = {0}, power[ECHO_BANDS];
    const lanes none = {0};
    for (int b = 0; b < ECHO_BANDS; b++) {
        const lanes p = doubt[b] * go;
        lanes known = {0};
        for (int k = 3 * b; k < 3 * b + 3; k++) {
            const lanes xr = x[2 * k], xi = x[2 * k + 1];
            const lanes er = w->error[2 * k], ei = w->error[2 * k + 1];
            step[2 * k] = (xr * er + xi * ei) * p;
            step[2 * k + 1] = (xr * ei - xi * er) * p;
            known += (xr * xr + xi * xi) * w->scale[k];
        }
        lanes keep = 1.0f - known * p * (0.5f / 3.0f);
        for LANE
            keep[c] = keep[c] > 0.0f ? keep[c] : 0.0f;
        doubt[b] *= keep;
    }
    fft_inverse(t->fft, step, block);
    for (int i = 0; i < ECHO_BLOCK; i++)
        block[ECHO_BLOCK + i] = none;
    fft_forward(t->fft, block, step);
    for (int b = 0; b < ECHO_BANDS; b++) {
        lanes sum = {0};
        for (int k = 6 * b; k < 6 * b + 6; k++) {
            const lanes h = path[k] + step[k];
            path[k] = h;
            sum += h * h;
        }
        power[b] = sum;
        total += sum;
    }
    total *= 1.0f / FFT_BINS;
    ROW(t->state->gain[part]) = total;
    const lanes bottom = least * t->prior[part];
    for (int b = 0; b < ECHO_BANDS; b++) {
        const lanes aim = power[b] * (0.5f / 3.0f) + total * 0.5f;
        lanes p = doubt[b] + wander * (aim - doubt[b]);
        for LANE
            p[c] = p[c] > bottom[c] ? p[c] : bottom[c];
        doubt[b] = p;
    }
}

/* All parts that have their turn learn. */
FFT_INLINE void echo_adapt(const echo_tile *t, echo_work *w)
{
    echo_state *s = t->state;
    lanes passed = {0}, least;
    s->turn = (s->turn + 1) & 3;
    for (int p = 0; p < t->parts; p++)
        passed += ROW(s->gain[p]);
    for LANE
        w->bare[c] = passed[c] < ECHO_BARE;
    for LANE
        least[c] = w->bare[c] ? ECHO_LEAST_BARE : ECHO_LEAST;
    for (int p = 0; p < t->parts; p++) {
        lanes go, wander;
        float any = 0.0f;
        for LANE {
            const int quarter = (p & 3) == s->turn, half = (p & 1) == (s->turn & 1);
            const int main = w->lacks[c] & (s->gain[p][c] > ECHO_MAIN * passed[c]);
            const int often = main | (s->age[c] < ECHO_HALVES_AGE);
            const int turn = often | (s->age[c] < ECHO_QUARTERS_AGE ? half : quarter);
            go[c] = turn ? s->active[c] * s->adapt[c] : 0.0f;
            any += go[c];
            wander[c] = go[c] * w->wander[c];
        }
        if (any > 0.0f)
            echo_learn(t, w, p, go, wander, least);
    }
}

CLONES_END

#include "echo_out.h"
#include "echo_begin.h"

/* wide/echo.c compiles the same under another name. */
#ifndef ECHO_NAME
#define ECHO_LINKAGE CLONES static
#define ECHO_NAME echo_block
#endif

CLONES_BEGIN

/* One tile, one block: tx sent, rx received, out what is left of rx. */
ECHO_LINKAGE void ECHO_NAME(const echo_tile *t, const float *tx, const float *rx, float *out,
                            int cstride)
{
    echo_state *s = t->state;
    echo_work w;
    int32_t changed[TILE];
    echo_take(t, &w, tx, cstride);
    for (int i = 0; i < ECHO_BLOCK; i++)
        memcpy(&w.d[i], rx + (size_t)i * cstride, sizeof w.d[i]);
    memset(w.fresh, 0, sizeof w.fresh);
    echo_hear_tones(t, w.x, w.d);
    echo_model(t, &w);
    if (echo_watch(s, &w, changed)) {
        echo_doubt(t, &w, changed);
        echo_expect(t, &w);
    }
    echo_step(t, &w);
    echo_adapt(t, &w);
    echo_send(t, &w, out, cstride);
    echo_find_delay(t, w.raw, w.cross, w.power);
}

CLONES_END

typedef void (*echo_block_fn)(const echo_tile *t, const float *tx, const float *rx, float *out,
                              int cstride);

#ifdef HAVE_CLONES
void echo_block_wide(const echo_tile *t, const float *tx, const float *rx, float *out, int cstride);
#endif

/* The quickest that this processor can run. */
static inline echo_block_fn echo_best(void)
{
#ifdef HAVE_CLONES
    if (__builtin_cpu_supports("avx512f"))
        return echo_block_wide;
#endif
    return ECHO_NAME;
}

#endif

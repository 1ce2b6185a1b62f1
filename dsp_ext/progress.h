/* Inner loops of the call-progress detector for a tile of 16 channels: what is done for every
 * sample and every hop. progress.pyx says what for; progress_one.h does the same for one channel. */
#ifndef DSP_EXT_PROGRESS_H
#define DSP_EXT_PROGRESS_H

#include <stdint.h>
#include <string.h>
#include "progress_state.h"

/* What several clones share must become part of each of them. */
#ifdef __GNUC__
#define PROGRESS_INLINE static inline __attribute__((always_inline))
#else
#define PROGRESS_INLINE static inline
#endif

/* 16 floats as one value, wherever they lie; the compiler makes the processor's vectors of it. */
typedef float progress_lanes __attribute__((vector_size(64), aligned(4), may_alias));
typedef float progress_vector __attribute__((vector_size(64))); /* the same, in its place */
#define PROGRESS_AT(p) (*(progress_lanes *)(p))
#define PROGRESS_OF(p) (*(const progress_lanes *)(p))

CLONES_BEGIN

/* The mirrored samples of a unit: sums, which cosines want, and differences, which sines want; so
 * that each product is needed only once. */
PROGRESS_INLINE void progress_fold(const float *pcm, long row, int length, progress_vector *even,
                                   progress_vector *odd)
{
    const float *tail = pcm + (length - 1) * row;
    for (int i = 0; i < length / 2; i++, pcm += row, tail -= row) {
        const progress_vector head = PROGRESS_OF(pcm), mirrored = PROGRESS_OF(tail);
        even[i] = head + mirrored;
        odd[i] = head - mirrored;
    }
}

/* A high band's newest value: how far its phase has gone on since the last one is added up. */
PROGRESS_INLINE void progress_advance(progress_vector re, progress_vector im, float last[2][TILE],
                                      float advance[2][TILE], int fresh)
{
    const progress_vector was_re = PROGRESS_AT(last[0]), was_im = PROGRESS_AT(last[1]);
    progress_vector along = re * was_re + im * was_im, across = im * was_re - re * was_im;
    if (!fresh) {
        along += PROGRESS_AT(advance[0]);
        across += PROGRESS_AT(advance[1]);
    }
    PROGRESS_AT(advance[0]) = along;
    PROGRESS_AT(advance[1]) = across;
    PROGRESS_AT(last[0]) = re;
    PROGRESS_AT(last[1]) = im;
}

/* `count` high bands (1 or 2) of a folded unit. */
PROGRESS_INLINE void progress_bands(const progress_vector *even, const progress_vector *odd,
                                    const progress_reference *r, progress_tile *t, int band,
                                    int count, int hop, int fresh)
{
    progress_vector re = {0}, im = {0}, re2 = {0}, im2 = {0};
    for (int i = 0; i < PROGRESS_FOLD; i++) {
        const float *ref = &r->high[i][2 * band];
        re += even[i] * ref[0];
        im += odd[i] * ref[1];
        if (count > 1) {
            re2 += even[i] * ref[2];
            im2 += odd[i] * ref[3];
        }
    }
    progress_advance(re, im, t->last[band], t->advance[hop][band], fresh);
    if (count > 1)
        progress_advance(re2, im2, t->last[band + 1], t->advance[hop][band + 1], fresh);
}

/* A unit that holds no more than the noise of an idle line: counts as silence. */
PROGRESS_INLINE void progress_silence(progress_tile *t, int unit, int hop, int fresh)
{
    memset(t->chunk[2 * unit], 0, 2 * sizeof t->chunk[0]);
    memset(t->last, 0, sizeof t->last);
    if (fresh)
        memset(t->advance[hop], 0, sizeof t->advance[hop]);
}

PROGRESS_INLINE int progress_any_above(const float *values, float limit)
{
    int any = 0;
    for (int c = 0; c < TILE; c++)
        any |= !(values[c] <= limit);
    return any;
}

/* One tile, one unit of the window's eight. */
CLONES static void progress_unit(const float *pcm, long row, const progress_reference *r,
                                 progress_tile *t, int unit)
{
    progress_vector even[PROGRESS_FOLD], odd[PROGRESS_FOLD], sum = {0};
    float energy[TILE];
    const int hop = unit / 2, fresh = unit % 2 == 0;
    progress_fold(pcm, row, PROGRESS_UNIT, even, odd);
    for (int i = 0; i < PROGRESS_FOLD; i++)
        sum += even[i] * even[i] + odd[i] * odd[i];
    sum *= 0.5f;
    PROGRESS_AT(energy) = sum;
    PROGRESS_AT(t->energy[hop]) = fresh ? sum : sum + PROGRESS_AT(t->energy[hop]);
    if (!progress_any_above(energy, r->least / 32)) {
        progress_silence(t, unit, hop, fresh);
        return;
    }
    progress_bands(even, odd, r, t, 0, 2, hop, fresh);
    progress_bands(even, odd, r, t, 2, 2, hop, fresh);
    progress_bands(even, odd, r, t, 4, 1, hop, fresh);
    for (int part = 0; part < 2; part++) {
        progress_vector re = {0}, im = {0};
        progress_fold(pcm + part * PROGRESS_CHUNK * row, row, PROGRESS_CHUNK, even, odd);
        for (int i = 0; i < PROGRESS_HALF; i++) {
            re += even[i] * r->low[i][0];
            im += odd[i] * r->low[i][1];
        }
        PROGRESS_AT(t->chunk[2 * unit + part][0]) = re;
        PROGRESS_AT(t->chunk[2 * unit + part][1]) = im;
    }
}

/* Four of sixteen values, from `at` in steps of `by`: their transform, in place. */
PROGRESS_INLINE void progress_four(progress_vector *re, progress_vector *im, int at, int by)
{
    const progress_vector ar = re[at], ai = im[at], br = re[at + by], bi = im[at + by];
    const progress_vector cr = re[at + 2 * by], ci = im[at + 2 * by];
    const progress_vector dr = re[at + 3 * by], di = im[at + 3 * by];
    const progress_vector sr = ar + cr, si = ai + ci, tr = ar - cr, ti = ai - ci;
    const progress_vector ur = br + dr, ui = bi + di, vr = br - dr, vi = bi - di;
    re[at] = sr + ur;
    im[at] = si + ui;
    re[at + by] = tr + vi;
    im[at + by] = ti - vr;
    re[at + 2 * by] = sr - ur;
    im[at + 2 * by] = si - ui;
    re[at + 3 * by] = tr - vi;
    im[at + 3 * by] = ti + vr;
}

/* Energy in each bin of the window; where the ring of chunks begins does not matter to it. */
PROGRESS_INLINE void progress_spectrum(const progress_tile *t, const progress_reference *r,
                                       float bins[PROGRESS_BINS][TILE])
{
    static const float turn[10][2] = {
        {1.0f, 0.0f}, {0.9238795f, -0.3826834f}, {0.7071068f, -0.7071068f},
        {0.3826834f, -0.9238795f}, {0.0f, -1.0f}, {0.0f, 0.0f},
        {-0.7071068f, -0.7071068f}, {0.0f, 0.0f}, {0.0f, 0.0f}, {-0.9238795f, 0.3826834f},
    };
    progress_vector re[PROGRESS_BINS], im[PROGRESS_BINS];
    for (int k = 0; k < PROGRESS_BINS; k++) {
        re[k] = PROGRESS_OF(t->chunk[k][0]);
        im[k] = PROGRESS_OF(t->chunk[k][1]);
    }
    for (int k = 0; k < 4; k++)
        progress_four(re, im, k, 4);
    for (int k = 1; k < 4; k++)
        for (int m = 1; m < 4; m++) {
            const float tr = turn[k * m][0], ti = turn[k * m][1];
            const progress_vector x = re[4 * m + k], y = im[4 * m + k];
            re[4 * m + k] = x * tr - y * ti;
            im[4 * m + k] = x * ti + y * tr;
        }
    for (int m = 0; m < 4; m++)
        progress_four(re, im, 4 * m, 1);
    for (int k = 0; k < PROGRESS_BINS; k++) {
        const progress_vector x = re[4 * (k % 4) + k / 4], y = im[4 * (k % 4) + k / 4];
        PROGRESS_AT(bins[k]) = (x * x + y * y) * r->weight[k];
    }
}

/* `width` channels from here on do the same with 16 of a tile and with 1. */

PROGRESS_INLINE void progress_sum(const float *bins, uint32_t mask, int width, float *sum)
{
    for (int c = 0; c < width; c++)
        sum[c] = 0.0f;
    for (; mask; mask &= mask - 1) {
        const float *bin = bins + __builtin_ctz(mask) * TILE;
        for (int c = 0; c < width; c++)
            sum[c] += bin[c];
    }
}

/* The plan's sound that explains most of the window, if any explains enough: sound 1, 2 … */
PROGRESS_INLINE void progress_low(const float *bins, const progress_signature *signatures,
                                  int count, const float *power, int width, float *tone,
                                  int32_t *sound)
{
    for (int c = 0; c < width; c++) {
        tone[c] = power[c] * PROGRESS_STAY;
        sound[c] = 0;
    }
    for (int s = 0; s < count; s++) {
        float all[TILE], first[TILE], second[TILE];
        const int pair = signatures[s].second != 0;
        progress_sum(bins, signatures[s].all, width, all);
        if (pair) {
            progress_sum(bins, signatures[s].first, width, first);
            progress_sum(bins, signatures[s].second, width, second);
        }
        for (int c = 0; c < width; c++) {
            int better = all[c] > tone[c];
            if (pair)
                better &= (first[c] > 0.1f * all[c]) & (second[c] > 0.1f * all[c]);
            tone[c] = better ? all[c] : tone[c];
            sound[c] = better ? s + 1 : sound[c];
        }
    }
}

/* A high band's tone, if it holds more of the window and its frequency is right: sound `number`,
 * and on. `advance` is at the first of the channels. */
PROGRESS_INLINE void progress_high(const float *advance, const progress_reference *r, int number,
                                   int width, float *tone, int32_t *sound)
{
    const int hop = 2 * PROGRESS_BANDS * TILE;
    const float share = 2.0f / PROGRESS_UNIT; /* a sine's |sum|^2 is energy * UNIT / 2 */
    for (int b = 0; b < PROGRESS_BANDS; b++, advance += 2 * TILE) {
        float along[TILE], across[TILE], square[TILE];
        int any = 0;
        for (int c = 0; c < width; c++) {
            const float *at = advance + c;
            along[c] = (at[0] + at[hop]) + (at[2 * hop] + at[3 * hop]);
            at += TILE;
            across[c] = (at[0] + at[hop]) + (at[2 * hop] + at[3 * hop]);
            square[c] = along[c] * along[c] + across[c] * across[c];
            any |= square[c] * (share * share) > tone[c] * tone[c];
        }
        if (!any)
            continue;
        for (int c = 0; c < width; c++) {
            const float size = __builtin_sqrtf(square[c]);
            const float right = along[c] * r->step[b][0] + across[c] * r->step[b][1];
            const int better = (size * share > tone[c]) & (right > r->limit[b] * size);
            tone[c] = better ? size * share : tone[c];
            sound[c] = better ? number + b : sound[c];
        }
    }
}

/* Looks at a tile's window. -> whether there is anything in it. */
CLONES static int progress_look(const progress_tile *t, const progress_reference *r,
                                  const progress_signature *signatures, int count, int number,
                                  progress_window_tile *w)
{
    PROGRESS_AT(w->power) = (PROGRESS_OF(t->energy[0]) + PROGRESS_OF(t->energy[1]))
                            + (PROGRESS_OF(t->energy[2]) + PROGRESS_OF(t->energy[3]));
    memset(w->sound, 0, sizeof w->sound);
    if (!progress_any_above(w->power, r->least))
        return 0;
    progress_spectrum(t, r, w->bins);
    progress_low(w->bins[0], signatures, count, w->power, TILE, w->tone, w->sound);
    progress_high(t->advance[0][0][0], r, number, TILE, w->tone, w->sound);
    return 1;
}

CLONES_END

#endif

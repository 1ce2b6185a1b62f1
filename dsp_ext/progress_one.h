/* The loops of progress.h for one channel, where few of a tile are listened to: here the lanes of a
 * vector are the frequencies. All pointers into a tile are at the channel's own lane. */
#ifndef DSP_EXT_PROGRESS_ONE_H
#define DSP_EXT_PROGRESS_ONE_H

#include "progress.h"

CLONES_BEGIN

PROGRESS_INLINE void progress_silence_one(float *chunk, float *last, float *advance)
{
    for (int i = 0; i < 4; i++)
        chunk[i * TILE] = 0.0f;
    for (int i = 0; i < 2 * PROGRESS_BANDS; i++) {
        last[i * TILE] = 0.0f;
        if (advance)
            advance[i * TILE] = 0.0f;
    }
}

PROGRESS_INLINE void progress_advance_one(const float *band, float *last, float *advance,
                                          int fresh)
{
    for (int b = 0; b < PROGRESS_BANDS; b++, band += 2, last += 2 * TILE, advance += 2 * TILE) {
        const float along = band[0] * last[0] + band[1] * last[TILE];
        const float across = band[1] * last[0] - band[0] * last[TILE];
        advance[0] = fresh ? along : advance[0] + along;
        advance[TILE] = fresh ? across : advance[TILE] + across;
        last[0] = band[0];
        last[TILE] = band[1];
    }
}

CLONES static void progress_unit_one(const float *pcm, long row, const progress_reference *r,
                                     progress_tile *t, int lane, int unit)
{
    progress_vector half[2] = {{0}, {0}};
    float value[2][TILE], energy[2] = {0.0f, 0.0f};
    const int hop = unit / 2, fresh = unit % 2 == 0;
    for (int i = 0; i < PROGRESS_CHUNK; i++) {
        const float x = pcm[i * row], y = pcm[(i + PROGRESS_CHUNK) * row];
        half[0] += x * PROGRESS_OF(r->one[i]);
        half[1] += y * PROGRESS_OF(r->one[i + PROGRESS_CHUNK]);
        energy[0] += x * x;
        energy[1] += y * y;
    }
    energy[0] += energy[1];
    float *whole = t->energy[hop] + lane, *chunk = t->chunk[2 * unit][0] + lane;
    float *last = t->last[0][0] + lane, *advance = t->advance[hop][0][0] + lane;
    *whole = fresh ? energy[0] : *whole + energy[0];
    if (energy[0] <= r->least / 32) {
        progress_silence_one(chunk, last, fresh ? advance : NULL);
        return;
    }
    PROGRESS_AT(value[0]) = half[0];
    PROGRESS_AT(value[1]) = half[0] + half[1];
    chunk[0] = value[0][0];
    chunk[TILE] = value[0][1];
    PROGRESS_AT(value[0]) = half[1];
    chunk[2 * TILE] = value[0][0];
    chunk[3 * TILE] = value[0][1];
    progress_advance_one(value[1] + 2, last, advance, fresh);
}

PROGRESS_INLINE void progress_spectrum_one(const float *chunk, const progress_reference *r,
                                           float *bins)
{
    progress_vector re = {0}, im = {0};
    for (int m = 0; m < PROGRESS_BINS; m++, chunk += 2 * TILE) {
        const progress_vector c = PROGRESS_OF(r->turn[m][0]), s = PROGRESS_OF(r->turn[m][1]);
        re += chunk[0] * c + chunk[TILE] * s;
        im += chunk[TILE] * c - chunk[0] * s;
    }
    float energy[TILE];
    PROGRESS_AT(energy) = (re * re + im * im) * PROGRESS_OF(r->weight);
    for (int k = 0; k < PROGRESS_BINS; k++)
        bins[k * TILE] = energy[k];
}

CLONES static int progress_look_one(const progress_tile *t, const progress_reference *r,
                                      const progress_signature *signatures, int count, int number,
                                      int lane, progress_window_tile *w)
{
    const float *energy = t->energy[0] + lane;
    const float power = (energy[0] + energy[TILE]) + (energy[2 * TILE] + energy[3 * TILE]);
    w->power[lane] = power;
    w->sound[lane] = 0;
    if (power <= r->least)
        return 0;
    progress_spectrum_one(t->chunk[0][0] + lane, r, w->bins[0] + lane);
    progress_low(w->bins[0] + lane, signatures, count, w->power + lane, 1, w->tone + lane,
                 w->sound + lane);
    progress_high(t->advance[0][0][0] + lane, r, number, 1, w->tone + lane, w->sound + lane);
    return 1;
}

CLONES_END

#endif

/* Inner loops of the DTMF detector: what is done for every hop of all channels. */
#ifndef DSP_EXT_DTMF_H
#define DSP_EXT_DTMF_H

#include <stdint.h>
#include <string.h>
#include "clones.h"

#define DTMF_TONES 8
#define DTMF_HOP 34
#define DTMF_HALF (DTMF_HOP / 2)
#define DTMF_HOPS 3
#define DTMF_WINDOW (DTMF_HOP * DTMF_HOPS)
#define DTMF_ROWS 17 /* 8 x re, 8 x im, energy */
#define DTMF_ENERGY (2 * DTMF_TONES)
#define DTMF_FEW 3 /* up to so many channels of a tile are done one by one */

/* Of one window; a run of windows is judged more strictly in dtmf_fit.h. */
#define DTMF_FRACTION 0.65f  /* tones to total energy */
#define DTMF_PEAK 1.6f       /* a group's strongest to its next, power */
#define DTMF_LOUD_LOW 32.0f  /* 15 dB */
#define DTMF_LOUD_HIGH 6.3f  /* 8 dB */

/* What several clones share must become part of each of them. */
#ifdef __GNUC__
#define DTMF_INLINE inline __attribute__((always_inline))
#else
#define DTMF_INLINE inline
#endif

CLONES_BEGIN

/* 16 floats as one value, wherever they lie; the compiler makes the processor's vectors of it. */
typedef float dtmf_lanes __attribute__((vector_size(64), aligned(4), may_alias));
#define DTMF_AT(p) (*(dtmf_lanes *)(p))
#define DTMF_FROM(p) (*(const dtmf_lanes *)(p))

/* Correlates one hop of a tile with the eight tones into `sums`, phases at the hop's middle. There
 * a cosine is even and a sine is odd, so that two samples are taken at once. `reference`: for each
 * distance from the middle 8 cosines, 8 negative sines. -> whether the hop is louder than `quiet`
 * on any channel; where not, the sums are zero. */
CLONES static int dtmf_add(const float *pcm, int cstride, const float *reference, float quiet,
                           float *sums)
{
    const long row = cstride;
    const float *before = pcm + (DTMF_HALF - 1) * row, *after = before + row;
    dtmf_lanes even[DTMF_HALF], odd[DTMF_HALF], energy = {0};
    for (int i = 0; i < DTMF_HALF; i++, before -= row, after += row) {
        dtmf_lanes a = DTMF_FROM(before), b = DTMF_FROM(after);
        even[i] = b + a;
        odd[i] = b - a;
        energy += a * a + b * b;
    }
    DTMF_AT(sums + DTMF_ENERGY * TILE) = energy;
    float loudest = 0.0f;
    for (int c = 0; c < TILE; c++)
        loudest = energy[c] > loudest ? energy[c] : loudest;
    if (!(loudest > quiet)) {
        memset(sums, 0, DTMF_ENERGY * TILE * sizeof *sums);
        return 0;
    }
    for (int k = 0; k < DTMF_TONES; k += 2) {
        const float *ref = reference + k;
        dtmf_lanes re = {0}, im = {0}, re2 = {0}, im2 = {0};
        for (int i = 0; i < DTMF_HALF; i++, ref += 2 * DTMF_TONES) {
            re += even[i] * ref[0];
            re2 += even[i] * ref[1];
            im += odd[i] * ref[DTMF_TONES];
            im2 += odd[i] * ref[DTMF_TONES + 1];
        }
        DTMF_AT(sums + k * TILE) = re;
        DTMF_AT(sums + (k + 1) * TILE) = re2;
        DTMF_AT(sums + (k + DTMF_TONES) * TILE) = im;
        DTMF_AT(sums + (k + DTMF_TONES + 1) * TILE) = im2;
    }
    return 1;
}

/* The same for one channel: here the lanes are its tones. */
CLONES static void dtmf_add_one(const float *pcm, int cstride, const float *reference, float *sums)
{
    const long row = cstride;
    const float *before = pcm + (DTMF_HALF - 1) * row, *after = before + row;
    dtmf_lanes even = {0}, odd = {0};
    float energy = 0.0f, both[2][TILE];
    for (int i = 0; i < DTMF_HALF; i++, before -= row, after += row, reference += TILE) {
        const float a = before[0], b = after[0];
        even += (b + a) * DTMF_FROM(reference);
        odd += (b - a) * DTMF_FROM(reference);
        energy += a * a + b * b;
    }
    DTMF_AT(both[0]) = even;
    DTMF_AT(both[1]) = odd;
    for (int k = 0; k < DTMF_ENERGY; k++)
        sums[k * TILE] = both[k >= DTMF_TONES][k];
    sums[DTMF_ENERGY * TILE] = energy;
}

/* The strongest of a group of four tones, the next strongest, and which it is. */
static DTMF_INLINE void dtmf_group(const float *window, float *best, float *next, int32_t *which,
                                   int width)
{
    for (int k = 0; k < 4; k++) {
        const float *re = window + k * TILE, *im = re + DTMF_TONES * TILE;
        for (int c = 0; c < width; c++) {
            float p = re[c] * re[c] + im[c] * im[c];
            float less = p < best[c] ? p : best[c];
            next[c] = less > next[c] ? less : next[c];
            which[c] = p > best[c] ? k : which[c];
            best[c] = p > best[c] ? p : best[c];
        }
    }
}

/* `width` channels: joins the hops, turned to the phase of the window's middle, and says which key
 * each channel's window looks like; -1: none. `turn`: of each tone in a hop, cosine and sine.
 * -> whether any looks like one. */
static DTMF_INLINE int dtmf_judge(const float *restrict old, const float *restrict mid,
                                  const float *restrict fresh, const float *restrict turn,
                                  float least, float *restrict window,
                                  int32_t *restrict candidate, int width)
{
    float low[TILE] = {0}, low2[TILE] = {0}, high[TILE] = {0}, high2[TILE] = {0};
    int32_t row[TILE] = {0}, column[TILE] = {0};
    for (int k = 0; k < DTMF_TONES; k++) {
        const int re = k * TILE, im = re + DTMF_TONES * TILE;
        const float cosine = turn[2 * k], sine = turn[2 * k + 1];
        for (int c = 0; c < width; c++) {
            window[re + c] = mid[re + c] + (old[re + c] + fresh[re + c]) * cosine
                             + (fresh[im + c] - old[im + c]) * sine;
            window[im + c] = mid[im + c] + (old[im + c] + fresh[im + c]) * cosine
                             + (old[re + c] - fresh[re + c]) * sine;
        }
    }
    dtmf_group(window, low, low2, row, width);
    dtmf_group(window + 4 * TILE, high, high2, column, width);
    const int e = DTMF_ENERGY * TILE;
    int32_t any = 0;
    for (int c = 0; c < width; c++) {
        float energy = old[e + c] + mid[e + c] + fresh[e + c];
        float tones = (low[c] + high[c]) * (2.0f / DTMF_WINDOW);
        int32_t good = (low[c] > least) & (high[c] > least) & (low[c] > low2[c] * DTMF_PEAK)
                       & (high[c] > high2[c] * DTMF_PEAK) & (low[c] < high[c] * DTMF_LOUD_LOW)
                       & (high[c] < low[c] * DTMF_LOUD_HIGH) & (tones > energy * DTMF_FRACTION);
        window[e + c] = energy;
        candidate[c] = good ? row[c] * 4 + column[c] : -1;
        any |= good;
    }
    return any;
}

CLONES static int dtmf_window(const float *old, const float *mid, const float *fresh,
                              const float *turn, float least, float *window, int32_t *candidate)
{
    return dtmf_judge(old, mid, fresh, turn, least, window, candidate, TILE);
}

static int dtmf_window_one(const float *old, const float *mid, const float *fresh,
                           const float *turn, float least, float *window, int32_t *candidate)
{
    return dtmf_judge(old, mid, fresh, turn, least, window, candidate, 1);
}

CLONES_END

/* n rows of a tile to where the unfinished hop is kept. */
static void dtmf_keep(const float *pcm, int cstride, int n, float *kept)
{
    for (int i = 0; i < n; i++, pcm += cstride, kept += TILE)
        memcpy(kept, pcm, TILE * sizeof *kept);
}

#endif

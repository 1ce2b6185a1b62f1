/* Inner loops of the DTMF detector: what is done for every sample and every hop of all channels. */
#ifndef DSP_EXT_DTMF_H
#define DSP_EXT_DTMF_H

#include <stdint.h>
#include "clones.h"

#define DTMF_TONES 8
#define DTMF_HOP 34
#define DTMF_HOPS 3
#define DTMF_WINDOW (DTMF_HOP * DTMF_HOPS)
#define DTMF_ROWS 17 /* 8 x (re, im), energy */

/* Of one window; the averages over a run of windows are judged more strictly in dtmf.pyx. */
#define DTMF_FRACTION 0.65f  /* tones to total energy */
#define DTMF_PEAK 3.0f       /* a group's strongest to its next, power */
#define DTMF_LOUD_LOW 16.0f  /* 12 dB */
#define DTMF_LOUD_HIGH 6.3f  /* 8 dB */

CLONES_BEGIN

/* Correlates n samples of a tile with the eight tones and adds into `sums`. The references start
 * at the hop's first sample; `at` is how far into the hop these samples are. */
CLONES static void dtmf_add(const float *restrict pcm, int cstride, int n, int at,
                            const float *restrict cosine, const float *restrict sine,
                            float *restrict sums)
{
    for (int k = 0; k < DTMF_TONES; k += 2) {
        const float *ca = cosine + k * DTMF_HOP + at, *cb = ca + DTMF_HOP;
        const float *sa = sine + k * DTMF_HOP + at, *sb = sa + DTMF_HOP;
        float re[TILE] = {0}, im[TILE] = {0}, re2[TILE] = {0}, im2[TILE] = {0};
        const float *row = pcm;
        for (int i = 0; i < n; i++, row += cstride)
            for (int c = 0; c < TILE; c++) {
                re[c] += row[c] * ca[i];
                im[c] += row[c] * sa[i];
                re2[c] += row[c] * cb[i];
                im2[c] += row[c] * sb[i];
            }
        for (int c = 0; c < TILE; c++) {
            sums[(2 * k + 0) * cstride + c] += re[c];
            sums[(2 * k + 1) * cstride + c] += im[c];
            sums[(2 * k + 2) * cstride + c] += re2[c];
            sums[(2 * k + 3) * cstride + c] += im2[c];
        }
    }
    float energy[TILE] = {0};
    for (int i = 0; i < n; i++, pcm += cstride)
        for (int c = 0; c < TILE; c++)
            energy[c] += pcm[c] * pcm[c];
    for (int c = 0; c < TILE; c++)
        sums[2 * DTMF_TONES * cstride + c] += energy[c];
}

/* The window's sums from those of its hops, each turned to the phase of the oldest. */
static inline void dtmf_join(const float *restrict old, const float *restrict mid,
                             const float *restrict fresh, int cstride,
                             const float *restrict turn, float *restrict window)
{
    for (int k = 0; k < DTMF_TONES; k++) {
        const int re = 2 * k * cstride, im = re + cstride;
        const float r1 = turn[4 * k], i1 = turn[4 * k + 1];
        const float r2 = turn[4 * k + 2], i2 = turn[4 * k + 3];
        for (int c = 0; c < TILE; c++) {
            window[re + c] = old[re + c] + (mid[re + c] * r1 - mid[im + c] * i1)
                             + (fresh[re + c] * r2 - fresh[im + c] * i2);
            window[im + c] = old[im + c] + (mid[re + c] * i1 + mid[im + c] * r1)
                             + (fresh[re + c] * i2 + fresh[im + c] * r2);
        }
    }
    const int e = 2 * DTMF_TONES * cstride;
    for (int c = 0; c < TILE; c++)
        window[e + c] = old[e + c] + mid[e + c] + fresh[e + c];
}

/* The strongest of a group of four tones, the next strongest, and which it is. */
static inline void dtmf_group(const float *window, int cstride, float *best, float *next,
                              int32_t *which)
{
    for (int c = 0; c < TILE; c++) {
        best[c] = window[c] * window[c] + window[cstride + c] * window[cstride + c];
        next[c] = 0.0f;
        which[c] = 0;
    }
    for (int k = 1; k < 4; k++) {
        const float *re = window + 2 * k * cstride, *im = re + cstride;
        for (int c = 0; c < TILE; c++) {
            float p = re[c] * re[c] + im[c] * im[c];
            float less = p < best[c] ? p : best[c];
            next[c] = less > next[c] ? less : next[c];
            which[c] = p > best[c] ? k : which[c];
            best[c] = p > best[c] ? p : best[c];
        }
    }
}

/* One tile: joins the hops and says which key each channel's window looks like (-1: none). */
CLONES static void dtmf_window(const float *old, const float *mid, const float *fresh, int cstride,
                               const float *turn, float least, float *window, int32_t *candidate)
{
    float low[TILE], low2[TILE], high[TILE], high2[TILE];
    int32_t row[TILE], column[TILE];
    dtmf_join(old, mid, fresh, cstride, turn, window);
    dtmf_group(window, cstride, low, low2, row);
    dtmf_group(window + 8 * cstride, cstride, high, high2, column);
    const float *energy = window + 2 * DTMF_TONES * cstride;
    for (int c = 0; c < TILE; c++) {
        float tones = (low[c] + high[c]) * (2.0f / DTMF_WINDOW);
        int good = (low[c] > least) & (high[c] > least) & (low[c] > low2[c] * DTMF_PEAK)
                   & (high[c] > high2[c] * DTMF_PEAK) & (low[c] < high[c] * DTMF_LOUD_LOW)
                   & (high[c] < low[c] * DTMF_LOUD_HIGH) & (tones > energy[c] * DTMF_FRACTION);
        candidate[c] = good ? row[c] * 4 + column[c] : -1;
    }
}

CLONES_END

#endif

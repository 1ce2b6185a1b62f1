/* Inner loops of the DTMF detector: what is done for every hop of all channels. */
#ifndef DSP_EXT_DTMF_H
#define DSP_EXT_DTMF_H

#include <stdint.h>
#include <string.h>
#include "dtmf_size.h"

#define DTMF_ADD_LINKAGE static
#define DTMF_ADD dtmf_add_plain
#define DTMF_ADD_LANES 4 /* what any processor of ours has, or takes apart */
#include "dtmf_add.h"

/* Of one window; a run of windows is judged more strictly in dtmf_fit.h. */
#define DTMF_FRACTION 0.65f  /* tones to total energy */
#define DTMF_PEAK 1.6f       /* a group's strongest to its next, power */
#define DTMF_LOUD_LOW 32.0f  /* 15 dB */
#define DTMF_LOUD_HIGH 6.3f  /* 8 dB */

/* The quickest correlator that this processor can run. */
static inline dtmf_add_fn dtmf_add_best(void)
{
#ifdef HAVE_CLONES
    if (__builtin_cpu_supports("avx512f"))
        return dtmf_add_avx512;
    if (__builtin_cpu_supports("avx2"))
        return dtmf_add_avx2;
#endif
    return dtmf_add_plain;
}

CLONES_BEGIN

/* 16 floats as one value, wherever they lie; the compiler makes the processor's vectors of it. */
typedef float dtmf_lanes __attribute__((vector_size(64), aligned(4), may_alias));
#define DTMF_AT(p) (*(dtmf_lanes *)(p))
#define DTMF_FROM(p) (*(const dtmf_lanes *)(p))

/* One hop of one channel: here the lanes are its tones. */
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
static ALWAYS_INLINE void dtmf_group(const float *window, float *best, float *next, int32_t *which,
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
 * each channel's window looks like; -1: none. `turn`: of each tone in a hop, cosine and sine. */
static ALWAYS_INLINE void dtmf_judge(const float *restrict old, const float *restrict mid,
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
    for (int c = 0; c < width; c++) {
        float energy = old[e + c] + mid[e + c] + fresh[e + c];
        float tones = (low[c] + high[c]) * (2.0f / DTMF_WINDOW);
        int32_t good = (low[c] > least) & (high[c] > least) & (low[c] > low2[c] * DTMF_PEAK)
                       & (high[c] > high2[c] * DTMF_PEAK) & (low[c] < high[c] * DTMF_LOUD_LOW)
                       & (high[c] < low[c] * DTMF_LOUD_HIGH) & (tones > energy * DTMF_FRACTION);
        window[e + c] = energy;
        candidate[c] = good ? row[c] * 4 + column[c] : -1;
    }
}

CLONES static void dtmf_window(const float *old, const float *mid, const float *fresh,
                               const float *turn, float least, float *window, int32_t *candidate)
{
    dtmf_judge(old, mid, fresh, turn, least, window, candidate, TILE);
}

static void dtmf_window_one(const float *old, const float *mid, const float *fresh,
                            const float *turn, float least, float *window, int32_t *candidate)
{
    dtmf_judge(old, mid, fresh, turn, least, window, candidate, 1);
}

/* Goes on counting the windows without the key that sounds; channels that are off have no key.
 * -> a bit for each channel with more to do: a run of windows begins, goes on or ends, or a key. */
CLONES static uint32_t dtmf_count(dtmf_tile *restrict t, int32_t *restrict candidate)
{
    uint32_t todo = 0;
    for (int c = 0; c < TILE; c++) {
        const int32_t key = t->on[c] ? candidate[c] : -1, same = key == t->digit[c];
        const int32_t quiet = same ? 0 : t->quiet[c] + (t->quiet[c] < DTMF_QUIET);
        const int32_t ended = (t->digit[c] >= 0) & (quiet >= DTMF_QUIET);
        candidate[c] = key;
        t->quiet[c] = quiet;
        todo |= (uint32_t)(t->running[c] | ((key >= 0) & !same) | ended) << c;
    }
    return todo;
}

/* Whether any channel is in a key or a run of windows. */
CLONES static int32_t dtmf_busy(const dtmf_tile *t)
{
    int32_t busy = 0;
    for (int c = 0; c < TILE; c++)
        busy |= t->running[c] | (t->digit[c] >= 0);
    return busy;
}

CLONES_END

/* n rows of a tile to where the unfinished hop is kept. */
static void dtmf_keep(const float *pcm, int cstride, int n, float *kept)
{
    for (int i = 0; i < n; i++, pcm += cstride, kept += TILE)
        memcpy(kept, pcm, TILE * sizeof *kept);
}

#endif

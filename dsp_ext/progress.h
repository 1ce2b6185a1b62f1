/* Inner loops of the call-progress detector: what is done for every sample and every hop of all
 * channels. progress.pyx says what for. */
#ifndef DSP_EXT_PROGRESS_H
#define DSP_EXT_PROGRESS_H

#include <math.h>
#include <stdint.h>
#include "clones.h"
#include "progress_signature.h"

#define PROGRESS_UNIT 40                     /* samples taken at once: 5 ms */
#define PROGRESS_FOLD (PROGRESS_UNIT / 2)
#define PROGRESS_CHUNK 20                    /* samples of a value of the low band: 2.5 ms */
#define PROGRESS_HALF (PROGRESS_CHUNK / 2)
#define PROGRESS_BINS 16                     /* chunks in a window, and its spectrum: 40 ms, 25 Hz */
#define PROGRESS_HOPS 4                      /* hops of 10 ms in a window */
#define PROGRESS_SIGNATURES 8
#define PROGRESS_BANDS 5

#define PROGRESS_STAY 0.5f  /* share of a tone in all energy, so that it is still one */

CLONES_BEGIN

/* The mirrored samples of a unit: sums, which cosines want, and differences, which sines want; so
 * that each product is needed only once. */
CLONES static void progress_fold(const float *restrict pcm, int cstride, int length,
                                 float *restrict even, float *restrict odd)
{
    const float *tail = pcm + (length - 1) * cstride;
    for (int i = 0; i < length / 2; i++, pcm += cstride, tail -= cstride)
        for (int c = 0; c < TILE; c++) {
            even[i * TILE + c] = pcm[c] + tail[c];
            odd[i * TILE + c] = pcm[c] - tail[c];
        }
}

/* Correlates folded samples with `count` frequencies; each gives a row of cosines, one of sines. */
CLONES static void progress_correlate(const float *restrict even, const float *restrict odd, int n,
                                      const float *restrict reference, int count, int cstride,
                                      float *restrict out)
{
    for (int b = 0; b < count; b++, reference += 2 * n, out += 2 * cstride) {
        float re[TILE] = {0}, im[TILE] = {0};
        const float *e = even, *o = odd;
        for (int i = 0; i < n; i++, e += TILE, o += TILE)
            for (int c = 0; c < TILE; c++) {
                re[c] += e[c] * reference[i];
                im[c] += o[c] * reference[n + i];
            }
        for (int c = 0; c < TILE; c++) {
            out[c] = re[c];
            out[cstride + c] = im[c];
        }
    }
}

CLONES static void progress_energy(const float *restrict even, const float *restrict odd, int n,
                                   float *restrict energy)
{
    float sum[TILE] = {0};
    for (int i = 0; i < n; i++, even += TILE, odd += TILE)
        for (int c = 0; c < TILE; c++)
            sum[c] += even[c] * even[c] + odd[c] * odd[c];
    for (int c = 0; c < TILE; c++)
        energy[c] += 0.5f * sum[c];
}

/* One tile, one unit: the low band's two values, those of the high bands, and the energy. */
static void progress_unit(const float *pcm, int cstride, const float *low, const float *high,
                          int bands, float *chunk, float *band, float *energy)
{
    float even[PROGRESS_FOLD * TILE], odd[PROGRESS_FOLD * TILE];
    for (int part = 0; part < 2; part++) {
        progress_fold(pcm + part * PROGRESS_CHUNK * cstride, cstride, PROGRESS_CHUNK, even, odd);
        progress_correlate(even, odd, PROGRESS_HALF, low, 1, cstride, chunk + 2 * part * cstride);
    }
    progress_fold(pcm, cstride, PROGRESS_UNIT, even, odd);
    progress_correlate(even, odd, PROGRESS_FOLD, high, bands, cstride, band);
    progress_energy(even, odd, PROGRESS_FOLD, energy);
}

/* The high bands' advance of phase from one unit to the next, added up over a hop. */
CLONES static void progress_advance(const float *restrict band, int bands, int cstride,
                                    float *restrict last, float *restrict advance)
{
    for (int b = 0; b < bands; b++) {
        for (int c = 0; c < TILE; c++) {
            float re = band[c], im = band[cstride + c];
            float was_re = last[c], was_im = last[cstride + c];
            advance[c] += re * was_re + im * was_im;
            advance[cstride + c] += im * was_re - re * was_im;
            last[c] = re;
            last[cstride + c] = im;
        }
        band += 2 * cstride;
        last += 2 * cstride;
        advance += 2 * cstride;
    }
}

/* Four of sixteen values, from `at` in steps of `by`: their transform, in place. */
static inline void progress_four(float re[PROGRESS_BINS][TILE], float im[PROGRESS_BINS][TILE],
                                 int at, int by)
{
    float *ar = re[at], *ai = im[at], *br = re[at + by], *bi = im[at + by];
    float *cr = re[at + 2 * by], *ci = im[at + 2 * by], *dr = re[at + 3 * by], *di = im[at + 3 * by];
    for (int c = 0; c < TILE; c++) {
        float sr = ar[c] + cr[c], si = ai[c] + ci[c], tr = ar[c] - cr[c], ti = ai[c] - ci[c];
        float ur = br[c] + dr[c], ui = bi[c] + di[c], vr = br[c] - dr[c], vi = bi[c] - di[c];
        ar[c] = sr + ur;
        ai[c] = si + ui;
        br[c] = tr + vi;
        bi[c] = ti - vr;
        cr[c] = sr - ur;
        ci[c] = si - ui;
        dr[c] = tr - vi;
        di[c] = ti + vr;
    }
}

/* Energy in each bin of the window; where the ring of chunks begins does not matter to it. */
CLONES static void progress_spectrum(const float *restrict chunk, int cstride,
                                     const float *restrict weight, float *restrict bins)
{
    static const float turn[10][2] = {
        {1.0f, 0.0f}, {0.9238795f, -0.3826834f}, {0.7071068f, -0.7071068f},
        {0.3826834f, -0.9238795f}, {0.0f, -1.0f}, {0.0f, 0.0f},
        {-0.7071068f, -0.7071068f}, {0.0f, 0.0f}, {0.0f, 0.0f}, {-0.9238795f, 0.3826834f},
    };
    float re[PROGRESS_BINS][TILE], im[PROGRESS_BINS][TILE];
    for (int k = 0; k < PROGRESS_BINS; k++)
        for (int c = 0; c < TILE; c++) {
            re[k][c] = chunk[2 * k * cstride + c];
            im[k][c] = chunk[(2 * k + 1) * cstride + c];
        }
    for (int k = 0; k < 4; k++)
        progress_four(re, im, k, 4);
    for (int k = 1; k < 4; k++)
        for (int m = 1; m < 4; m++) {
            const float tr = turn[k * m][0], ti = turn[k * m][1];
            float *r = re[4 * m + k], *i = im[4 * m + k];
            for (int c = 0; c < TILE; c++) {
                float x = r[c] * tr - i[c] * ti;
                i[c] = r[c] * ti + i[c] * tr;
                r[c] = x;
            }
        }
    for (int m = 0; m < 4; m++)
        progress_four(re, im, 4 * m, 1);
    for (int k = 0; k < PROGRESS_BINS; k++) {
        const float *r = re[4 * (k % 4) + k / 4], *i = im[4 * (k % 4) + k / 4];
        for (int c = 0; c < TILE; c++)
            bins[k * cstride + c] = (r[c] * r[c] + i[c] * i[c]) * weight[k];
    }
}

static inline void progress_sum(const float *bins, int cstride, uint32_t mask, float *sum)
{
    for (int c = 0; c < TILE; c++)
        sum[c] = 0.0f;
    for (int k = 0; k < PROGRESS_BINS; k++)
        if (mask >> k & 1)
            for (int c = 0; c < TILE; c++)
                sum[c] += bins[k * cstride + c];
}

/* The plan's sound that explains most of the window, if any explains enough: sound 1, 2 … */
CLONES static void progress_low(const float *restrict bins, int cstride,
                                const progress_signature *signatures, int count,
                                const float *restrict power, float *restrict tone,
                                int32_t *restrict sound)
{
    for (int c = 0; c < TILE; c++) {
        tone[c] = power[c] * PROGRESS_STAY;
        sound[c] = 0;
    }
    for (int s = 0; s < count; s++) {
        float all[TILE], first[TILE], second[TILE];
        const int pair = signatures[s].second != 0;
        progress_sum(bins, cstride, signatures[s].all, all);
        if (pair) {
            progress_sum(bins, cstride, signatures[s].first, first);
            progress_sum(bins, cstride, signatures[s].second, second);
        }
        for (int c = 0; c < TILE; c++) {
            int better = all[c] > tone[c];
            if (pair)
                better &= (first[c] > 0.1f * all[c]) & (second[c] > 0.1f * all[c]);
            tone[c] = better ? all[c] : tone[c];
            sound[c] = better ? s + 1 : sound[c];
        }
    }
}

/* A high band's tone, if it holds more of the window and its frequency is right: `turn` is what a
 * unit advances at the nominal frequency, `limit` the cosine of the largest error. */
CLONES static void progress_high(const float *restrict advance, int hop_rows, int cstride,
                                 const float *restrict turn, float limit, int number,
                                 float *restrict tone, int32_t *restrict sound)
{
    for (int c = 0; c < TILE; c++) {
        float re = 0.0f, im = 0.0f;
        for (int h = 0; h < PROGRESS_HOPS; h++) {
            re += advance[h * hop_rows * cstride + c];
            im += advance[(h * hop_rows + 1) * cstride + c];
        }
        float size = __builtin_sqrtf(re * re + im * im);
        float along = re * turn[0] + im * turn[1];
        float held = size * (2.0f / PROGRESS_UNIT); /* a sine's |sum|^2 is energy * UNIT / 2 */
        int better = (held > tone[c]) & (along > limit * size);
        tone[c] = better ? held : tone[c];
        sound[c] = better ? number : sound[c];
    }
}

CLONES_END

#endif

/* Real Fourier transform of 160 samples for 16 channels at once: [n][16], channel innermost.
 *
 * A complex transform of 80 points: 5 x 16 by Good and Thomas's mapping (no twiddles between), the
 * 16 as 4 x 4; then the usual step from complex to real. A spectrum is 81 bins of (re, im). */
#ifndef DSP_EXT_FFT160_H
#define DSP_EXT_FFT160_H

#include "clones.h"

#define FFT_HALF 80
#define FFT_BINS 81
#define FFT_ROWS (2 * FFT_BINS)

typedef float lanes __attribute__((vector_size(4 * TILE)));

#define FFT_INLINE static inline __attribute__((always_inline))

typedef struct {
    float turn[FFT_BINS][2];          /* cos, sin of 2 pi k / 160 */
    unsigned char from[16][5];        /* where the inputs of each 5-point transform lie */
    unsigned char to[5][16];          /* where the outputs of each 16-point transform go */
} fft160_tables;

CLONES_BEGIN

/* x[0..4] -> its transform; re and im apart. */
FFT_INLINE void fft_five(lanes *re, lanes *im)
{
    const float c1 = 0.30901699437494745f, c2 = -0.8090169943749475f;
    const float s1 = 0.9510565162951535f, s2 = 0.5877852522924731f;
    const lanes ar = re[1] + re[4], ai = im[1] + im[4], br = re[1] - re[4], bi = im[1] - im[4];
    const lanes cr = re[2] + re[3], ci = im[2] + im[3], dr = re[2] - re[3], di = im[2] - im[3];
    const lanes tr = re[0] + ar * c1 + cr * c2, ti = im[0] + ai * c1 + ci * c2;
    const lanes vr = re[0] + ar * c2 + cr * c1, vi = im[0] + ai * c2 + ci * c1;
    const lanes ur = br * s1 + dr * s2, ui = bi * s1 + di * s2;
    const lanes wr = br * s2 - dr * s1, wi = bi * s2 - di * s1;
    re[0] += ar + cr;
    im[0] += ai + ci;
    re[1] = tr + ui, im[1] = ti - ur;
    re[4] = tr - ui, im[4] = ti + ur;
    re[2] = vr + wi, im[2] = vi - wr;
    re[3] = vr - wi, im[3] = vi + wr;
}

/* Four points a, b, c, d of re and im. */
FFT_INLINE void fft_four(lanes *re, lanes *im, int a, int b, int c, int d)
{
    const lanes sr = re[a] + re[c], si = im[a] + im[c], tr = re[a] - re[c], ti = im[a] - im[c];
    const lanes ur = re[b] + re[d], ui = im[b] + im[d], vr = re[b] - re[d], vi = im[b] - im[d];
    re[a] = sr + ur, im[a] = si + ui;
    re[b] = tr + vi, im[b] = ti - vr;
    re[c] = sr - ur, im[c] = si - ui;
    re[d] = tr - vi, im[d] = ti + vr;
}

FFT_INLINE void fft_turn(lanes *re, lanes *im, float c, float s) /* by exp(-i phi) */
{
    const lanes r = *re * c + *im * s;
    *im = *im * c - *re * s;
    *re = r;
}

/* 16 points; bin 4 i + j of the result lies at j * 4 + i. */
FFT_INLINE void fft_sixteen(lanes *re, lanes *im)
{
    const float c1 = 0.9238795325112867f, s1 = 0.3826834323650898f, h = 0.7071067811865476f;
    for (int b = 0; b < 4; b++)
        fft_four(re, im, b, b + 4, b + 8, b + 12);
    fft_turn(re + 5, im + 5, c1, s1);
    fft_turn(re + 6, im + 6, h, h);
    fft_turn(re + 7, im + 7, s1, c1);
    fft_turn(re + 9, im + 9, h, h);
    fft_turn(re + 10, im + 10, 0.0f, 1.0f);
    fft_turn(re + 11, im + 11, -h, h);
    fft_turn(re + 13, im + 13, s1, c1);
    fft_turn(re + 14, im + 14, -h, h);
    fft_turn(re + 15, im + 15, -c1, -s1);
    for (int a = 0; a < 16; a += 4)
        fft_four(re, im, a, a + 1, a + 2, a + 3);
}

/* 80 complex points; in and out are [80][2] lanes, part 0 and 1 being re and im, or im and re for
 * the inverse. */
FFT_INLINE void fft_eighty(const fft160_tables *t, const lanes *in, lanes *out, int re, int im)
{
    lanes mid_re[5][16], mid_im[5][16];
    for (int b = 0; b < 16; b++) {
        lanes r[5], i[5];
        for (int a = 0; a < 5; a++)
            r[a] = in[2 * t->from[b][a] + re], i[a] = in[2 * t->from[b][a] + im];
        fft_five(r, i);
        for (int a = 0; a < 5; a++)
            mid_re[a][b] = r[a], mid_im[a][b] = i[a];
    }
    for (int a = 0; a < 5; a++) {
        fft_sixteen(mid_re[a], mid_im[a]);
        for (int b = 0; b < 16; b++) {
            out[2 * t->to[a][b] + re] = mid_re[a][b];
            out[2 * t->to[a][b] + im] = mid_im[a][b];
        }
    }
}

/* 160 samples -> 81 bins. */
FFT_INLINE void fft_forward(const fft160_tables *t, const lanes *x, lanes *bins)
{
    lanes z[2 * FFT_HALF];
    fft_eighty(t, x, z, 0, 1);
    for (int k = 0; k <= FFT_HALF / 2; k++) {
        const int a = 2 * k, b = 2 * (FFT_HALF - k), zb = k ? b : 0;
        const float c = t->turn[k][0] * 0.5f, s = t->turn[k][1] * 0.5f;
        const lanes er = (z[a] + z[zb]) * 0.5f, ei = (z[a + 1] - z[zb + 1]) * 0.5f;
        const lanes or_ = z[a + 1] + z[zb + 1], oi = z[zb] - z[a];
        const lanes tr = or_ * c + oi * s, ti = oi * c - or_ * s;
        bins[a] = er + tr, bins[a + 1] = ei + ti;
        bins[b] = er - tr, bins[b + 1] = ti - ei;
    }
}

/* 81 bins -> 160 samples. */
FFT_INLINE void fft_inverse(const fft160_tables *t, const lanes *bins, lanes *x)
{
    lanes z[2 * FFT_HALF];
    const float scale = 1.0f / (2 * FFT_HALF);
    for (int k = 0; k <= FFT_HALF / 2; k++) {
        const int a = 2 * k, b = 2 * (FFT_HALF - k);
        const float c = t->turn[k][0] * scale, s = t->turn[k][1] * scale;
        const lanes er = (bins[a] + bins[b]) * scale, ei = (bins[a + 1] - bins[b + 1]) * scale;
        const lanes dr = bins[a] - bins[b], di = bins[a + 1] + bins[b + 1];
        const lanes tr = dr * c - di * s, ti = di * c + dr * s; /* d exp(i phi), then times i */
        z[a] = er - ti, z[a + 1] = ei + tr;
        if (k > 0 && k < FFT_HALF / 2)
            z[b] = er + ti, z[b + 1] = tr - ei;
    }
    fft_eighty(t, z, x, 1, 0);
}

CLONES_END

#endif

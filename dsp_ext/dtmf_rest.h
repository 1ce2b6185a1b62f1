/* What a pair of tones leaves of the sound: noise, or a voice of which the tones are two harmonics.
 *
 * All of a voice repeats after a period of its pitch, what the tones leave as well as the tones; a
 * key's tones repeat together with the speech under them by chance only. So where much is left, the
 * lag at which it resembles itself most is looked for, and the tones are asked whether they repeat
 * after it too. */
#ifndef DSP_EXT_DTMF_REST_H
#define DSP_EXT_DTMF_REST_H

#include <math.h>
#include "dtmf.h"

#define DTMF_HEARD 9 /* hops of a run that are kept as samples, the newest */
#define DTMF_LAG_LOW 16 /* samples: pitch of 500 Hz */
#define DTMF_LAGS 96 /* to 72 Hz */
#define DTMF_MOST ((DTMF_HEARD - 1) * DTMF_HOP)
#define DTMF_SETTLE 68 /* samples in which the filter forgets */

#define DTMF_LEFT 0.008f /* what is left of the energy, above the dial tones, so that it is asked */
#define DTMF_OVERLOAD 30000.0 /* tones' peaks together: what is left is of the clipping */

/* Above 600 Hz alone, where no dial tone is: Chebyshev II of order 4, 26 dB down at 470 Hz. Before
 * its beginning the sound is taken to be mirrored. */
static void dtmf_no_dial_tone(const float *in, int n, float *out)
{
    static const float b[2][3] = {{0.602231f, -1.192229f, 0.602231f}, {1.0f, -1.884438f, 1.0f}};
    static const float a[2][2] = {{-1.356976f, 0.482135f}, {-1.526875f, 0.752248f}};
    float s[2][2] = {{0}};
    for (int i = -DTMF_SETTLE; i < n; i++) {
        float x = in[i < 0 ? -i : i];
        for (int k = 0; k < 2; k++) {
            const float y = b[k][0] * x + s[k][0];
            s[k][0] = b[k][1] * x - a[k][0] * y + s[k][1];
            s[k][1] = b[k][2] * x - a[k][1] * y;
            x = y;
        }
        if (i >= 0)
            out[i] = x;
    }
}

/* Takes a steady tone out of n samples; z: its peaks in `windows` windows, the last of which ends
 * where the samples do. */
static void dtmf_take_out(float *sound, int n, const double (*z)[2], int windows, double turn)
{
    const float hop_re = cosf((float)turn * DTMF_HOP), hop_im = sinf((float)turn * DTMF_HOP);
    float re = 0.0f, im = 0.0f; /* at the last window's middle: the mean of all, turned there */
    for (int i = 0; i < windows; i++) {
        const float was = re;
        re = re * hop_re - im * hop_im + (float)z[i][0];
        im = was * hop_im + im * hop_re + (float)z[i][1];
    }
    re /= windows;
    im /= windows;
    const float back = (float)turn * (0.5f * (DTMF_WINDOW + 1) - n);
    const float c0 = cosf(back), s0 = sinf(back), c = cosf((float)turn), s = sinf((float)turn);
    float x = re * c0 - im * s0, y = im * c0 + re * s0;
    for (int i = 0; i < n; i++) {
        const float was = x;
        sound[i] -= x;
        x = x * c - y * s;
        y = was * s + y * c;
    }
}

/* How alike n samples, with DTMF_LAG_LOW + DTMF_LAGS zeros after them, are to themselves at the lag
 * at which they are it most; 1: the same. */
static float dtmf_likeness(const float *sound, int n, int *lag)
{
    enum { VECTORS = DTMF_LAGS / TILE };
    float both[DTMF_LAGS], before[DTMF_MOST + 1] = {0}, best = 0.0f;
    dtmf_lanes sums[VECTORS] = {{0}};
    for (int i = 0; i < n; i++) {
        before[i + 1] = before[i] + sound[i] * sound[i];
        for (int k = 0; k < VECTORS; k++)
            sums[k] += sound[i] * DTMF_FROM(sound + i + DTMF_LAG_LOW + k * TILE);
    }
    for (int k = 0; k < VECTORS; k++)
        DTMF_AT(both + k * TILE) = sums[k];
    *lag = DTMF_LAG_LOW;
    for (int k = 0; k < DTMF_LAGS; k++) {
        const int by = DTMF_LAG_LOW + k;
        const float norm = before[n - by] * (before[n] - before[by]);
        if (both[k] > 0.0f && both[k] * both[k] > best * norm) {
            best = both[k] * both[k] / norm;
            *lag = by;
        }
    }
    return sqrtf(best);
}

/* Whether the tones are two of a voice's, or what they leave is more alike to itself than
 * `no_noise`. `most`: the likeness and the cosine of the worse tone at its lag, together, of no voice.
 * heard: the run's newest samples, of which the last hop may not be full; a, b: the tones' peaks in
 * n windows before it. */
static int dtmf_of_a_voice(const int16_t *heard, int hops, const double (*a)[2],
                           const double (*b)[2], int n, const double *turn, float most,
                           float no_noise)
{
    float left[DTMF_MOST], sound[DTMF_MOST + DTMF_LAG_LOW + DTMF_LAGS] = {0};
    const int length = (hops - 1) * DTMF_HOP;
    float all = 0.0f, rest = 0.0f, worse = -1.0f;
    int lag;
    if (hypot(a[0][0], a[0][1]) + hypot(b[0][0], b[0][1]) > DTMF_OVERLOAD)
        return 0;
    for (int i = 0; i < length; i++) {
        left[i] = heard[i];
        all += left[i] * left[i];
    }
    dtmf_take_out(left, length, a, n, turn[0]);
    dtmf_take_out(left, length, b, n, turn[1]);
    dtmf_no_dial_tone(left, length, sound);
    for (int i = 0; i < length; i++)
        rest += sound[i] * sound[i];
    if (rest < all * DTMF_LEFT)
        return 0;
    const float alike = dtmf_likeness(sound, length, &lag);
    if (alike > no_noise)
        return 1;
    for (int by = lag - 1; by <= lag + 1; by++) { /* the period is no whole number of samples */
        const float low = cosf((float)turn[0] * by), high = cosf((float)turn[1] * by);
        worse = fmaxf(worse, fminf(low, high));
    }
    return alike + worse > most;
}

#endif

/* Whether a run of windows is a key: two steady tones fitted to it, and what they leave.
 *
 * A window's correlation with one tone holds some of the other tone and of both tones' mirror
 * images, by how far their frequencies are apart. With phases at the window's middle all these
 * shares are real numbers, the kernel S below, so that two equations for the real parts and two for
 * the imaginary ones take them apart. What is left of a key then is noise alone: its tones keep
 * level and frequency as exactly as the noise allows, which no voice does. */
#ifndef DSP_EXT_DTMF_FIT_H
#define DSP_EXT_DTMF_FIT_H

#include <math.h>
#include "dtmf.h"
#include "dtmf_rest.h"

#define DTMF_KEPT 16 /* windows of a run that are kept, the newest */
#define DTMF_RUN 7   /* windows alike that make a key; the first and last may not be full of it */
#define DTMF_RUN_NOISY 9

#define DTMF_AGAIN 4   /* times the frequencies are found anew from the tones taken apart */
#define DTMF_NEAR 4e-4 /* radians a sample, 0.5 Hz: the next step is far smaller */

#define DTMF_CLEAN 0.94    /* the tones' share of all energy, by which a short run will do */
#define DTMF_NOISY 0.84   /* least share */
#define DTMF_TWIST_LOW -9.6 /* dB */
#define DTMF_TWIST_HIGH 6.3
#define DTMF_OFF_SHARE 0.0165 /* how far a tone may be off: Q.24's 1.5 %, 2 Hz, and a bit */
#define DTMF_OFF_HZ 2.5
/* So exact are tones that are computed, and voices by chance only; speech under them moves one. */
#define DTMF_EXACT_LOW_HZ 2.5
#define DTMF_EXACT_HIGH_HZ 3.0
#define DTMF_EXACT_BOTH 1.0 /* one's deviation times the other's */
#define DTMF_LEVEL_SIGMAS 5.5 /* standard deviations of what the noise does, beyond dtmf_leave's */
#define DTMF_PHASE_SIGMAS 5.0
#define DTMF_LEAST_LEFT 4e-4 /* what G.711 leaves; shares are not more exact */
#define DTMF_LENIENT 1.2 /* where there is so much noise that a voice would be seen in it */

/* What is allowed to a key whose tones have any frequency within the limits, and to one whose tones
 * are exact: speech under it, as in barge-in, may then make it unsteady. */
typedef struct
{
    double level_db; /* between a tone's loudest and faintest window */
    double phase;    /* radians between the windows at the ends and the one in the middle */
    float alike;     /* see dtmf_rest.h */
    float no_noise;
} dtmf_leave;

static const dtmf_leave dtmf_any = {0.3, 0.015, 1.35f, 0.45f};
static const dtmf_leave dtmf_exact = {4.0, 0.5, 1.8f, 2.0f};

typedef struct
{
    int length;                    /* windows alike so far */
    int kept;                      /* of them in the arrays below, oldest first */
    float low[DTMF_KEPT][2];       /* correlation with the low tone, phase at the window's middle */
    float high[DTMF_KEPT][2];
    float energy[DTMF_KEPT];
    int hops;                      /* kept as samples, oldest first */
    int16_t heard[DTMF_HEARD * DTMF_HOP];
} dtmf_run;

typedef struct
{
    double low, high;         /* power of the tones: half their squared peaks */
    double low_hz, high_hz;   /* how far they are off */
    double share;             /* of both in all energy */
} dtmf_pair;

static void dtmf_run_begin(dtmf_run *run)
{
    run->length = run->kept = run->hops = 0;
    /* What a short run fills, fetched before it is needed: a bank's runs are more than a cache. */
    for (size_t at = 0; at < DTMF_RUN * DTMF_HOP * sizeof *run->heard; at += 64)
        __builtin_prefetch((char *)run->heard + at, 1);
}

/* pcm: the window's newest hop. */
static void dtmf_run_add(dtmf_run *run, const float *window, int low, int high, const float *pcm,
                         int cstride)
{
    if (run->hops == DTMF_HEARD) {
        run->hops--;
        memmove(run->heard, run->heard + DTMF_HOP, run->hops * DTMF_HOP * sizeof *run->heard);
    }
    int16_t *heard = run->heard + run->hops++ * DTMF_HOP;
    for (int i = 0; i < DTMF_HOP; i++) {
        const float x = pcm[(long)i * cstride];
        heard[i] = (int16_t)(x < 32767.0f ? x > -32768.0f ? x : -32768.0f : 32767.0f);
    }
    if (run->kept == DTMF_KEPT) {
        run->kept--;
        memmove(run->low, run->low + 1, sizeof run->low - sizeof run->low[0]);
        memmove(run->high, run->high + 1, sizeof run->high - sizeof run->high[0]);
        memmove(run->energy, run->energy + 1, sizeof run->energy - sizeof run->energy[0]);
    }
    const int im = DTMF_TONES * TILE, at = run->kept++;
    run->low[at][0] = window[low * TILE];
    run->low[at][1] = window[low * TILE + im];
    run->high[at][0] = window[high * TILE];
    run->high[at][1] = window[high * TILE + im];
    run->energy[at] = window[DTMF_ENERGY * TILE];
    run->length++;
}

/* What a tone `turn` radians a sample away adds to a correlation over a window. */
static double dtmf_kernel(double turn)
{
    const float half = sinf((float)turn / 2);
    return fabsf(half) < 1e-6f ? DTMF_WINDOW : sinf((float)turn * (DTMF_WINDOW / 2)) / half;
}

/* Radians a sample of a tone whose windows are z, near to `nominal`. */
static double dtmf_turn(const double (*z)[2], int n, double nominal)
{
    double re = 0.0, im = 0.0;
    for (int i = 1; i < n; i++) {
        re += z[i][0] * z[i - 1][0] + z[i][1] * z[i - 1][1];
        im += z[i][1] * z[i - 1][0] - z[i][0] * z[i - 1][1];
    }
    const float c = cosf((float)nominal * DTMF_HOP), s = sinf((float)nominal * DTMF_HOP);
    return nominal + atan2f((float)(im * c - re * s), (float)(re * c + im * s)) / DTMF_HOP;
}

/* The tones' peaks in each window, taken apart for tones of these turns a sample. */
static void dtmf_apart(const float (*low)[2], const float (*high)[2], int n,
                       const double *nominal, const double *turn, double (*a)[2], double (*b)[2])
{
    double near[2][2], far[2][2];
    for (int i = 0; i < 2; i++)
        for (int j = 0; j < 2; j++) {
            near[i][j] = 0.5 * dtmf_kernel(turn[j] - nominal[i]);
            far[i][j] = 0.5 * dtmf_kernel(turn[j] + nominal[i]);
        }
    for (int part = 0; part < 2; part++) { /* real, imaginary */
        const double sign = part ? -1.0 : 1.0;
        const double m00 = near[0][0] + sign * far[0][0], m01 = near[0][1] + sign * far[0][1];
        const double m10 = near[1][0] + sign * far[1][0], m11 = near[1][1] + sign * far[1][1];
        const double scale = 1.0 / (m00 * m11 - m01 * m10);
        for (int i = 0; i < n; i++) {
            a[i][part] = (low[i][part] * m11 - high[i][part] * m01) * scale;
            b[i][part] = (high[i][part] * m00 - low[i][part] * m10) * scale;
        }
    }
}

/* Energy of the fitted tones over the windows: what both have and what they have in common. */
static double dtmf_energy(const double (*a)[2], const double (*b)[2], int n, const double *turn)
{
    const double near = dtmf_kernel(turn[0] - turn[1]), far = dtmf_kernel(turn[0] + turn[1]);
    const double low = dtmf_kernel(2 * turn[0]), high = dtmf_kernel(2 * turn[1]);
    double sum = 0.0;
    for (int i = 0; i < n; i++)
        for (int part = 0; part < 2; part++) {
            const double x = a[i][part], y = b[i][part], sign = part ? -1.0 : 1.0;
            sum += 0.5 * (x * x * (DTMF_WINDOW + sign * low) + y * y * (DTMF_WINDOW + sign * high))
                   + x * y * (near + sign * far);
        }
    return sum;
}

/* Whether a tone keeps level and frequency; `sigma`: what noise does to its peak, to the peak. */
static int dtmf_steady(const double (*z)[2], int n, double sigma, const dtmf_leave *leave)
{
    double most = 0.0, least = INFINITY;
    for (int i = 0; i < n; i++) {
        const double p = z[i][0] * z[i][0] + z[i][1] * z[i][1];
        most = p > most ? p : most;
        least = p < least ? p : least;
    }
    /* 20 log10(1 + x) is about 8.69 x */
    if (10 * log10f((float)(most / least)) > leave->level_db + 8.69 * DTMF_LEVEL_SIGMAS * sigma)
        return 0;
    const int mid = (n - 1) / 2;
    const double *p = z[0], *q = z[mid], *r = z[2 * mid];
    const double sum_re = p[0] * r[0] - p[1] * r[1], sum_im = p[0] * r[1] + p[1] * r[0];
    const double twice_re = q[0] * q[0] - q[1] * q[1], twice_im = 2 * q[0] * q[1];
    const float bend = atan2f((float)(sum_im * twice_re - sum_re * twice_im),
                              (float)(sum_re * twice_re + sum_im * twice_im));
    /* three windows that overlap by a hop: 1.82 of one's deviations */
    return fabsf(bend) <= leave->phase + 1.82 * DTMF_PHASE_SIGMAS * sigma;
}

/* Whether the run is a key of these frequencies (Hz); fills `pair`. */
static int dtmf_convincing(const dtmf_run *run, double low_hz, double high_hz, dtmf_pair *pair)
{
    const double radian = 2 * 3.14159265358979323846 / 8000;
    const double nominal[2] = {low_hz * radian, high_hz * radian};
    const int first = run->length <= DTMF_KEPT ? 1 : 0; /* the run's first window is not full */
    const int n = run->kept - 1 - first;                /* nor perhaps its last */
    double a[DTMF_KEPT][2], b[DTMF_KEPT][2], turn[2], all = 0.0;
    if (run->length < DTMF_RUN)
        return 0;
    for (int i = 0; i < n; i++) {
        all += run->energy[first + i];
        for (int part = 0; part < 2; part++) {
            a[i][part] = run->low[first + i][part];
            b[i][part] = run->high[first + i][part];
        }
    }
    turn[0] = dtmf_turn(a, n, nominal[0]);
    turn[1] = dtmf_turn(b, n, nominal[1]);
    for (int again = 0; again < DTMF_AGAIN; again++) {
        const double was[2] = {turn[0], turn[1]};
        dtmf_apart(run->low + first, run->high + first, n, nominal, turn, a, b);
        turn[0] = dtmf_turn(a, n, nominal[0]);
        turn[1] = dtmf_turn(b, n, nominal[1]);
        if (fabs(turn[0] - was[0]) + fabs(turn[1] - was[1]) < DTMF_NEAR)
            break;
    }
    pair->low_hz = (turn[0] - nominal[0]) / radian;
    pair->high_hz = (turn[1] - nominal[1]) / radian;
    pair->low = pair->high = 0.0;
    for (int i = 0; i < n; i++) {
        pair->low += (a[i][0] * a[i][0] + a[i][1] * a[i][1]) / (2 * n);
        pair->high += (b[i][0] * b[i][0] + b[i][1] * b[i][1]) / (2 * n);
    }
    pair->share = dtmf_energy(a, b, n, turn) / all;
    const double twist = 10 * log10f((float)(pair->high / pair->low));
    const int noisy = pair->share < DTMF_CLEAN;
    /* of a window's mean, power */
    const double noise = all * fmax(1 - pair->share, DTMF_LEAST_LEFT)
                         / ((double)n * DTMF_WINDOW * DTMF_WINDOW);
    const double scale = noisy ? DTMF_LENIENT : 1.0;
    const int exact = fabs(pair->low_hz) <= DTMF_EXACT_LOW_HZ
                      && fabs(pair->high_hz) <= DTMF_EXACT_HIGH_HZ
                      && fabs(pair->low_hz * pair->high_hz) <= DTMF_EXACT_BOTH;
    const dtmf_leave *leave = exact ? &dtmf_exact : &dtmf_any;
    return fabs(pair->low_hz) <= DTMF_OFF_SHARE * low_hz + DTMF_OFF_HZ
           && fabs(pair->high_hz) <= DTMF_OFF_SHARE * high_hz + DTMF_OFF_HZ
           && pair->share >= (run->length < DTMF_RUN_NOISY ? DTMF_CLEAN : DTMF_NOISY)
           && twist >= DTMF_TWIST_LOW && twist <= DTMF_TWIST_HIGH
           && dtmf_steady(a, n, scale * sqrt(noise / pair->low), leave)
           && dtmf_steady(b, n, scale * sqrt(noise / pair->high), leave)
           && !(pair->share < 1 - DTMF_LEFT
                && dtmf_of_a_voice(run->heard, run->hops, a, b, n, turn, leave->alike,
                                   noisy ? leave->no_noise : 2.0f));
}

#endif

/* Inner loops of the MF-R2 detector: what is done for each sample and each hop of all channels. */
#ifndef DSP_EXT_MFR2_H
#define DSP_EXT_MFR2_H

#include <stdint.h>
#include <string.h>
#include "clones.h"

#define MFR2_TONES 6
#define MFR2_HOP 44
#define MFR2_HOPS 3
#define MFR2_WINDOW (MFR2_HOP * MFR2_HOPS)
#define MFR2_ROWS 13 /* 6 x re, 6 x im, energy */
#define MFR2_PERIOD 400 /* samples: all twelve frequencies are multiples of 20 Hz */
#define MFR2_FEW 3 /* up to so many channels of a tile are done one by one */

#define MFR2_FRACTION 0.65f /* tones to total energy: how full of the signal a window must be */
#define MFR2_PEAK 3.16f     /* the weaker tone to the third strongest, power: 5 dB */
#define MFR2_TWIST 10.0f    /* 10 dB */

/* What several clones share must become part of each of them. */
#ifdef __GNUC__
#define ALWAYS_INLINE inline __attribute__((always_inline))
#else
#define ALWAYS_INLINE inline
#endif

CLONES_BEGIN

/* 16 floats as one value, wherever they lie; the compiler makes the processor's vectors of it. */
typedef float mfr2_lanes __attribute__((vector_size(64), aligned(4), may_alias));
#define LANES_AT(p) (*(mfr2_lanes *)(p))
#define CONST_LANES_AT(p) (*(const mfr2_lanes *)(p))

/* Correlates n samples of a tile with the tones and adds into `sums`. `reference` is at the row of
 * the first sample: 16 floats a row, 6 cosines, 6 negative sines. */
CLONES static void mfr2_add(const float *pcm, int cstride, int n, const float *reference,
                            int tones, float *sums)
{
    const long row = cstride;
    mfr2_lanes near[MFR2_HOP], energy = {0};
    for (int i = 0; i < n; i++, pcm += row) {
        near[i] = CONST_LANES_AT(pcm);
        energy += near[i] * near[i];
    }
    LANES_AT(sums + 2 * MFR2_TONES * TILE) += energy;
    for (int k = 0; k < tones; k += 2) {
        const float *ref = reference + k;
        mfr2_lanes re = {0}, im = {0}, re2 = {0}, im2 = {0};
        for (int i = 0; i < n; i++, ref += 16) {
            re += near[i] * ref[0];
            re2 += near[i] * ref[1];
            im += near[i] * ref[MFR2_TONES];
            im2 += near[i] * ref[MFR2_TONES + 1];
        }
        LANES_AT(sums + k * TILE) += re;
        LANES_AT(sums + (k + 1) * TILE) += re2;
        LANES_AT(sums + (k + MFR2_TONES) * TILE) += im;
        LANES_AT(sums + (k + MFR2_TONES + 1) * TILE) += im2;
    }
}

/* The same for one channel: here the lanes are its tones. */
CLONES static void mfr2_add_one(const float *pcm, int cstride, int n, const float *reference,
                                float *sums)
{
    const long row = cstride;
    mfr2_lanes even = {0}, odd = {0};
    float energy = 0.0f, energy2 = 0.0f, both[TILE];
    int i = 0;
    for (; i + 2 <= n; i += 2, pcm += 2 * row, reference += 32) {
        const float x = pcm[0], y = pcm[row];
        even += x * CONST_LANES_AT(reference);
        odd += y * CONST_LANES_AT(reference + 16);
        energy += x * x;
        energy2 += y * y;
    }
    if (i < n) {
        even += pcm[0] * CONST_LANES_AT(reference);
        energy += pcm[0] * pcm[0];
    }
    LANES_AT(both) = even + odd;
    for (int k = 0; k < 2 * MFR2_TONES; k++)
        sums[k * TILE] += both[k];
    sums[2 * MFR2_TONES * TILE] += energy + energy2;
}

/* `width` channels: joins the hops, writes the tones' powers, and says which signal (1 to 15) each
 * channel's window looks like; 0: none. -> whether any looks like one. */
static ALWAYS_INLINE int mfr2_judge(const float *restrict history, int tones, float least,
                                    float *restrict power, int32_t *restrict candidate,
                                    int width)
{
    float best[TILE] = {0}, second[TILE] = {0}, third[TILE] = {0};
    int32_t first[TILE] = {0}, other[TILE] = {0};
    const int hop = MFR2_ROWS * TILE;
    for (int k = 0; k < tones; k++, history += TILE, power += TILE) {
        const float *re = history, *im = history + MFR2_TONES * TILE;
        for (int c = 0; c < width; c++) {
            float x = re[c] + re[c + hop] + re[c + 2 * hop];
            float y = im[c] + im[c + hop] + im[c + 2 * hop];
            float p = x * x + y * y;
            float less = p < second[c] ? p : second[c];
            int32_t fallen = p > best[c] ? first[c] : k;
            power[c] = p;
            third[c] = less > third[c] ? less : third[c];
            other[c] = p > second[c] ? fallen : other[c];
            less = p < best[c] ? p : best[c];
            second[c] = less > second[c] ? less : second[c];
            first[c] = p > best[c] ? k : first[c];
            best[c] = p > best[c] ? p : best[c];
        }
    }
    const float *e = history + (2 * MFR2_TONES - tones) * TILE;
    for (int c = 0; c < width; c++) {
        float energy = e[c] + e[c + hop] + e[c + 2 * hop];
        float both = (best[c] + second[c]) * (2.0f / MFR2_WINDOW);
        int32_t good = (second[c] > least) & (second[c] > third[c] * MFR2_PEAK)
                       & (best[c] < second[c] * MFR2_TWIST) & (both > energy * MFR2_FRACTION);
        int32_t low = first[c] < other[c] ? first[c] : other[c];
        int32_t high = first[c] < other[c] ? other[c] : first[c];
        candidate[c] = good ? (high * (high - 1) >> 1) + low + 1 : 0;
    }
    int32_t any = 0;
    for (int c = 0; c < width; c++)
        any |= candidate[c];
    return any != 0;
}

CLONES static int mfr2_window(const float *history, int tones, float least, float *power,
                              int32_t *candidate)
{
    return mfr2_judge(history, tones, least, power, candidate, TILE);
}

static void mfr2_window_one(const float *history, int tones, float least, float *power,
                            int32_t *candidate)
{
    mfr2_judge(history, tones, least, power, candidate, 1);
}

CLONES_END

/* A tile's sums of one hop, begun afresh. */
static void mfr2_clear(float *sums)
{
    memset(sums, 0, MFR2_ROWS * TILE * sizeof *sums);
}

#endif

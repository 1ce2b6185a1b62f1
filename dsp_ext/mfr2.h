/* Inner loops of the MF-R2 detector: what is done for each sample and each hop of all channels. */
#ifndef DSP_EXT_MFR2_H
#define DSP_EXT_MFR2_H

#include <stdint.h>
#include <string.h>
#include "clones.h"

#define MFR2_TONES 6
#define MFR2_HOP 44
#define MFR2_HOPS 3
#define MFR2_HALF (MFR2_HOP / 2)
#define MFR2_WINDOW (MFR2_HOP * MFR2_HOPS)
#define MFR2_ROWS 13 /* 6 x re, 6 x im, energy */
#define MFR2_FEW 3 /* up to so many channels of a tile are done one by one */

#define MFR2_FRACTION 0.65f /* tones to total energy: how full of the signal a window must be */
#define MFR2_PEAK 3.16f     /* the weaker tone to the third strongest, power: 5 dB */
#define MFR2_TWIST 10.0f    /* 10 dB */

CLONES_BEGIN

/* 16 floats as one value, wherever they lie; the compiler makes the processor's vectors of it. */
typedef float mfr2_lanes __attribute__((vector_size(64), aligned(4), may_alias));
typedef float mfr2_half __attribute__((vector_size(32), aligned(4), may_alias));
#define LANES_AT(p) (*(mfr2_lanes *)(p))
#define CONST_LANES_AT(p) (*(const mfr2_lanes *)(p))

/* Correlates a hop of a tile with the tones, about its middle: samples as far before it as after it
 * share their references, so that their sums meet the cosines and their differences the sines.
 * `reference`: 16 floats a row, cosines from 0 and sines from 8 on; a row for each distance. */
CLONES static void mfr2_hop(const float *pcm, int cstride, const float *reference, int tones,
                            float *sums)
{
    const long row = cstride;
    mfr2_lanes even[MFR2_HALF], odd[MFR2_HALF], energy = {0}, energy2 = {0};
    const float *before = pcm + (MFR2_HALF - 1) * row, *after = pcm + MFR2_HALF * row;
    for (int i = 0; i < MFR2_HALF; i++, before -= row, after += row) {
        const mfr2_lanes x = CONST_LANES_AT(before), y = CONST_LANES_AT(after);
        even[i] = y + x;
        odd[i] = y - x;
        energy += x * x;
        energy2 += y * y;
    }
    LANES_AT(sums + 2 * MFR2_TONES * TILE) = energy + energy2;
    for (int k = 0; k < tones; k += 2) {
        const float *ref = reference + k;
        mfr2_lanes re = {0}, im = {0}, re2 = {0}, im2 = {0};
        for (int i = 0; i < MFR2_HALF; i++, ref += 16) {
            re += even[i] * ref[0];
            re2 += even[i] * ref[1];
            im += odd[i] * ref[8];
            im2 += odd[i] * ref[9];
        }
        LANES_AT(sums + k * TILE) = re;
        LANES_AT(sums + (k + 1) * TILE) = re2;
        LANES_AT(sums + (k + MFR2_TONES) * TILE) = im;
        LANES_AT(sums + (k + MFR2_TONES + 1) * TILE) = im2;
    }
}

/* The same for one channel: here the lanes are its tones. */
CLONES static void mfr2_hop_one(const float *pcm, int cstride, const float *reference,
                                float *sums)
{
    const long row = cstride;
    mfr2_half re = {0}, im = {0};
    float energy = 0.0f, energy2 = 0.0f, both[TILE];
    const float *before = pcm + (MFR2_HALF - 1) * row, *after = pcm + MFR2_HALF * row;
    for (int i = 0; i < MFR2_HALF; i++, before -= row, after += row, reference += 16) {
        const float x = *before, y = *after;
        re += (y + x) * *(const mfr2_half *)reference;
        im += (y - x) * *(const mfr2_half *)(reference + 8);
        energy += x * x;
        energy2 += y * y;
    }
    *(mfr2_half *)both = re;
    *(mfr2_half *)(both + 8) = im;
    for (int k = 0; k < MFR2_TONES; k++) {
        sums[k * TILE] = both[k];
        sums[(MFR2_TONES + k) * TILE] = both[8 + k];
    }
    sums[2 * MFR2_TONES * TILE] = energy + energy2;
}

/* `width` channels: joins the hops, each turned to the phase of the middle one's, writes the tones'
 * powers, and says which signal (1 to 15) each channel's window looks like; 0: none. -> whether any
 * looks like one. `turn`: cosine and sine of a hop's phase for each tone, the sines from 8 on. */
static ALWAYS_INLINE int mfr2_judge(const float *restrict old, const float *restrict mid,
                                    const float *restrict fresh, const float *turn, int tones,
                                    float least, float *restrict power,
                                    int32_t *restrict candidate, int width)
{
    float best[TILE] = {0}, second[TILE] = {0}, third[TILE] = {0};
    int32_t first[TILE] = {0}, other[TILE] = {0};
    const int im = MFR2_TONES * TILE;
    for (int k = 0; k < tones; k++, old += TILE, mid += TILE, fresh += TILE, power += TILE) {
        const float cosine = turn[k], sine = turn[8 + k];
        for (int c = 0; c < width; c++) {
            float x = mid[c] + cosine * (old[c] + fresh[c]) + sine * (old[im + c] - fresh[im + c]);
            float y = mid[im + c] + cosine * (old[im + c] + fresh[im + c])
                      + sine * (fresh[c] - old[c]);
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
    const int e = (2 * MFR2_TONES - tones) * TILE;
    for (int c = 0; c < width; c++) {
        float energy = old[e + c] + mid[e + c] + fresh[e + c];
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

CLONES static int mfr2_window(const float *old, const float *mid, const float *fresh,
                              const float *turn, int tones, float least, float *power,
                              int32_t *candidate)
{
    return mfr2_judge(old, mid, fresh, turn, tones, least, power, candidate, TILE);
}

static void mfr2_window_one(const float *old, const float *mid, const float *fresh,
                            const float *turn, int tones, float least, float *power,
                            int32_t *candidate)
{
    mfr2_judge(old, mid, fresh, turn, tones, least, power, candidate, 1);
}

CLONES_END

/* Puts n samples of a tile where its hop waits to be whole. */
static void mfr2_keep(const float *pcm, int cstride, int n, float *waiting)
{
    for (int i = 0; i < n; i++)
        memcpy(waiting + i * TILE, pcm + (long)i * cstride, TILE * sizeof *pcm);
}

/* The same for one channel. */
static void mfr2_keep_one(const float *pcm, int cstride, int n, float *waiting)
{
    for (int i = 0; i < n; i++)
        waiting[i * TILE] = pcm[(long)i * cstride];
}

/* Whether any of a tile's channels is in a signal or a run. */
static int mfr2_busy(const uint8_t *busy)
{
    uint64_t half[2];
    memcpy(half, busy, sizeof half);
    return (half[0] | half[1]) != 0;
}

#endif

/* Inner loops of the mixer. A contribution is a whole number x in the form of the float 1.5 * 2^23 + x:
 * its bits are MIX_BIAS + x, and such bits add up like the numbers do. */
#ifndef DSP_EXT_MIX_H
#define DSP_EXT_MIX_H

#include <stdint.h>
#include <string.h>
#include "mix_wide.h"

#define MIX_LIMIT 32768.0f /* of what is given to the mixer */
#define MIX_ROWS 160     /* taken together at most */
#define MIX_VALUES 2560  /* in the rows taken together, so that they stay in the nearest cache */
#define MIX_PIECE 16     /* rows of a bridge by itself, taken together */

typedef float mix_floats __attribute__((vector_size(4 * TILE), aligned(4), may_alias));
typedef uint32_t mix_ints __attribute__((vector_size(4 * TILE), aligned(4), may_alias));
typedef uint32_t mix_eight __attribute__((vector_size(32), aligned(4), may_alias));
typedef uint32_t mix_four __attribute__((vector_size(16), aligned(4), may_alias));

/* x rounded to even, for |x| up to MIX_LIMIT times the largest gain. */
static inline uint32_t mix_whole(float x)
{
    uint32_t bits;
    x += MIX_SHIFT;
    memcpy(&bits, &x, sizeof bits);
    return bits;
}

CLONES_BEGIN

/* What each channel gives to its bridge: in * say, a whole number. Not for tiles that are `alone`. */
CLONES static void mix_give(const float *restrict pcm, int cstride, int rows, int width,
                            const float *restrict say, const uint8_t *restrict alone,
                            uint32_t *restrict given)
{
    for (int first = 0; first < width; first += TILE) {
        if (alone[first / TILE])
            continue;
        const float *from = pcm + first;
        uint32_t *to = given + first;
        float gain[TILE];
        for (int c = 0; c < TILE; c++)
            gain[c] = say[first + c];
        for (int r = 0; r < rows; r++, from += cstride, to += width)
            for (int c = 0; c < TILE; c++)
                to[c] = mix_whole(from[c] * gain[c]);
    }
}

/* As mix_give, the gain moving by `step` with each row. */
CLONES static void mix_give_moving(const float *restrict pcm, int cstride, int rows, int width,
                                   float *restrict say, const float *restrict step,
                                   uint32_t *restrict given)
{
    for (int r = 0; r < rows; r++, pcm += cstride, given += width)
        for (int c = 0; c < width; c++) {
            given[c] = mix_whole(pcm[c] * say[c]);
            say[c] += step[c];
        }
}

/* Adds `n` neighbours of one bridge to its total in each row. Here and below, that n is no constant
 * makes better code. */
CLONES static void mix_add_run(const uint32_t *restrict given, int rows, int width, int n,
                               uint32_t *restrict total, int totals)
{
    n &= ~(TILE - 1);
    for (int r = 0; r < rows; r++, given += width, total += totals) {
        uint32_t sum = 0u - MIX_BIAS * (uint32_t)n;
        for (int c = 0; c < n; c++)
            sum += given[c];
        *total += sum;
    }
}

/* One comparison and a sign: two comparisons in a row make slow code. */
static inline float mix_clip(uint32_t sum, float hear)
{
    const float x = (float)(int32_t)sum * hear;
    const float loud = __builtin_fabsf(x);
    return __builtin_copysignf(loud < MIX_MOST ? loud : MIX_MOST, x);
}

/* What `n` neighbours of one bridge hear: its total without themselves, times hear, clipped once. */
CLONES static void mix_hear_run(const uint32_t *restrict total, int totals, int rows, int width,
                                int n, const uint32_t *restrict given, const float *restrict hear,
                                float *restrict pcm, int cstride)
{
    n &= ~(TILE - 1); /* as it is; a compiler that knows it leaves the odd ones out */
    for (int r = 0; r < rows; r++, total += totals, given += width, pcm += cstride) {
        const uint32_t sum = *total + MIX_BIAS;
        for (int c = 0; c < n; c++)
            pcm[c] = mix_clip(sum - given[c], hear[c]);
    }
}

/* As mix_hear_run, for neighbours of several bridges. */
CLONES static void mix_hear_many(const uint32_t *restrict total, int totals, int rows, int width,
                                 int n, const int32_t *restrict slot, const uint32_t *restrict given,
                                 const float *restrict hear, float *restrict pcm, int cstride)
{
    for (int r = 0; r < rows; r++, total += totals, given += width, pcm += cstride)
        for (int c = 0; c < n; c++)
            pcm[c] = mix_clip(total[slot[c]] + MIX_BIAS - given[c], hear[c]);
}

/* Adds rows of energy: for the choice of the loudest. */
CLONES static void mix_energy(const float *restrict pcm, int cstride, int rows, int width,
                              float *restrict energy)
{
    for (int first = 0; first < width; first += TILE) {
        float sum[TILE] = {0};
        const float *row = pcm + first;
        for (int r = 0; r < rows; r++, row += cstride)
            for (int c = 0; c < TILE; c++)
                sum[c] += row[c] * row[c];
        for (int c = 0; c < TILE; c++)
            energy[first + c] = sum[c];
    }
}

CLONES_END
CLONES_FINITE_BEGIN

/* The sum of each of 16 rows of four. */
static ALWAYS_INLINE void mix_across(const uint32_t (*part)[4], uint32_t *sum)
{
    for (int r = 0; r < MIX_PIECE; r += 4) {
        const mix_four *a = (const mix_four *)part[r];
        const mix_four b = __builtin_shufflevector(a[0], a[1], 0, 4, 1, 5)
                           + __builtin_shufflevector(a[0], a[1], 2, 6, 3, 7);
        const mix_four c = __builtin_shufflevector(a[2], a[3], 0, 4, 1, 5)
                           + __builtin_shufflevector(a[2], a[3], 2, 6, 3, 7);
        *(mix_four *)(sum + r) = __builtin_shufflevector(b, c, 0, 1, 4, 5)
                                 + __builtin_shufflevector(b, c, 2, 3, 6, 7);
    }
}

/* A row of n neighbours added up, into four sums. */
static ALWAYS_INLINE void mix_add_row(const float *row, int n, const float *say, uint32_t *part)
{
    mix_ints sum = {0};
    mix_eight half;
    for (int c = 0; c < n; c += TILE)
        sum += (mix_ints)(*(const mix_floats *)(row + c) * *(const mix_floats *)(say + c)
                          + MIX_SHIFT);
    half = __builtin_shufflevector(sum, sum, 0, 1, 2, 3, 4, 5, 6, 7)
           + __builtin_shufflevector(sum, sum, 8, 9, 10, 11, 12, 13, 14, 15);
    *(mix_four *)part = __builtin_shufflevector(half, half, 0, 1, 2, 3)
                        + __builtin_shufflevector(half, half, 4, 5, 6, 7);
}

/* All of a bridge whose members are `n` neighbours and nobody else: 16 rows are added up, then each
 * member's part, reckoned once more from what is still at hand, is taken away. Neither is kept. */
CLONES static void mix_alone(const float *restrict pcm, int cstride, int rows, int n,
                             const float *restrict say, const float *restrict hear,
                             float *restrict out)
{
    __attribute__((aligned(64))) uint32_t part[MIX_PIECE][4] = {{0}};
    uint32_t sum[MIX_PIECE];
    const uint32_t bias = MIX_BIAS * (uint32_t)((n &= ~(TILE - 1)) - 1);
    for (int at = 0; at < rows; at += MIX_PIECE) {
        const int here = rows - at < MIX_PIECE ? rows - at : MIX_PIECE;
        for (int r = 0; r < here; r++)
            mix_add_row(pcm + (long)(at + r) * cstride, n, say, part[r]);
        mix_across((const uint32_t (*)[4])part, sum);
        for (int r = 0; r < here; r++) {
            const float *row = pcm + (long)(at + r) * cstride;
            float *to = out + (long)(at + r) * cstride;
            const uint32_t all = sum[r] - bias;
            for (int c = 0; c < n; c++) {
                float x = row[c] * say[c] + MIX_SHIFT;
                uint32_t given;
                memcpy(&given, &x, sizeof given);
                x = (float)(int32_t)(all - given) * hear[c];
                x = x < MIX_MOST ? x : MIX_MOST;
                to[c] = x > -MIX_MOST ? x : -MIX_MOST;
            }
        }
    }
}

CLONES_END

/* How many channels from tile `t` on are of its bridge. tile_slot: the one bridge of a tile, or -1. */
static int mix_run(const int32_t *tile_slot, int t, int tiles)
{
    int end = t + 1;
    while (end < tiles && tile_slot[end] == tile_slot[t])
        end++;
    return (end - t) * TILE;
}

/* The quickest for a narrow bridge that this processor can run. */
static mix_alone_fn mix_alone_best(void)
{
#ifdef HAVE_CLONES
    if (__builtin_cpu_supports("avx512dq"))
        return mix_alone_wide;
#endif
    return mix_alone;
}

/* All that bridges by themselves hear, in the tiles that are `alone` (2: and narrow); a run is a
 * whole bridge. */
static void mix_all_alone(const float *pcm, int cstride, int rows, int width,
                          const int32_t *tile_slot, const uint8_t *alone, const float *say,
                          const float *hear, float *out)
{
    const mix_alone_fn narrow = mix_alone_best();
    for (int at = 0, n; at < width; at += n) {
        const uint8_t how = alone[at / TILE];
        n = mix_run(tile_slot, at / TILE, width / TILE);
        if (how)
            (how == 2 ? narrow : mix_alone)(pcm + at, cstride, rows, n, say + at, hear + at,
                                            out + at);
    }
}

/* Adds the tiles that are of one bridge each. total: rows of `totals`. */
static void mix_add_tiles(const uint32_t *given, int rows, int width, const int32_t *tile_slot,
                          const uint8_t *alone, uint32_t *total, int totals)
{
    for (int at = 0, n; at < width; at += n) {
        const int slot = tile_slot[at / TILE];
        n = mix_run(tile_slot, at / TILE, width / TILE);
        if (slot >= 0 && slot != totals - 1 && !alone[at / TILE])
            mix_add_run(given + at, rows, width, n, total + slot, totals);
    }
}

static void mix_hear(const uint32_t *total, int totals, int rows, int width, const int32_t *slot,
                     const int32_t *tile_slot, const uint8_t *alone, const uint32_t *given,
                     const float *hear, float *pcm, int cstride)
{
    for (int at = 0, n; at < width; at += n) {
        const int one = tile_slot[at / TILE];
        n = mix_run(tile_slot, at / TILE, width / TILE);
        if (alone[at / TILE])
            continue;
        if (one >= 0)
            mix_hear_run(total + one, totals, rows, width, n, given + at, hear + at, pcm + at,
                         cstride);
        else
            mix_hear_many(total, totals, rows, width, n, slot + at, given + at, hear + at, pcm + at,
                          cstride);
    }
}

/* Adds the members that share a tile with those of another bridge, one by one. */
static void mix_add_members(const uint32_t *given, int rows, int width, const int32_t *member,
                            int members, const int32_t *slot, int totals, uint32_t *total)
{
    for (int k = 0; k < members; k++) {
        const uint32_t *from = given + member[k];
        uint32_t *to = total + slot[member[k]];
        for (int r = 0; r < rows; r++)
            to[(long)r * totals] += from[(long)r * width] - MIX_BIAS;
    }
}

/* `from` is heard by `to` alone: as if `to` had given so much less. */
static void mix_add_whisper(const float *pcm, int cstride, int rows, int width, int from, int to,
                            float gain, uint32_t *given)
{
    for (int r = 0; r < rows; r++)
        given[(long)r * width + to] -=
            mix_whole(pcm[(long)r * cstride + from] * gain) - MIX_BIAS;
}

#endif

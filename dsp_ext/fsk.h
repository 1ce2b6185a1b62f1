/* Inner loops of the FSK receiver: from samples of a tile of channels to octets. */
#ifndef DSP_EXT_FSK_H
#define DSP_EXT_FSK_H

#include <math.h>
#include <stdint.h>
#include <string.h>
#include "clones.h"
#include "tone.h"

#define FSK_TAPS 7   /* samples a filter sees; a bit has 6.67 */
#define FSK_WIDE 32  /* channels whose octets are read together: each step waits for the last one,
                        so two vectors take hardly longer than one */
#define FSK_CHUNK 48 /* samples taken at once: less than an octet lasts, so none is overtaken */
#define FSK_BIT (8000.0f / 1200.0f)
#define FSK_STALE 16.0f /* samples of mark after which its level is learnt without bits */

/* Rows of a receiver's state, of floats and of whole numbers; FSK_WIDE channels side by side. */
enum { FSK_WAS, FSK_WAIT, FSK_RATIO, FSK_MARK, FSK_RUN, FSK_BEFORE, FSK_GAP, FSK_FLOATS };
enum { FSK_LEFT, FSK_SHIFT, FSK_OCTET, FSK_INTS };
/* FSK_GAP: samples of mark before the octet that has come; FSK_BEFORE: before the one in work. */
/* FSK_OCTET: 0, or an octet that has come | FSK_CAME | FSK_STOPPED when its stop bit was right */
#define FSK_CAME 0x100
#define FSK_STOPPED 0x200

/* 16 channels as one value, wherever it lies; the compiler makes the processor's vectors of it. */
typedef float fsk_lanes __attribute__((vector_size(64), aligned(4), may_alias));
#define F(row) f[(row) * FSK_WIDE + c]
#define W(row) w[(row) * FSK_WIDE + c]
#define MASK(condition) (-(int32_t)(condition)) /* all ones, or 0 */

CLONES_BEGIN

/* `yes` where the mask is set, else `no`, without a branch: the compiler makes vectors of it. */
static inline float fsk_pick(int32_t mask, float yes, float no)
{
    int32_t a, b;
    memcpy(&a, &yes, sizeof a);
    memcpy(&b, &no, sizeof b);
    a = (mask & a) | (~mask & b);
    memcpy(&yes, &a, sizeof yes);
    return yes;
}

/* The amplitudes of the two tones at every sample: filters of a bit's length, so folded about
 * their middle that the two share the sums. `tap`: 2 x (4 cosines, 4 sines), from the middle on; in
 * the place of the first sine, which is 0, what either filter lets through of the other tone. */
CLONES static void fsk_filter(const float *pcm, int cstride, int n, float *history,
                              const float *tap, float *restrict mark, float *restrict space)
{
    const long row = cstride;
    fsk_lanes x[FSK_TAPS - 1 + FSK_CHUNK];
    for (int j = 0; j < FSK_TAPS - 1; j++)
        x[j] = *(fsk_lanes *)(history + j * row);
    for (int i = 0; i < n; i++)
        x[FSK_TAPS - 1 + i] = *(const fsk_lanes *)(pcm + i * row);
    for (int j = 0; j < FSK_TAPS - 1; j++)
        *(fsk_lanes *)(history + j * row) = x[n + j];
    for (int i = 0; i < n; i++) {
        const fsk_lanes e0 = x[i + 3], e1 = x[i + 2] + x[i + 4], e2 = x[i + 1] + x[i + 5],
                        e3 = x[i] + x[i + 6], o1 = x[i + 2] - x[i + 4], o2 = x[i + 1] - x[i + 5],
                        o3 = x[i] - x[i + 6];
        const fsk_lanes mr = e0 * tap[0] + e1 * tap[1] + (e2 * tap[2] + e3 * tap[3]);
        const fsk_lanes mi = o1 * tap[5] + o2 * tap[6] + o3 * tap[7];
        const fsk_lanes sr = e0 * tap[8] + e1 * tap[9] + (e2 * tap[10] + e3 * tap[11]);
        const fsk_lanes si = o1 * tap[13] + o2 * tap[14] + o3 * tap[15];
        const fsk_lanes m = mr * mr + mi * mi, s = sr * sr + si * si;
        *(fsk_lanes *)(mark + i * FSK_WIDE) = m - s * tap[4];
        *(fsk_lanes *)(space + i * FSK_WIDE) = s - m * tap[4];
    }
    for (int i = 0; i < n; i++, mark += FSK_WIDE, space += FSK_WIDE)
        for (int c = 0; c < TILE; c++) {
            mark[c] = sqrtf(mark[c] > 0.0f ? mark[c] : 0.0f);
            space[c] = sqrtf(space[c] > 0.0f ? space[c] : 0.0f);
        }
}

/* Bits and octets of two tiles. A start bit's edge sets the clock, each later edge pulls it by a
 * part; bits are read, between samples, in their middle. What is mark and what is space is
 * decided against the ratio of the two tones' levels, which the bits themselves teach. */
CLONES static void fsk_octets(const float *restrict mark, const float *restrict space, int n,
                              float least, float *restrict f, int32_t *restrict w)
{
    memset(w + FSK_OCTET * FSK_WIDE, 0, FSK_WIDE * sizeof *w);
    for (int i = 0; i < n; i++, mark += FSK_WIDE, space += FSK_WIDE)
        for (int c = 0; c < FSK_WIDE; c++) {
            const float m = mark[c], s = space[c], was = F(FSK_WAS), wait = F(FSK_WAIT);
            const float run = F(FSK_RUN), before = F(FSK_BEFORE), gap = F(FSK_GAP);
            const float ratio = F(FSK_RATIO), level = F(FSK_MARK);
            const int32_t left = W(FSK_LEFT), shift = W(FSK_SHIFT), octet = W(FSK_OCTET);
            const int32_t weak = MASK(m + s < least);
            const float difference = m * ratio - s, now = fsk_pick(weak, 0.0f, difference);
            const float step = now - was;
            const int32_t edge = MASK(was > 0.0f) ^ MASK(now > 0.0f);
            const float since = now / fsk_pick(edge, step, 1.0f);
            const float late = fsk_pick(edge, since, 0.0f);
            const int32_t start = edge & MASK(left == 0) & MASK(now <= 0.0f) & ~weak;
            const float middle = 0.5f * FSK_BIT - late; /* from now to the middle of the bit */
            const float pull = middle - (wait - 1.0f);
            const int32_t near = edge & MASK(pull < 0.4f * FSK_BIT) & MASK(pull > -0.4f * FSK_BIT);
            const float next = wait - 1.0f + fsk_pick(near, 0.4f * pull, 0.0f);
            const int32_t due = MASK(left > 0) & MASK(next <= 0.0f);
            const int32_t bit = MASK(now + step * next > 0.0f);
            const int32_t after = left + due, stop = due & MASK(after == 0);
            const int32_t data = due & MASK(after > 0) & MASK(after < 9);
            const int32_t false_start = due & MASK(after == 9) & bit;
            const int32_t came = shift | FSK_CAME | (bit & FSK_STOPPED);
            const int32_t shifted = (shift >> 1) | (bit & 0x80);
            W(FSK_OCTET) = (stop & came) | (~stop & octet);
            W(FSK_SHIFT) = (data & shifted) | (~data & shift);
            W(FSK_LEFT) = (start & 10) | (~start & ~false_start & after);
            F(FSK_GAP) = fsk_pick(stop, before, gap);
            F(FSK_BEFORE) = fsk_pick(start, run, before);
            /* The stop bit is read a little early: the next start bit may come soon. */
            const float later = next + fsk_pick(MASK(after == 1), 0.96f * FSK_BIT, FSK_BIT);
            const float going = fsk_pick(due, later, next);
            F(FSK_WAIT) = fsk_pick(start, middle, going);
            const float marks = fsk_pick(MASK(now > 0.0f), run + 1.0f, 0.0f);
            F(FSK_RUN) = marks;
            const int32_t idle = MASK(after == 0) & MASK(marks > FSK_STALE) & MASK(s < 0.5f * m);
            const float pace = fsk_pick(MASK(m > 4.0f * level), 1.0f, 0.25f);
            const float change = fsk_pick((due & bit) | idle, pace * (m - level), 0.0f);
            const float learnt = level + change;
            F(FSK_MARK) = learnt;
            const float high = s / fsk_pick(MASK(learnt > 1.0f), learnt, s + 1.0f);
            const float low = high < 4.0f ? high : 4.0f, heard = low > 0.25f ? low : 0.25f;
            const float turn = 0.125f * (heard - ratio);
            const float taught = ratio + fsk_pick(due & ~bit, turn, 0.0f);
            F(FSK_RATIO) = fsk_pick(weak, 1.0f, taught);
            F(FSK_WAS) = now;
        }
}

CLONES_END

/* The filters for tones at these frequencies (turns a sample); the outer taps make the length a
 * bit's 6.67 samples. */
static void fsk_taps(double mark, double space, float *tap)
{
    const double turn = 6.283185307179586;
    double leak = 0.0;
    for (int j = 0; j < 4; j++) {
        const double weight = j < 3 ? 1.0 : 5.0 / 6;
        tap[j] = (float)(weight * cos(turn * mark * j));
        tap[4 + j] = (float)(weight * sin(turn * mark * j));
        tap[8 + j] = (float)(weight * cos(turn * space * j));
        tap[12 + j] = (float)(weight * sin(turn * space * j));
        leak += weight * cos(turn * (space - mark) * j) * (j ? 2 : 1) / FSK_BIT;
    }
    tap[4] = tap[12] = (float)(leak * leak);
}

/* Whether the checksum is right: all octets together are 0 modulo 256. */
static int fsk_whole(const uint8_t *octets, int length)
{
    uint8_t total = 0;
    for (int i = 0; i < length; i++)
        total += octets[i];
    return total == 0;
}

/* Bit number `at` of what is sent: alternating bits, mark, octets in frames, mark; -1 after it. */
static int fsk_bit(const uint8_t *octets, int length, int seizure, int mark, int stop, int tail,
                   int at)
{
    const int frame = 9 + stop;
    if (at < seizure)
        return at & 1;
    at -= seizure + mark;
    if (at < 0)
        return 1;
    if (at >= length * frame)
        return at < length * frame + tail ? 1 : -1;
    const int place = at % frame;
    if (place == 0)
        return 0;
    return place < 9 ? octets[at / frame] >> (place - 1) & 1 : 1;
}

#endif

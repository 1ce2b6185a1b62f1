/* Inner loops of the FSK receiver: from samples of a tile of channels to octets. */
#ifndef DSP_EXT_FSK_H
#define DSP_EXT_FSK_H

#include <math.h>
#include <stdint.h>
#include <string.h>
#include "clones.h"

#define FSK_TAPS 7   /* samples a filter sees; a bit has 6.67 */
#define FSK_WIDE 32  /* channels whose octets are read together: each step waits for the last one,
                        so two vectors take hardly longer than one */
#define FSK_FEW 5    /* up to so many channels of those are done one by one */
#define FSK_CHUNK 48 /* samples taken at once: less than an octet lasts, so none is overtaken */
#define FSK_BIT (8000.0f / 1200.0f)
#define FSK_STALE 16.0f /* samples of mark after which its level is learnt without bits */

/* Rows of a receiver's state, of floats and of whole numbers; FSK_WIDE channels side by side. */
enum { FSK_WAS, FSK_WAIT, FSK_RATIO, FSK_MARK, FSK_RUN, FSK_BEFORE, FSK_GAP, FSK_FLOATS };
enum { FSK_FRAME, FSK_OCTET, FSK_INTS };
/* FSK_RATIO, FSK_MARK: space's power to mark's, and mark's. */
/* FSK_GAP: samples of mark before the octet that has come; FSK_BEFORE: before the one in work. */
/* FSK_FRAME: 0 between frames; else FSK_START, moved down by the bits that came after it.
 * FSK_OCTET: 0, or the frame that is complete: its octet from bit 2 on, its stop bit on top. */
#define FSK_START 0x400
#define FSK_STOPPED 0x400

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

/* The powers of the two tones about sample i + 3: filters of a bit's length, so folded about their
 * middle that the two share the sums. `tap`: 2 x (4 cosines, 4 sines), from the middle on; in the
 * place of the first sine, which is 0, what either filter lets through of the other tone. A macro,
 * for values of either type: of one channel or of a tile of them. */
#define FSK_FILTER(type, x, i, mark, space)                                                       \
    do {                                                                                          \
        const type e0 = x[i + 3], e1 = x[i + 2] + x[i + 4], e2 = x[i + 1] + x[i + 5],             \
                   e3 = x[i] + x[i + 6], o1 = x[i + 2] - x[i + 4], o2 = x[i + 1] - x[i + 5],      \
                   o3 = x[i] - x[i + 6];                                                          \
        const type mr = e0 * tap[0] + e1 * tap[1] + (e2 * tap[2] + e3 * tap[3]);                  \
        const type mi = o1 * tap[5] + o2 * tap[6] + o3 * tap[7];                                  \
        const type sr = e0 * tap[8] + e1 * tap[9] + (e2 * tap[10] + e3 * tap[11]);                \
        const type si = o1 * tap[13] + o2 * tap[14] + o3 * tap[15];                               \
        const type m = mr * mr + mi * mi, s = sr * sr + si * si;                                  \
        mark = m - s * tap[4];                                                                    \
        space = s - m * tap[4];                                                                   \
    } while (0)

/* The powers of the two tones at every sample of a tile; rows of FSK_WIDE. */
CLONES static void fsk_filter(const float *pcm, int cstride, int n, float *history,
                              int history_row, const float *tap, float *restrict mark,
                              float *restrict space)
{
    const long row = cstride;
    fsk_lanes x[FSK_TAPS - 1 + FSK_CHUNK];
    for (int j = 0; j < FSK_TAPS - 1; j++)
        x[j] = *(fsk_lanes *)(history + j * (long)history_row);
    for (int i = 0; i < n; i++)
        x[FSK_TAPS - 1 + i] = *(const fsk_lanes *)(pcm + i * row);
    for (int j = 0; j < FSK_TAPS - 1; j++)
        *(fsk_lanes *)(history + j * (long)history_row) = x[n + j];
    for (int i = 0; i < n; i++)
        FSK_FILTER(fsk_lanes, x, i, *(fsk_lanes *)(mark + i * FSK_WIDE),
                   *(fsk_lanes *)(space + i * FSK_WIDE));
}

/* The same for one channel: here the lanes are samples. */
CLONES static void fsk_filter_one(const float *pcm, int cstride, int n, float *history,
                                  int history_row, const float *tap, float *restrict mark,
                                  float *restrict space)
{
    const long row = cstride;
    float x[FSK_TAPS - 1 + FSK_CHUNK];
    for (int j = 0; j < FSK_TAPS - 1; j++)
        x[j] = history[j * (long)history_row];
    for (int i = 0; i < n; i++)
        x[FSK_TAPS - 1 + i] = pcm[i * row];
    for (int j = 0; j < FSK_TAPS - 1; j++)
        history[j * (long)history_row] = x[n + j];
    for (int i = 0; i < n; i++)
        FSK_FILTER(float, x, i, mark[i], space[i]);
}

/* Bits and octets of channel c: takes one sample's powers. A start bit's edge sets the clock, each
 * later edge pulls it by a part; bits are read, between samples, in their middle. What is mark and
 * what is space is decided against the ratio of the two tones' powers, which the bits themselves
 * teach. All of it without a branch, so that many channels go at once. */
static ALWAYS_INLINE void fsk_step(const float m, const float s, const float least,
                                   float *restrict f, int32_t *restrict w, const int c)
{
    const float was = F(FSK_WAS), wait = F(FSK_WAIT) - 1.0f, run = F(FSK_RUN);
    const float before = F(FSK_BEFORE), gap = F(FSK_GAP);
    const float ratio = F(FSK_RATIO), level = F(FSK_MARK);
    const int32_t frame = W(FSK_FRAME), octet = W(FSK_OCTET);
    const int32_t weak = MASK(m + s < least);
    const float now = fsk_pick(weak, 0.0f, m * ratio - s), step = now - was;
    const int32_t edge = MASK(was > 0.0f) ^ MASK(now > 0.0f);
    /* One division for two purposes: at an edge, how long ago it was; else space to mark. */
    const float part = fsk_pick(edge, now, s) / fsk_pick(edge, step, level + 1.0f);
    const float most = part < 16.0f ? part : 16.0f, heard = most > 0.0625f ? most : 0.0625f;
    const int32_t start = edge & MASK(frame == 0) & MASK(now <= 0.0f) & ~weak;
    const float middle = 0.5f * FSK_BIT - most; /* from now to the middle of the bit */
    const float pull = middle - wait;
    const int32_t near = edge & MASK(__builtin_fabsf(pull) < 0.4f * FSK_BIT);
    const float next = wait + fsk_pick(near, 0.4f * pull, 0.0f);
    const int32_t due = MASK(frame > 0) & MASK(next <= 0.0f);
    const int32_t one = MASK(now + step * next > 0.0f);
    const int32_t shifted = (frame >> 1) | (one & FSK_STOPPED);
    const int32_t whole = -(shifted & 1), stop = due & whole;
    const int32_t drop = whole | (MASK(frame == FSK_START) & one); /* or a false start */
    const int32_t after = (due & shifted & ~drop) | (~due & frame);
    W(FSK_OCTET) = (stop & shifted) | (~stop & octet);
    W(FSK_FRAME) = (start & FSK_START) | after;
    F(FSK_GAP) = fsk_pick(stop, before, gap);
    F(FSK_BEFORE) = fsk_pick(start, run, before);
    /* The stop bit is read a little early: the next start bit may come soon. */
    const float later = next + fsk_pick(-(shifted >> 1 & 1), 0.96f * FSK_BIT, FSK_BIT);
    F(FSK_WAIT) = fsk_pick(start, middle, fsk_pick(due, later, next));
    const float marks = fsk_pick(MASK(now > 0.0f), run + 1.0f, 0.0f);
    F(FSK_RUN) = marks;
    const int32_t idle = MASK(after == 0) & MASK(marks > FSK_STALE) & MASK(s < 0.25f * m);
    const float pace = fsk_pick(MASK(m > 16.0f * level), 1.0f, 0.25f);
    const float learnt = level + fsk_pick((due & one) | idle, pace * (m - level), 0.0f);
    F(FSK_MARK) = learnt > 0.0f ? learnt : 0.0f; /* 0 after values beyond all measure, too */
    const float turn = fsk_pick(due & ~one & ~edge, 0.125f * (heard - ratio), 0.0f);
    F(FSK_RATIO) = fsk_pick(weak, 1.0f, ratio + turn);
    F(FSK_WAS) = now;
}

/* Octets of FSK_WIDE channels in n samples. */
CLONES static void fsk_octets(const float *restrict mark, const float *restrict space, int n,
                              float least, float *restrict f, int32_t *restrict w)
{
    memset(w + FSK_OCTET * FSK_WIDE, 0, FSK_WIDE * sizeof *w);
    for (int i = 0; i < n; i++, mark += FSK_WIDE, space += FSK_WIDE)
        for (int c = 0; c < FSK_WIDE; c++)
            fsk_step(mark[c], space[c], least, f, w, c);
}

/* The same for one channel, whose state f and w point at. Most samples are neither edge nor bit:
 * of those only what they change is done. */
static void fsk_octets_one(const float *restrict mark, const float *restrict space, int n,
                           float least, float *restrict f, int32_t *restrict w)
{
    const int c = 0;
    W(FSK_OCTET) = 0;
    for (int i = 0; i < n; i++) {
        const float m = mark[i], s = space[i], wait = F(FSK_WAIT) - 1.0f, ratio = F(FSK_RATIO);
        const int weak = m + s < least;
        const float now = weak ? 0.0f : m * ratio - s;
        const int on = now > 0.0f, frame = W(FSK_FRAME);
        if (on != (F(FSK_WAS) > 0.0f) || (frame ? wait <= 0.0f : on && F(FSK_RUN) >= FSK_STALE)) {
            fsk_step(m, s, least, f, w, 0);
            continue;
        }
        F(FSK_WAIT) = wait;
        F(FSK_RUN) = on ? F(FSK_RUN) + 1.0f : 0.0f;
        F(FSK_RATIO) = weak ? 1.0f : ratio;
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

#endif

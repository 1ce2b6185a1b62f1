/* The tone disabler (G.168 clause 7): 2100 Hz with phase reversals, sent or received, switches a
 * channel off until the line falls silent; without reversals it only stops the non-linear processor.
 *
 * A block of 80 samples is 21 periods of 2100 Hz: its correlation with them is one phasor. In a tone
 * it turns by the same angle from block to block (75 degrees for 21 Hz); a reversal is a tone that
 * was steady and goes on at the opposite of the angle expected, and stays. The guard is the share of
 * the block's energy that lies in the phasor, which falls off at either side of 2100 Hz too. */
#ifndef DSP_EXT_ECHO_TONE_H
#define DSP_EXT_ECHO_TONE_H

#include "echo_state.h"

#define TONE_SHARE 0.6f      /* of the energy that must be the tone's: 0.86 for 2100 +- 21 Hz alone */
#define TONE_LEVEL 1.3e5f    /* mean square of -33 dBm0: at -31 it must be heard, at -35 it must not */
#define TONE_SAME 0.75f      /* cosine of 41 degrees, within which a phase is the one expected */
#define TONE_TURNED (-0.82f) /* cosine of 145 degrees: 155 is a reversal, 110 is none */
#define TONE_BEFORE 12.0f    /* blocks for which it was steady before a reversal that counts */
#define TONE_AFTER 12.0f     /* and after it */
#define TONE_PLAIN 30.0f     /* blocks after which a tone without reversals counts */
#define TONE_GAP 3.0f        /* blocks a reversal or a click may spoil */
#define TONE_SILENCE 6.54e4f /* mean square of -36 dBm0, below which the holding band is silent */
#define TONE_RELEASE 25.0f   /* blocks of silence that end it: 100 to 400 ms are allowed */
#define TONE_FIRST_BIN 8     /* holding band: 400 to 3000 Hz */
#define TONE_LAST_BIN 60

CLONES_BEGIN

/* What a block holds: its phasor at 2100 Hz and its energy. */
FFT_INLINE void tone_phasor(const float (*wave)[2], const lanes *x, lanes *re, lanes *im, lanes *all)
{
    lanes r = {0}, i = {0}, e = {0};
    for (int n = 0; n < ECHO_BLOCK; n++) {
        r += x[n] * wave[n][0];
        i += x[n] * wave[n][1];
        e += x[n] * x[n];
    }
    *re = r, *im = i, *all = e;
}

/* One direction hears one block; `reversed` becomes 1 where a reversal has been followed by tone. */
FFT_INLINE void tone_follow(echo_tone *o, lanes re, lanes im, lanes all, float *reversed)
{
    for LANE {
        const float size = re[c] * re[c] + im[c] * im[c];
        const float per = size > 0.0f ? 1.0f / sqrtf(size) : 0.0f, r = re[c] * per, i = im[c] * per;
        const int good = (size > TONE_SHARE * 0.5f * ECHO_BLOCK * all[c])
                         & (all[c] > ECHO_BLOCK * TONE_LEVEL);
        const float ahead_r = o->re[c] * o->turn_re[c] - o->im[c] * o->turn_im[c];
        const float ahead_i = o->re[c] * o->turn_im[c] + o->im[c] * o->turn_re[c];
        const float cosine = r * ahead_r + i * ahead_i, steady = o->steady[c];
        const int known = steady > 1.0f, second = good & (steady == 1.0f);
        const int same = good & known & (cosine > TONE_SAME);
        const int turned = good & known & (cosine < TONE_TURNED) & (steady >= TONE_BEFORE);
        const int lost = !same & !turned & known & (o->gap[c] >= TONE_GAP);
        /* the turn from block to block: measured at the second, then followed */
        const float now_r = r * o->re[c] + i * o->im[c], now_i = i * o->re[c] - r * o->im[c];
        const int near = second & (now_r > 0.0f), step = same & (o->gap[c] == 0.0f);
        const float pace = near ? 1.0f : step ? 0.2f : 0.0f;
        const float tr = o->turn_re[c] + (now_r - o->turn_re[c]) * pace;
        const float ti = o->turn_im[c] + (now_i - o->turn_im[c]) * pace;
        const float unit = 1.0f / sqrtf(tr * tr + ti * ti + 1e-12f);
        o->turn_re[c] = tr * unit, o->turn_im[c] = ti * unit;
        const int take = (known ? same | turned : good) | lost;
        o->re[c] = take ? r : ahead_r, o->im[c] = take ? i : ahead_i;
        float next = same ? steady + 1.0f : turned ? 2.0f : near ? 2.0f : good ? 1.0f : 0.0f;
        next = known & !same & !turned & !lost ? steady : next;
        o->steady[c] = next < 1e6f ? next : 1e6f;
        o->gap[c] = known & !same & !turned & !lost ? o->gap[c] + 1.0f : 0.0f;
        o->turned[c] = turned ? 1.0f : next >= 2.0f ? o->turned[c] : 0.0f;
        reversed[c] = (o->turned[c] > 0.0f) & (next >= TONE_AFTER) ? 1.0f : reversed[c];
    }
}

/* Mean square in the holding band of a spectrum whose frame has `samples` samples. */
FFT_INLINE lanes tone_held(const lanes *bins, float samples)
{
    lanes sum = {0};
    for (int k = TONE_FIRST_BIN; k <= TONE_LAST_BIN; k++)
        sum += bins[2 * k] * bins[2 * k] + bins[2 * k + 1] * bins[2 * k + 1];
    return sum * (2.0f / (2 * ECHO_BLOCK * samples));
}

/* Both directions hear a block. */
FFT_INLINE void echo_hear_tones(const echo_tile *t, const lanes *tx, const lanes *rx)
{
    echo_state *s = t->state;
    float reversed[TILE] = {0};
    lanes re, im, all;
    tone_phasor(t->wave, tx, &re, &im, &all);
    tone_follow(&s->tone[0], re, im, all, reversed);
    tone_phasor(t->wave, rx, &re, &im, &all);
    tone_follow(&s->tone[1], re, im, all, reversed);
    for LANE {
        const int may = (s->disabler[c] > 0.0f) & (s->on[c] > 0.0f);
        const int plain = (s->tone[0].steady[c] >= TONE_PLAIN) | (s->tone[1].steady[c] >= TONE_PLAIN);
        const int hit = may & ((reversed[c] > 0.0f) | plain);
        s->off[c] = may & (reversed[c] > 0.0f) ? 1.0f : s->off[c];
        s->data[c] = hit ? 1.0f : s->data[c];
        s->silent[c] = hit ? 0.0f : s->silent[c];
    }
}

/* Ends what a tone began once both directions are silent; `error`: spectrum of what is left. */
FFT_INLINE void echo_hold_tones(const echo_tile *t, const lanes *error)
{
    echo_state *s = t->state;
    float any = 0.0f;
    for LANE
        any += s->data[c];
    if (any == 0.0f)
        return;
    const lanes tx = tone_held(t->sent + (size_t)s->slot * FFT_ROWS, 2 * ECHO_BLOCK);
    const lanes rx = tone_held(error, ECHO_BLOCK);
    for LANE {
        const int silent = (tx[c] < TONE_SILENCE) & (rx[c] < TONE_SILENCE);
        s->silent[c] = silent ? s->silent[c] + 1.0f : 0.0f;
        const int over = s->silent[c] >= TONE_RELEASE;
        s->off[c] = over ? 0.0f : s->off[c];
        s->data[c] = over ? 0.0f : s->data[c];
    }
}

CLONES_END

#endif

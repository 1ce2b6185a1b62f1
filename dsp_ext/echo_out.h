/* What the echo canceller sends: the error, what came in when that is better, or comfort noise. */
#ifndef DSP_EXT_ECHO_OUT_H
#define DSP_EXT_ECHO_OUT_H

#define ECHO_NEAR_HOLD 12.0f     /* blocks after the near end was heard */
#define ECHO_MARGIN 5.0f         /* power by which it must stand out of what may be echo */
#define ECHO_ROUGH 1.5e-3f       /* share of the echo no linear model takes away: G.711's noise */
#define ECHO_LEFT_MOST 0.06f     /* share of it that is never taken for the near end */
#define ECHO_LEFT_RISE 1.02f     /* how fast a block may raise what is known to be left */
#define ECHO_WARY 10.0f          /* how much more than the filter's doubt may be wrong */
#define ECHO_WARY_BARE 1.0f      /* the same where there is next to no echo */
#define ECHO_LOUD 1.3e5f         /* mean square of -33 dBm0: from here on a key may be in it */
#define ECHO_OPEN 0.1f           /* of a sample's way back to what is left: no onset is cut */
#define ECHO_HUSH 1.0f           /* mean square no line is quieter than */
#define ECHO_FIRST_FLOOR 500.0f  /* line noise until it is known: -57 dBm0 */

CLONES_BEGIN

/* Line noise by what is left while the far end is silent; `ee`, `lag`: of this block, mean. */
FFT_INLINE void echo_noise(echo_state *s, lanes ee, lanes lag)
{
    for LANE {
        const float p = ee[c], floor = s->floor[c];
        float rate = 0.0f;
        if (s->active[c] == 0.0f)
            rate = p < 0.4f * floor ? 0.2f : p < 4.0f * floor ? 0.05f : 0.0f;
        else
            rate = p < 0.4f * floor ? 0.1f : 0.0f;
        const float rise = (s->active[c] == 0.0f) & (p >= 4.0f * floor) ? 1.012f : 1.0f;
        s->floor[c] = (floor + rate * (p - floor)) * rise;
        s->floor[c] = s->floor[c] > ECHO_HUSH ? s->floor[c] : ECHO_HUSH;
        s->lag[c] = (s->lag[c] + rate * (lag[c] - s->lag[c])) * rise;
    }
}

/* Whether the near end speaks, and what the output is made of from here on. */
FFT_INLINE void echo_judge(const echo_tile *t, const echo_work *w, lanes ee, float *choice,
                           float *suppress)
{
    echo_state *s = t->state;
    lanes doubt = {0};
    for (int k = 0; k < FFT_BINS; k++)
        doubt += w->expect[k];
    for LANE {
        const float error = s->swift_error[c], heard = s->swift_heard[c];
        float left = error / (s->swift_model[c] + 1e-9f), risen = s->left[c] * ECHO_LEFT_RISE;
        left = left < risen ? left : risen;
        left = left > ECHO_ROUGH ? left : ECHO_ROUGH;
        left = left < ECHO_LEFT_MOST ? left : ECHO_LEFT_MOST;
        s->left[c] = s->active[c] > 0.0f ? left : s->left[c];
        const float wary = w->bare[c] ? ECHO_WARY_BARE : ECHO_WARY;
        const float echo = wary * doubt[c] * (1.0f / FFT_HALF) + s->left[c] * s->swift_model[c];
        const float line = 2.0f * s->floor[c] * ECHO_BLOCK;
        const int near = error > ECHO_MARGIN * echo + line;
        s->near[c] = near ? ECHO_NEAR_HOLD : s->near[c] - (s->near[c] > 0.0f);
        const float most = ECHO_LOUD * ECHO_BLOCK;
        const int loud = (error > most) | (ee[c] > most), may = !loud & (s->data[c] == 0.0f);
        const int quiet = (s->active[c] > 0.0f) & (s->near[c] <= 0.0f) & may;
        suppress[c] = quiet ? s->nlp[c] : 0.0f;
        const float edge = s->choice[c] > 0.5f ? 0.95f : 1.5f;
        const int pass = (s->on[c] == 0.0f) | (s->off[c] > 0.0f);
        choice[c] = (error > edge * heard) | pass ? 1.0f : 0.0f;
    }
}

/* The next sample of comfort noise: as loud as the line's, with its tilt. */
FFT_INLINE lanes echo_hiss(echo_state *s, const float *keep, const float *drive)
{
    lanes hiss;
    for LANE {
        s->dice[c] = s->dice[c] * 1664525u + 1013904223u;
        const float u = (float)(int32_t)s->dice[c] * (1.0f / 2147483648.0f);
        hiss[c] = s->hiss[c] = s->hiss[c] * keep[c] + u * drive[c];
    }
    return hiss;
}

/* The block that goes out; a change of its make-up is spread over the block, but for the return from
 * comfort noise, which is not to cut a beginning. */
FFT_INLINE void echo_send(const echo_tile *t, const echo_work *w, float *out, int cstride)
{
    echo_state *s = t->state;
    lanes ee = {0}, lag = {0}, mean = {0}, last = ROW(s->last);
    float choice[TILE], suppress[TILE], keep[TILE], drive[TILE];
    for (int i = 0; i < ECHO_BLOCK; i++) {
        ee += w->e[i] * w->e[i];
        lag += w->e[i] * last;
        mean += last = w->e[i];
    }
    ROW(s->last) = last;
    mean *= 1.0f / ECHO_BLOCK; /* an idle A-law line is not silent but off zero */
    echo_noise(s, ee * (1.0f / ECHO_BLOCK) - mean * mean, lag * (1.0f / ECHO_BLOCK) - mean * mean);
    echo_judge(t, w, ee, choice, suppress);
    for LANE {
        float tilt = s->lag[c] / s->floor[c];
        tilt = tilt < 0.9f ? tilt : 0.9f;
        keep[c] = tilt > -0.9f ? tilt : -0.9f;
        drive[c] = sqrtf(3.0f * s->floor[c] * (1.0f - keep[c] * keep[c]));
    }
    lanes pick, step_pick, mute, step_mute;
    int hush = 0;
    for LANE {
        pick[c] = s->choice[c], mute[c] = s->suppress[c];
        step_pick[c] = (choice[c] - pick[c]) * (1.0f / ECHO_BLOCK);
        step_mute[c] = suppress[c] < mute[c] ? -ECHO_OPEN : (suppress[c] - mute[c]) * (1.0f / ECHO_BLOCK);
        hush |= (suppress[c] > 0.0f) | (s->suppress[c] > 0.0f);
        s->choice[c] = choice[c], s->suppress[c] = suppress[c];
    }
    for (int i = 0; i < ECHO_BLOCK; i++) {
        pick += step_pick, mute += step_mute;
        for LANE
            mute[c] = mute[c] > 0.0f ? mute[c] : 0.0f;
        const lanes plain = w->e[i] + (w->d[i] - w->e[i]) * pick;
        const lanes sent = hush ? plain + (echo_hiss(s, keep, drive) - plain) * mute : plain;
        memcpy(out + (size_t)i * cstride, &sent, sizeof sent);
    }
}

CLONES_END

#endif

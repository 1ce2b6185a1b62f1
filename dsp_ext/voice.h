/* Inner loops of players, feeds and taps. */
#ifndef DSP_EXT_VOICE_H
#define DSP_EXT_VOICE_H

#include <stdint.h>
#include "clones.h"

CLONES_BEGIN

/* n samples, times gain, added into one channel's row of a tile. */
CLONES static void voice_add(float *restrict row, const int16_t *restrict samples, int n,
                             float gain)
{
    for (int i = 0; i < n; i++)
        row[i] += gain * (float)samples[i];
}

/* rx, tx, rx, tx … */
CLONES static void voice_interleave(const uint8_t *restrict rx, const uint8_t *restrict tx,
                                    uint8_t *restrict pairs, int n)
{
    for (int i = 0; i < n; i++) {
        pairs[2 * i] = rx[i];
        pairs[2 * i + 1] = tx[i];
    }
}

CLONES_END

/* A tile of channels, each a row of `block` samples, is turned and added into pcm, where a row is a
 * sample of all channels. */
static void voice_turn(const float *restrict tile, int block, float *restrict pcm, int cstride)
{
    for (int i = 0; i < block; i++, pcm += cstride)
        for (int c = 0; c < TILE; c++)
            pcm[c] += tile[c * block + i];
}

#endif

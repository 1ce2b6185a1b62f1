/* Bits of a caller ID message as they are sent. */
#ifndef DSP_EXT_FSK_SEND_H
#define DSP_EXT_FSK_SEND_H

#include <stdint.h>
#include "tone.h"

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

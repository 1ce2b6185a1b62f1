/* Whether values are numbers: what every kernel's Python door asks of its input. */
#ifndef DSP_EXT_FINITE_H
#define DSP_EXT_FINITE_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include "clones.h"

/* NaN and infinity are what has all bits of the exponent set. */
CLONES static uint32_t finite_largest(const float *values, size_t n)
{
    uint32_t largest = 0;
    for (size_t i = 0; i < n; i++) {
        uint32_t bits;
        memcpy(&bits, values + i, sizeof bits);
        bits &= 0x7fffffffu;
        largest = bits > largest ? bits : largest;
    }
    return largest;
}

#endif

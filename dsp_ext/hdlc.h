/* Tables of the HDLC kernel: the FCS, mirrored octets, and what bit stuffing makes of an octet. */
#ifndef DSP_EXT_HDLC_H
#define DSP_EXT_HDLC_H

#include <stdint.h>

#define HDLC_SPECIAL 0x8000 /* of hdlc_take: six ones in a row stand in this octet */

static uint16_t hdlc_fcs[256];
static uint8_t hdlc_mirror[256];
/* by ones that went before and octet: bits | how many << 10 | ones at its end << 14 */
static uint32_t hdlc_put[5][256];
/* by ones that came before and octet: bits | how many << 8 | ones at its end << 12, or SPECIAL */
static uint16_t hdlc_take[6][256];

static uint32_t hdlc_put_entry(int ones, int octet)
{
    uint32_t bits = 0;
    int count = 0;
    for (int i = 0; i < 8; i++) {
        uint32_t bit = octet >> i & 1;
        bits |= bit << count++;
        ones = bit ? ones + 1 : 0;
        if (ones == 5) {
            count++; /* the inserted zero */
            ones = 0;
        }
    }
    return bits | (uint32_t)count << 10 | (uint32_t)ones << 14;
}

static uint16_t hdlc_take_entry(int ones, int octet)
{
    uint32_t bits = 0, count = 0;
    for (int i = 0; i < 8; i++) {
        uint32_t bit = octet >> i & 1;
        if (bit && ones == 5)
            return HDLC_SPECIAL;
        if (bit || ones != 5)
            bits |= bit << count++;
        ones = bit ? ones + 1 : 0;
    }
    return (uint16_t)(bits | count << 8 | (uint32_t)ones << 12);
}

static void hdlc_fill(void)
{
    for (int octet = 0; octet < 256; octet++) {
        uint16_t fcs = (uint16_t)octet;
        for (int i = 0; i < 8; i++) {
            fcs = fcs & 1 ? fcs >> 1 ^ 0x8408 : fcs >> 1;
            if (octet >> i & 1)
                hdlc_mirror[octet] |= 0x80 >> i;
        }
        hdlc_fcs[octet] = fcs;
        for (int ones = 0; ones < 5; ones++)
            hdlc_put[ones][octet] = hdlc_put_entry(ones, octet);
        for (int ones = 0; ones < 6; ones++)
            hdlc_take[ones][octet] = hdlc_take_entry(ones, octet);
    }
}

#endif

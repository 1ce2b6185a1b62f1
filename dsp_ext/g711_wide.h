/* What the G.711 kernel shares with its decoders for one instruction set (wide/g711.c). */
#ifndef DSP_EXT_G711_WIDE_H
#define DSP_EXT_G711_WIDE_H

#include <stdint.h>
#include "clones.h"

#define G711_ROWS 16 /* octets of a channel that are turned together */

typedef void (*g711_decode_fn)(const uint8_t *octets, int stride, float *pcm, int cstride,
                               int channels, int block, int law);
typedef void (*g711_decode_array_fn)(const uint8_t *octets, int16_t *samples, long n, int law);

#ifdef HAVE_CLONES
/* block and n: multiples of G711_ROWS */
void g711_avx512_decode(const uint8_t *octets, int stride, float *pcm, int cstride, int channels,
                        int block, int law);
void g711_avx512_decode_array(const uint8_t *octets, int16_t *samples, long n, int law);
void g711_avx2_decode(const uint8_t *octets, int stride, float *pcm, int cstride, int channels,
                      int block, int law);
void g711_avx2_decode_array(const uint8_t *octets, int16_t *samples, long n, int law);
#endif

#endif

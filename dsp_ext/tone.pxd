"""C doors of the tone generator; tone.pyx says what and how."""

from libc.stdint cimport int32_t, uint8_t, uint32_t

cdef enum:
    TONE_FREQUENCIES = 4
    TONE_SEGMENTS = 32

cdef struct tone_segment:
    float hz[4]
    float amplitude[4]  # linear peak
    int count  # frequencies in use; 0 is silence
    int on  # samples; 0: continuous
    int off  # samples of silence after `on`

cdef struct tone_program:
    tone_segment seg[32]
    int segments
    int repeat_from  # -1: play once; else the segment to go on from after the last

cdef struct tone_bank:
    int channels
    int cstride  # units.padded(channels); state rows have this many places
    uint32_t* phase  # [4][cstride] turns × 2³²
    uint32_t* step  # [4][cstride] turns × 2³² a sample
    float* amplitude  # [4][cstride] 0 while silent
    int32_t* left  # [cstride] samples to the next change
    int32_t* tile_active  # [cstride / LANES] sounding channels in the tile
    uint8_t* state  # [cstride] idle, on, off, ended
    int32_t* index  # [cstride] segment
    int32_t* count  # [cstride] frequencies in use
    tone_program* programs  # [channels] own copies
    int pending  # ended channels not yet reported

cdef tone_bank* tone_new(int channels) noexcept nogil  # NULL: no memory
cdef void tone_free(tone_bank* bank) noexcept nogil  # NULL is allowed
# copies the program; replaces what sounded
cdef void tone_start(tone_bank* bank, int channel, const tone_program* program) noexcept nogil
cdef void tone_stop(tone_bank* bank, int channel) noexcept nogil  # no "done" for it
cdef bint tone_active(tone_bank* bank, int channel) noexcept nogil
# adds into pcm_add[i * cstride + c]; -> channels whose program ended, in done_channels
# (those beyond `max` are reported by the next call)
cdef int tone_process(tone_bank* bank, float* pcm_add, int cstride, int block,
                      int* done_channels, int max) noexcept nogil

# Python door: engine code takes `program.raw`
cdef class Program:
    cdef tone_program raw
    cdef readonly str name

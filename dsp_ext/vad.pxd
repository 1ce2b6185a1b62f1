"""C doors of the voice detector; vad.pyx says what and how."""

from libc.stdint cimport int16_t, int64_t, uint8_t

from dsp_ext.level cimport noise_bank

cdef enum:
    VAD_UNIT = 80  # samples

cdef struct vad_event:
    int channel
    bint speaking
    int64_t at  # samples of bank time at which it was sure
    int64_t since  # at which speech, or the pause, began

cdef struct vad_bank:
    int channels
    int cstride
    int fill  # samples in the unfinished unit
    int hang  # units that a pause must last
    int64_t now  # bank time, samples
    noise_bank* low_floor
    noise_bank* high_floor
    float* state  # [4][cstride] of the filters
    float* low  # [cstride] energy of the unit below 900 Hz
    float* high  # [cstride] and above
    float* all  # [cstride] and of both; mean square when the unit is full
    float* power  # [cstride] mean square of the last whole unit
    float* low_power  # [cstride] mean square below 900 Hz, smoothed
    float* high_power  # [cstride] and above
    uint8_t* loud  # [cstride] the last unit was louder than noise
    uint8_t* speaking  # [cstride] with hangover
    int16_t* run  # [cstride] loud units in a row
    int16_t* left  # [cstride] units until the pause counts
    int64_t* since  # [cstride] bank time of the last change

cdef vad_bank* vad_new(int channels, int hang_ms) noexcept nogil  # NULL: no memory
cdef void vad_free(vad_bank* bank) noexcept nogil  # NULL is allowed
# -> events written; `channels` is always room enough for blocks of up to 80 samples; NULL: none
cdef int vad_process(vad_bank* bank, const float* pcm, int block, vad_event* out,
                     int max_events) noexcept nogil
cdef void vad_reset(vad_bank* bank, int channel) noexcept nogil
# samples since speech was last heard on `channel`; 0 while it is
cdef int64_t vad_silent(const vad_bank* bank, int channel) noexcept nogil

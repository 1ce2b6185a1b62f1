"""Builds ``bench.peers._media``: small kernels of libspandsp and libspeexdsp, a plain mixer."""

from pathlib import Path

from cffi import FFI

ffibuilder = FFI()
ffibuilder.cdef(
    """
    typedef struct { int channels; int64_t told; ...; } media_peer_t;
    static void media_peer_free(media_peer_t *p);
    static media_peer_t *level_peer_new(int channels);
    static void level_peer_run(media_peer_t *p, const int16_t *pcm, int samples);
    static media_peer_t *voice_peer_new(int channels, int agc);
    static void voice_peer_run(media_peer_t *p, const int16_t *pcm, int samples);
    static media_peer_t *plc_peer_new(int channels);
    static void plc_peer_run(media_peer_t *p, int16_t *pcm, int samples, int block,
                             const uint8_t *lost);
    static media_peer_t *resample_peer_new(int channels, int from_hz, int to_hz, int quality);
    static int resample_peer_run(media_peer_t *p, const float *pcm, int samples, float *out,
                                 int room);
    static void mix_peer_run(const int16_t *pcm, int16_t *out, int channels, int n, int samples);
    """
)
ffibuilder.set_source(
    "bench.peers._media",
    (Path("bench/peers") / "media.c").read_text(encoding="utf-8"),
    libraries=["spandsp", "speexdsp"],
    extra_compile_args=["-O3"],
)

if __name__ == "__main__":
    ffibuilder.compile(verbose=True)

"""Builds ``bench.peers._echo``: libspeexdsp's echo cancellers, which ours is measured against."""

from pathlib import Path

from cffi import FFI

ffibuilder = FFI()
ffibuilder.cdef(
    """
    typedef struct { int channels; ...; } echo_peer_t;
    static echo_peer_t *echo_peer_new(int channels, int taps);
    static void echo_peer_free(echo_peer_t *p);
    static void echo_peer_run(echo_peer_t *p, const int16_t *tx, const int16_t *rx, int16_t *out,
                              int samples);
    """
)
ffibuilder.set_source(
    "bench.peers._echo",
    (Path("bench/peers") / "echo.c").read_text(encoding="utf-8"),
    libraries=["speexdsp"],
    extra_compile_args=["-O3"],
)

if __name__ == "__main__":
    ffibuilder.compile(verbose=True)

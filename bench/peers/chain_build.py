"""Builds ``bench.peers._chain``: the chain of libspandsp and libspeexdsp beside ours."""

from pathlib import Path

from cffi import FFI

ffibuilder = FFI()
ffibuilder.cdef(
    """
    typedef struct { int channels; ...; } chain_peer_t;
    static chain_peer_t *chain_peer_new(int channels, int taps, const uint8_t *line,
                                        int line_frames);
    static void chain_peer_free(chain_peer_t *p);
    static void chain_peer_line(chain_peer_t *p);
    static int64_t chain_peer_tick(chain_peer_t *p);
    """
)
ffibuilder.set_source(
    "bench.peers._chain",
    (Path("bench/peers") / "chain.c").read_text(encoding="utf-8"),
    libraries=["spandsp", "speexdsp"],
    extra_compile_args=["-O3"],
)

if __name__ == "__main__":
    ffibuilder.compile(verbose=True)

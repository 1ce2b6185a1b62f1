"""Builds ``bench.peers._tick``: the chain on libspandsp that the tick is measured against."""

from pathlib import Path

from cffi import FFI

ffibuilder = FFI()
ffibuilder.cdef(
    """
    typedef struct { int channels; ...; } peer_t;
    static peer_t *peer_new(int channels, int block, const int32_t *bridges,
                            const int16_t *music, int music_length, int fed,
                            const uint8_t *line, int line_blocks);
    static void peer_free(peer_t *p);
    static int64_t peer_run(peer_t *p, int ticks);
    """
)
ffibuilder.set_source(
    "bench.peers._tick",
    (Path("bench/peers") / "tick.c").read_text(encoding="utf-8"),
    libraries=["spandsp"],
    extra_compile_args=["-O3"],
)

if __name__ == "__main__":
    ffibuilder.compile(verbose=True)

"""Builds ``bench.peers._g711``: libspandsp's G.711 coders, which ours are measured against."""

from pathlib import Path

from cffi import FFI

ffibuilder = FFI()
ffibuilder.cdef(
    """
    static void g711_peer_encode(const int16_t *pcm, uint8_t *octets, long samples, int ulaw);
    static void g711_peer_decode(const uint8_t *octets, int16_t *pcm, long samples, int ulaw);
    """
)
ffibuilder.set_source(
    "bench.peers._g711",
    (Path("bench/peers") / "g711.c").read_text(encoding="utf-8"),
    libraries=["spandsp"],
    extra_compile_args=["-O3"],
)

if __name__ == "__main__":
    ffibuilder.compile(verbose=True)

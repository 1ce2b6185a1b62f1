"""Builds ``bench.peers._fsk``: libspandsp's caller ID receivers, which ours is measured against."""

from pathlib import Path

from cffi import FFI

ffibuilder = FFI()
ffibuilder.cdef(
    """
    typedef struct { int channels; ...; } fsk_peer_t;
    static fsk_peer_t *fsk_peer_new(int channels);
    static void fsk_peer_free(fsk_peer_t *p);
    static int64_t fsk_peer_run(fsk_peer_t *p, const int16_t *heard, int samples);
    static int fsk_peer_listen(int v23, const int16_t *heard, int samples, uint8_t *store,
                               int room);
    """
)
ffibuilder.set_source(
    "bench.peers._fsk",
    (Path("bench/peers") / "fsk.c").read_text(encoding="utf-8"),
    libraries=["spandsp"],
    extra_compile_args=["-O3"],
)

if __name__ == "__main__":
    ffibuilder.compile(verbose=True)

"""Builds ``bench.peers._mfr2``: libspandsp's MF-R2 receivers, which ours is measured against."""

from pathlib import Path

from cffi import FFI

ffibuilder = FFI()
ffibuilder.cdef(
    """
    typedef struct { int channels; ...; } mfr2_peer_t;
    static mfr2_peer_t *mfr2_peer_new(int channels);
    static void mfr2_peer_free(mfr2_peer_t *p);
    static int64_t mfr2_peer_run(mfr2_peer_t *p, const int16_t *heard, int samples);
    static int mfr2_peer_listen(int forward, const int16_t *heard, int samples, int *codes,
                                int *at, int most);
    """
)
ffibuilder.set_source(
    "bench.peers._mfr2",
    (Path("bench/peers") / "mfr2.c").read_text(encoding="utf-8"),
    libraries=["spandsp"],
    extra_compile_args=["-O3"],
)

if __name__ == "__main__":
    ffibuilder.compile(verbose=True)

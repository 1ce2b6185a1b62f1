"""Builds ``bench.peers._dtmf``: libspandsp's DTMF receivers, which ours is measured against."""

from pathlib import Path

from cffi import FFI

ffibuilder = FFI()
ffibuilder.cdef(
    """
    typedef struct { int channels; ...; } dtmf_peer_t;
    static dtmf_peer_t *dtmf_peer_new(int channels);
    static void dtmf_peer_free(dtmf_peer_t *p);
    static int64_t dtmf_peer_run(dtmf_peer_t *p, const int16_t *heard, int samples);
    static int dtmf_peer_decode(const int16_t *heard, int samples, int filter_dialtone,
                                char *out, int most);
    """
)
ffibuilder.set_source(
    "bench.peers._dtmf",
    (Path("bench/peers") / "dtmf.c").read_text(encoding="utf-8"),
    libraries=["spandsp"],
    extra_compile_args=["-O3"],
)

if __name__ == "__main__":
    ffibuilder.compile(verbose=True)

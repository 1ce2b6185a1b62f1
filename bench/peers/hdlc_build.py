"""Builds ``bench.peers._hdlc``: libspandsp's HDLC, which ours is measured against."""

from pathlib import Path

from cffi import FFI

ffibuilder = FFI()
ffibuilder.cdef(
    """
    typedef struct { int channels; uint8_t *store; int used; ...; } hdlc_peer_t;
    static hdlc_peer_t *hdlc_peer_new(int channels, int room);
    static void hdlc_peer_free(hdlc_peer_t *p);
    static int64_t hdlc_peer_hear(hdlc_peer_t *p, const uint8_t *heard, int octets);
    static void hdlc_peer_send(hdlc_peer_t *p, const uint8_t *frame, int length, int times,
                               uint8_t *sent, int octets);
    """
)
ffibuilder.set_source(
    "bench.peers._hdlc",
    (Path("bench/peers") / "hdlc.c").read_text(encoding="utf-8"),
    libraries=["spandsp"],
    extra_compile_args=["-O3"],
)

if __name__ == "__main__":
    ffibuilder.compile(verbose=True)

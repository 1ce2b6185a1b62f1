"""Builds ``bench.peers._bert``: libspandsp's bit error tester."""

from pathlib import Path

from cffi import FFI

ffibuilder = FFI()
ffibuilder.cdef(
    """
    typedef struct { int channels; ...; } bert_peer_t;
    static void bert_peer_free(bert_peer_t *p);
    static bert_peer_t *bert_peer_new(int channels, int long_pattern);
    static void bert_peer_make(bert_peer_t *p, uint8_t *octets, int n);
    static void bert_peer_check(bert_peer_t *p, const uint8_t *octets, int n);
    static void bert_peer_result(bert_peer_t *p, int channel, int *found);
    """
)
ffibuilder.set_source(
    "bench.peers._bert",
    (Path("bench/peers") / "bert.c").read_text(encoding="utf-8"),
    libraries=["spandsp"],
    extra_compile_args=["-O3"],
)

if __name__ == "__main__":
    ffibuilder.compile(verbose=True)

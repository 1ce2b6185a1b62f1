"""Builds ``bench.peers._modem``: signals of libspandsp's modems, and its G.726 coder."""

from pathlib import Path

from cffi import FFI

ffibuilder = FFI()
ffibuilder.cdef(
    """
    enum { MODEM_V21_CALLING, MODEM_V21, MODEM_V27TER, MODEM_V29, MODEM_V17, MODEM_V22_CALLING,
           MODEM_V22 };
    static int modem_send(int kind, int16_t *out, int samples);
    static int coder_g726(int16_t *pcm, int samples);
    """
)
ffibuilder.set_source(
    "bench.peers._modem",
    (Path("bench/peers") / "modem.c").read_text(encoding="utf-8"),
    libraries=["spandsp"],
    extra_compile_args=["-O3"],
)

if __name__ == "__main__":
    ffibuilder.compile(verbose=True)

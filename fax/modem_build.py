"""Builds ``fax._modem``: the modems of libspandsp (LGPL-2.1), as Debian's package has them."""

from pathlib import Path

from cffi import FFI

ffibuilder = FFI()
ffibuilder.cdef(
    """
    enum { MODEM_V27TER, MODEM_V29, MODEM_V17 };
    typedef struct { int trained; int bits; float carrier_hz; double snr_db; } modem_found;
    static int modem_make(int kind, int rate, float level_dbm0, const uint8_t *bits, long count,
                          int16_t *out, int room);
    static void modem_read(int kind, int rate, float cutoff_dbm0, const int16_t *pcm, int count,
                           uint8_t *bits, long room, modem_found *found);
    """
)
ffibuilder.set_source(
    "fax._modem",
    (Path("fax") / "modem.c").read_text(encoding="utf-8"),
    libraries=["spandsp", "m"],
    extra_compile_args=["-O3"],
)

if __name__ == "__main__":
    ffibuilder.compile(verbose=True)

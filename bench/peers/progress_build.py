"""Builds ``bench.peers._progress``: libspandsp's tone detectors, which ours is measured against."""

from pathlib import Path

from cffi import FFI

ffibuilder = FFI()
ffibuilder.cdef(
    """
    typedef struct { int channels; ...; } progress_peer_t;
    static progress_peer_t *progress_peer_new(int channels);
    static void progress_peer_free(progress_peer_t *p);
    static int64_t progress_peer_run(progress_peer_t *p, const int16_t *heard, int samples);
    static int progress_peer_plan_told(const int *elements, int count, const int16_t *heard,
                                       int samples, int *codes, int room);
    static int progress_peer_modem_told(int kind, const int16_t *heard, int samples, int *codes,
                                        int room);
    """
)
ffibuilder.set_source(
    "bench.peers._progress",
    (Path("bench/peers") / "progress.c").read_text(encoding="utf-8"),
    libraries=["spandsp"],
    extra_compile_args=["-O3"],
)

if __name__ == "__main__":
    ffibuilder.compile(verbose=True)

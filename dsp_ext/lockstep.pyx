"""The virtual clock of engines: all in order, block by block, as fast as the machine goes.

What: what an `EngineThread` is for real time. How: without the GIL, until something was posted that
somebody may want to act on. Limits: nothing is measured, so no load is shed and runs repeat exactly.
"""

from collections.abc import Sequence

from libc.stdlib cimport free, malloc

from dsp_ext.memory cimport EngineState
from dsp_ext.state cimport engine_t
from dsp_ext.tick cimport engine_tick


cdef long long _run_blocks(engine_t** engines, int count, long long blocks) noexcept nogil:
    cdef long long done = 0
    cdef int i
    cdef bint posted = False
    while done < blocks and not posted:
        for i in range(count):
            engine_tick(engines[i])
            posted |= engines[i].out.posted
        done += 1
    return done


def run_blocks(engines: Sequence[object], blocks: int) -> int:
    """Virtual clock: tick all engines in order, block by block, without the GIL.

    Stops after the block in which any engine posted an event -> blocks done.
    Raises ValueError for no engines, RuntimeError while another ticks one of them.
    """
    cdef EngineState engine
    cdef engine_t** list_of = <engine_t**> malloc(max(1, len(engines)) * sizeof(engine_t*))
    cdef int count = 0
    cdef long long done
    cdef long long wanted = blocks
    claimed = []
    try:
        if list_of == NULL or not engines:
            raise ValueError("at least one engine is needed")
        for engine in engines:
            engine.claim("run_blocks")
            claimed.append(engine)
            list_of[count] = engine.e
            count += 1
        with nogil:
            done = _run_blocks(list_of, count, wanted)
    finally:
        for engine in claimed:
            engine.let_go()
        free(list_of)
    return done

"""The real-time thread: ticks engines by the clock and never takes the GIL.

What: one native thread that ticks its engines in order, one block after
another, at absolute times of CLOCK_MONOTONIC. Late by a block or more it ticks
on without sleeping until it has caught up, and counts each tick that began
more than a block after its due time. What all engines' ticks of a block took is
told to each, which sheds load by it (shed.pyx).
A port with a clock of its own (a card) is followed: its blocks say when to tick, and ours goes on
where it falls silent.
How: pthread made here, so no Python thread state exists for it. SCHED_FIFO is
asked for at its making and mlockall before; where either is refused the thread
runs all the same and `error` says what to grant.
Limits: signals are blocked in it, so that Python's handlers stay with Python.
"""

import os
import resource

cimport cython
from libc.errno cimport EINTR, errno
from libc.stdint cimport int64_t, uint64_t
from libc.stdlib cimport free, malloc
from libc.string cimport memset

from dsp_ext.memory cimport EngineState
from dsp_ext.native cimport load_acquire, now_ns, store_release
from dsp_ext.shed cimport shed_measured
from dsp_ext.state cimport engine_t
from dsp_ext.tick cimport engine_late, engine_tick
from dsp_ext.units cimport SAMPLE_RATE

cdef extern from "<pthread.h>" nogil:
    ctypedef unsigned long pthread_t
    ctypedef struct pthread_attr_t:
        pass
    int pthread_create(pthread_t* thread, const pthread_attr_t* attr,
                       void* (*start)(void*) noexcept nogil, void* arg)
    int pthread_join(pthread_t thread, void** result)
    int pthread_attr_init(pthread_attr_t* attr)
    int pthread_attr_destroy(pthread_attr_t* attr)
    int pthread_attr_setinheritsched(pthread_attr_t* attr, int inherit)
    int pthread_attr_setschedpolicy(pthread_attr_t* attr, int policy)
    int pthread_attr_setschedparam(pthread_attr_t* attr, const sched_param* param)
    int PTHREAD_EXPLICIT_SCHED

cdef extern from "<sched.h>" nogil:
    struct sched_param:
        int sched_priority
    int SCHED_FIFO

cdef extern from "<signal.h>" nogil:
    ctypedef struct sigset_t:
        pass
    int sigfillset(sigset_t* signals)
    int pthread_sigmask(int how, const sigset_t* signals, sigset_t* old)
    int SIG_SETMASK

cdef extern from "<time.h>" nogil:
    struct timespec:
        long tv_sec
        long tv_nsec
    int clock_nanosleep(int clock, int flags, const timespec* until, timespec* remain)
    int CLOCK_MONOTONIC
    int TIMER_ABSTIME

cdef extern from "<sys/mman.h>" nogil:
    int mlockall(int flags)
    int munlockall()
    int MCL_CURRENT
    int MCL_FUTURE
    int MCL_ONFAULT


cdef void _sleep_until(int64_t due) noexcept nogil:
    cdef timespec until
    until.tv_sec, until.tv_nsec = due // 1000000000, due % 1000000000
    while clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &until, NULL) == EINTR:
        pass


cdef int _wait_for_line(clockwork_t* clock, int64_t until) noexcept nogil:
    """Wait for the first port that has a clock now -> as its wait; -1: no port has one."""
    cdef int64_t left = until - now_ns()
    cdef int i, p, told
    cdef engine_t* e
    for i in range(clock.count):
        e = clock.engines[i]
        for p in range(e.port_count):
            if e.ports[p].port.wait == NULL:
                continue
            told = e.ports[p].port.wait(e.ports[p].port.ctx, max(0, left))
            if told >= 0:
                return told
    return -1


cdef void _tell_pace(clockwork_t* clock, bint hurried) noexcept nogil:
    cdef int i, p
    cdef engine_t* e
    for i in range(clock.count):
        e = clock.engines[i]
        for p in range(e.port_count):
            if e.ports[p].port.pace != NULL:
                e.ports[p].port.pace(e.ports[p].port.ctx, hurried)


cdef int64_t _next_block(clockwork_t* clock, int64_t due) noexcept nogil:
    """Until a block is due, by the lines' clock where one has one -> when it was due.

    A line's block may come up to a block late before our own clock takes over.
    """
    cdef int64_t now
    cdef int told = _wait_for_line(clock, due + clock.block_ns)
    if told < 0:
        _sleep_until(due)
    _tell_pace(clock, told == 2)
    if told < 0:
        return due
    now = now_ns()
    return now if told and now < due + clock.block_ns else due


cdef void* _run(void* arg) noexcept nogil:
    cdef clockwork_t* clock = <clockwork_t*> arg
    cdef sigset_t all_signals
    cdef int64_t late, began, cost
    cdef int64_t due = now_ns()
    cdef int i
    sigfillset(&all_signals)
    pthread_sigmask(SIG_SETMASK, &all_signals, NULL)
    while load_acquire(&clock.running):
        due = _next_block(clock, due + clock.block_ns)
        began = now_ns()
        late = began - due
        for i in range(clock.count):
            engine_late(clock.engines[i], late, late > clock.block_ns)
            engine_tick(clock.engines[i])
        cost = now_ns() - began
        for i in range(clock.count):
            shed_measured(clock.engines[i], cost)
    return NULL


@cython.no_gc_clear
cdef class EngineThread:
    """Ticks `engines` in order, every block, from start() to stop().

    `priority` is the SCHED_FIFO priority to ask for (1 to 99), None for an ordinary thread.
    Raises ValueError for no engines, unlike blocks or a priority that cannot be.
    """

    def __cinit__(self, engines: object, *, priority: int | None = 50) -> None:
        cdef EngineState engine
        self.engines = list(engines)
        self.priority = priority
        self.realtime = self.locked = self.started = False
        self.error = ""
        if not self.engines or len({e.block for e in self.engines}) != 1:
            raise ValueError("engines of one block length, at least one, are needed")
        if priority is not None and not 1 <= priority <= 99:
            raise ValueError(f"priority {priority}: 1 to 99 is allowed, or None")
        self.clock.count = len(self.engines)
        self.clock.engines = <engine_t**> malloc(self.clock.count * sizeof(engine_t*))
        if self.clock.engines == NULL:
            raise MemoryError("engine thread")
        for i, engine in enumerate(self.engines):
            self.clock.engines[i] = engine.e
        engine = self.engines[0]
        self.clock.block_ns = <int64_t> engine.e.block * 1000000000 // SAMPLE_RATE

    def __del__(self) -> None:
        self.stop()

    def __dealloc__(self) -> None:
        free(self.clock.engines)

    def start(self) -> None:
        """Begin ticking. RuntimeError when started, or when another ticks an engine."""
        cdef EngineState engine
        if self.started:
            raise RuntimeError("the engine thread is running")
        claimed = []
        try:
            for engine in self.engines:
                engine.claim("an engine thread")
                claimed.append(engine)
            self._begin()
        except BaseException:
            for engine in claimed:
                engine.let_go()
            raise

    def _begin(self) -> None:
        self.error = ""
        self.realtime = self.locked = False
        self.process = os.getpid()
        store_release(&self.clock.running, 1)
        if self.priority is not None:
            self._lock_memory()
            rc = self._create(self.priority)
            if rc == 0:
                self.realtime = self.started = True
                return
            self._refused("SCHED_FIFO", rc, "grant CAP_SYS_NICE or LimitRTPRIO")
        rc = self._create(0)
        if rc:
            raise OSError(rc, f"engine thread: {os.strerror(rc)}")
        self.started = True

    cdef int _create(self, int priority) except -1:
        """Make the thread, with SCHED_FIFO unless `priority` is 0 -> errno."""
        cdef pthread_attr_t attr
        cdef sched_param param
        cdef int rc
        memset(&param, 0, sizeof(param))
        param.sched_priority = priority
        pthread_attr_init(&attr)
        if priority:
            pthread_attr_setinheritsched(&attr, PTHREAD_EXPLICIT_SCHED)
            pthread_attr_setschedpolicy(&attr, SCHED_FIFO)
            pthread_attr_setschedparam(&attr, &param)
        rc = pthread_create(<pthread_t*> &self.handle, &attr, _run, &self.clock)
        pthread_attr_destroy(&attr)
        return rc

    cdef _lock_memory(self):
        """Keep in RAM what has been touched: on fault, as locking all of every stack costs much."""
        flags = MCL_CURRENT | MCL_ONFAULT
        if resource.getrlimit(resource.RLIMIT_MEMLOCK)[0] == resource.RLIM_INFINITY:
            # With a limit, locking what is yet to come would make later allocations fail.
            flags |= MCL_FUTURE
        self.locked = mlockall(flags) == 0
        if not self.locked:
            self._refused("mlockall", errno, "grant CAP_IPC_LOCK or LimitMEMLOCK")

    def _refused(self, what: str, code: int, advice: str) -> None:
        said = f"{what}: {os.strerror(code)} ({advice})"
        self.error = f"{self.error}; {said}" if self.error else said

    def stop(self) -> None:
        """End within a block; nothing to do when it is not running."""
        cdef EngineState engine
        if not self.started:
            return
        if self.process != os.getpid():
            # A forked child has this object but not the thread: there is nothing to wait for.
            self.started = False
            return
        store_release(&self.clock.running, 0)
        with nogil:
            pthread_join(self.handle, NULL)
        self.started = False
        if self.locked:
            munlockall()
        for engine in self.engines:
            engine.let_go()

    @property
    def running(self) -> bool:
        return self.started

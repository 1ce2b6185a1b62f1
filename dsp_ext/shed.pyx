"""Load shedding: rather than miss ticks the engine does less, in a stated order, and takes it up again.

What: left out, one after the other and each with all before, are the second half of long echo
tails, call progress, the echo's non-linear processor, the learning of echo paths, and echo
cancelling. DTMF, MF-R2, caller ID, voice, mixing, players, recordings and audio never are.
How: who ticks says what the tick cost. A tick that took 80 % of its block's time or more is hot,
one that took more than all of it three times so; enough heat goes a level up. A long run of ticks
under half of the time goes one down. If that was a mistake and the next level up follows soon, the
run that is asked for doubles: a machine that is a little too slow settles instead of swinging.
Limits: only measured ticks are judged. Under a virtual clock nothing is, so runs repeat exactly.
"""

from libc.stdint cimport int64_t
from libc.string cimport memset

from dsp_ext.cancel cimport cancel_settle
from dsp_ext.messages cimport EV_SHED, event_t, outbox_post
from dsp_ext.posts cimport posts_afresh
from dsp_ext.state cimport (
    POST_PROGRESS,
    SHED_ADAPT,
    SHED_ECHO,
    SHED_NLP,
    SHED_NOTHING,
    SHED_PROGRESS,
    SHED_TAIL,
    engine_t,
    shed_t,
)
from dsp_ext.units cimport SAMPLE_RATE

cdef enum:  # verdicts on the ticks so far
    GOES_ON = 0
    TOO_HOT = 1
    TIME_TO_SPARE = 2

cdef enum:
    HOT = 8  # heat that goes a level up
    OVERRUN = 3  # heat of a tick that took longer than its block
    PATIENCE = 500  # calm ticks that go a level down
    PATIENCE_MOST = 16000
    RELAPSE = 2000  # ticks: a level up so soon after one down makes it more patient

# level × verdict → level
cdef int[6][3] _NEXT
_NEXT[SHED_NOTHING][:] = [SHED_NOTHING, SHED_TAIL, SHED_NOTHING]
_NEXT[SHED_TAIL][:] = [SHED_TAIL, SHED_PROGRESS, SHED_NOTHING]
_NEXT[SHED_PROGRESS][:] = [SHED_PROGRESS, SHED_NLP, SHED_TAIL]
_NEXT[SHED_NLP][:] = [SHED_NLP, SHED_ADAPT, SHED_PROGRESS]
_NEXT[SHED_ADAPT][:] = [SHED_ADAPT, SHED_ECHO, SHED_NLP]
_NEXT[SHED_ECHO][:] = [SHED_ECHO, SHED_ECHO, SHED_ADAPT]


cdef void shed_init(engine_t* e) noexcept nogil:
    cdef bint echo = e.echo.slots.count > 0
    cdef int i
    memset(&e.shed, 0, sizeof(shed_t))
    e.shed.cost_ns, e.shed.patience, e.shed.since = -1, PATIENCE, RELAPSE
    if echo:
        e.shed.useful = 1 << SHED_ADAPT | 1 << SHED_ECHO
        if e.echo.tail_ms > 64:
            e.shed.useful |= 1 << SHED_TAIL
        if e.echo.nlp:
            e.shed.useful |= 1 << SHED_NLP
    for i in range(e.post_count):
        if e.posts[i].kind == POST_PROGRESS:
            e.shed.useful |= 1 << SHED_PROGRESS


cdef void shed_measured(engine_t* e, int64_t cost_ns) noexcept nogil:
    e.shed.cost_ns = cost_ns


cdef int _verdict(shed_t* s, int64_t block_ns) noexcept nogil:
    """Takes the last tick into account."""
    if s.cost_ns * 10 >= block_ns * 8:
        s.heat += OVERRUN if s.cost_ns >= block_ns else 1
        s.calm = 0
    else:
        s.heat = max(0, s.heat - 1)
        s.calm = s.calm + 1 if s.cost_ns * 2 <= block_ns else 0
    if s.heat >= HOT:
        return TOO_HOT
    return TIME_TO_SPARE if s.calm >= s.patience else GOES_ON


cdef int _next(const shed_t* s, int verdict) noexcept nogil:
    """The level that follows, past those that would leave out nothing here."""
    cdef int level = _NEXT[s.level][verdict]
    while level != SHED_NOTHING and not s.useful >> level & 1:
        if _NEXT[level][verdict] == level:
            return s.level
        level = _NEXT[level][verdict]
    return level


cdef void _move(engine_t* e, int level, int64_t block_ns) noexcept nogil:
    cdef event_t event
    cdef int before = e.shed.level
    memset(&event, 0, sizeof(event))
    event.kind, event.channel, event.at = EV_SHED, -1, e.samples
    event.a, event.b = level, before
    event.x = <float> (e.shed.cost_ns * 1.0 / block_ns)
    e.shed.level, e.shed.heat, e.shed.calm = level, 0, 0
    e.shed.steps += 1
    cancel_settle(e)
    if level < SHED_PROGRESS <= before:
        posts_afresh(e, POST_PROGRESS)
    e.news_dropped += not outbox_post(&e.out, &event)


cdef void shed_judge(engine_t* e) noexcept nogil:
    cdef shed_t* s = &e.shed
    cdef int64_t block_ns = <int64_t> e.block * 1000000000 // SAMPLE_RATE
    cdef int verdict, level
    if s.cost_ns < 0:
        return
    s.ticks += s.level > SHED_NOTHING
    s.since = min(s.since + 1, RELAPSE)
    verdict = _verdict(s, block_ns)
    if verdict != GOES_ON:
        level = _next(s, verdict)
        if level > s.level and s.since < RELAPSE:
            s.patience = min(2 * s.patience, PATIENCE_MOST)
        if level < s.level:
            s.since = 0
        if level != s.level:
            _move(e, level, block_ns)
        else:
            s.heat = 0
    s.cost_ns = -1

"""The mixer: every member of a bridge hears all the others (N - 1).

What: any number of bridges over the channels of one block. Each member gives `in * talk`, rounded
to a whole number; it hears the sum of its bridge less what it gave itself, times `listen`, clipped
once to ±32767. `talk` 0 is a listener only (a monitor), `listen` 0 is deaf. A whisper is heard by
one channel alone, inside that one's sum and before its clip: a supervisor who joins with talk 0 and
whispers to the agent hears all and is heard by no caller. Others hear silence.
In a bridge of the `loudest` k only those k are summed, so that fifty open microphones are not fifty
noises; all others still hear them, each of the k without itself. A member is judged by its mean
square, up within 20 ms and down within 300; one that is heard is left for another only when that
is 3 dB louder; it comes and goes over 10 ms.
How: one int32 sum a bridge and sample, whatever the number of members: no pair of members is ever
looked at, and a member's own voice cancels exactly. A bridge that has a run of whole tiles to
itself is added up across its rows; tiles that several bridges share are turned first, sixteen
samples of a channel side by side, so that it is all the same where a bridge's members sit. Idle
tiles cost their silence alone.
Limits: input within ±32768; a bridge's sum must stay within int32, as 2047 members at full scale and
30 dB of gain do. Both hold for what comes out of a decoder; beyond, noise, but nothing undefined.
Memory: mix_seat.pyx has all of it.
"""

from libc.math cimport expf

import math

import numpy as np

from dsp_ext.mix_seat cimport (
    MIX_MOST_LOUDEST,
    mix_bank,
    mix_free,
    mix_join,
    mix_leave,
    mix_loudest,
    mix_new,
    mix_peer,
    mix_seat,
    mix_seats,
    mix_whisper,
)
from dsp_ext.units cimport SAMPLE_RATE
from dsp_ext.finite import largest
from dsp_ext.units import channel_count, channel_index, on_lines, pad, pcm_block

MOST_CHANNELS = 2047
MOST_LOUDEST = MIX_MOST_LOUDEST
MOST_GAIN = 32

cdef extern from "mix.h":
    const float MIX_LIMIT
    ctypedef void (*mix_run_fn)(const mix_seats* seats, const float* pcm, float* out, int cstride,
                                int rows) noexcept nogil
    mix_run_fn mix_best() noexcept nogil
    void mix_energy(const float* pcm, int cstride, int rows, int width,
                    float* energy) noexcept nogil

cdef float _RISE_S = 0.020
cdef float _FALL_S = 0.300
cdef float _KEEP = 2.0  # how much louder, in power, another must be
cdef int _MOVE = SAMPLE_RATE // 100  # samples in which a gate opens or closes


cdef int _best(const mix_bank* bank, int slot, int most, float* least) noexcept nogil:
    """How many of the loudest there are; `least` is what the last of them scores."""
    cdef float[MIX_MOST_LOUDEST] best
    cdef int count = 0
    cdef int k, c, i
    for k in range(bank.seats.first[slot], bank.seats.first[slot + 1]):
        c = bank.seats.member[k]
        if bank.talk[c] != 0.0 and (count < most or bank.energy[c] > best[count - 1]):
            count = min(count + 1, most)
            i = count - 1
            while i > 0 and best[i - 1] < bank.energy[c]:
                best[i] = best[i - 1]
                i -= 1
            best[i] = bank.energy[c]
    least[0] = best[count - 1] if count else 0.0
    return count


cdef void _score(mix_bank* bank, int slot, int rows) noexcept nogil:
    """How loud each has been of late; more of those who are heard."""
    cdef float rise = 1 - expf(-rows / (_RISE_S * SAMPLE_RATE))
    cdef float fall = 1 - expf(-rows / (_FALL_S * SAMPLE_RATE))
    cdef float change
    cdef int k, c
    for k in range(bank.seats.first[slot], bank.seats.first[slot + 1]):
        c = bank.seats.member[k]
        change = bank.energy[c] / rows * bank.talk[c] * bank.talk[c] - bank.level[c]
        bank.level[c] += change * (rise if change > 0 else fall)
        bank.energy[c] = bank.level[c] * (_KEEP if bank.heard[c] else <float>1.0)


cdef void _choose(mix_bank* bank, int slot, int most, int rows) noexcept nogil:
    """Sets the gates of a bridge moving, for these rows."""
    cdef float least, gate
    cdef float move = <float>rows / _MOVE
    cdef int left = _best(bank, slot, most, &least)
    cdef int k, c
    for k in range(bank.seats.first[slot], bank.seats.first[slot + 1]):
        c = bank.seats.member[k]
        bank.heard[c] = left > 0 and bank.talk[c] != 0.0 and bank.energy[c] >= least
        left -= bank.heard[c]
        gate = bank.gate[c]
        if bank.heard[c]:
            bank.gate[c] = min(gate + move, <float>1.0)
        else:
            bank.gate[c] = max(gate - move, <float>0.0)
        bank.seats.say[c] = bank.talk[c] * gate
        bank.seats.step[c] = bank.talk[c] * (bank.gate[c] - gate) / rows


cdef void _choose_all(mix_bank* bank, const float* pcm, int rows) noexcept nogil:
    """In bridges of the loudest only: who is heard in these rows."""
    cdef int slot, most
    mix_energy(pcm, bank.seats.width, rows, bank.seats.width, bank.energy)
    for slot in range(bank.seats.slots):
        most = bank.loudest[bank.bridge_of[bank.seats.member[bank.seats.first[slot]]]]
        if most:
            _score(bank, slot, rows)
            _choose(bank, slot, most, rows)


cdef void mix_process(mix_bank* bank, const float* pcm_in, float* pcm_out, int block) noexcept nogil:
    cdef int width = bank.seats.width
    cdef int rows = block
    cdef mix_run_fn run = mix_best()
    if bank.stale:
        mix_seat(bank)
    while block > 0:
        if bank.choosy:
            rows = min(block, _MOVE)
            _choose_all(bank, pcm_in, rows)
        run(&bank.seats, pcm_in, pcm_out, width, rows)
        block -= rows
        pcm_in += <Py_ssize_t>rows * width
        pcm_out += <Py_ssize_t>rows * width


cdef float _gain(value, str what) except? -1:
    number = float(value)
    if not math.isfinite(number) or not 0 <= number <= MOST_GAIN:
        raise ValueError(f"{what} must be 0 to {MOST_GAIN}, not {value!r}")
    return number


cdef class Mixer:
    """Bridges over `channels` channels.

    channels : int, 1 to 2047; bridges are numbered 0 … channels - 1
    """

    cdef mix_bank* bank

    def __cinit__(self, channels):
        self.bank = mix_new(channel_count(channels, MOST_CHANNELS))
        if self.bank == NULL:
            raise MemoryError("no memory for the mixer")

    def __dealloc__(self):
        mix_free(self.bank)

    @property
    def channels(self):
        return self.bank.channels

    def join(self, channel, bridge, *, talk=1.0, listen=1.0):
        """Put `channel` in `bridge`, or change its gains there.

        talk, listen : linear gains 0 … 32; talk 0 listens only, listen 0 is deaf
        Raises TypeError, IndexError (channel, bridge), ValueError (gains).
        """
        cdef int c = channel_index(channel, self.bank.channels)
        cdef int b = channel_index(bridge, self.bank.channels)
        mix_join(self.bank, c, b, _gain(talk, "talk"), _gain(listen, "listen"))

    def leave(self, channel):
        """Take `channel` out of its bridge; whispers from it and to it end.

        Raises TypeError, IndexError.
        """
        mix_leave(self.bank, channel_index(channel, self.bank.channels))

    def whisper(self, channel, to, gain=1.0):
        """Let `channel` be heard by `to` alone, besides all that `to` hears anyway.

        It is heard whether either of them is in a bridge or not; a supervisor joins the bridge with
        talk 0, so that it is not heard twice. A channel whispers to one at a time.
        gain : linear, 0 … 32; 0 ends it
        Raises TypeError, IndexError (channel, to), ValueError (gain, or `to` is `channel` itself).
        """
        cdef int c = channel_index(channel, self.bank.channels)
        cdef int t = channel_index(to, self.bank.channels)
        if c == t:
            raise ValueError(f"channel {c} cannot whisper to itself")
        mix_whisper(self.bank, c, t, _gain(gain, "gain"))

    def loudest(self, bridge, count):
        """Let only the `count` loudest members of `bridge` be heard; 0: all of them.

        count : int, 0 … 16
        Raises TypeError, IndexError (bridge), ValueError (count).
        """
        cdef int b = channel_index(bridge, self.bank.channels)
        if isinstance(count, bool) or not isinstance(count, int):
            raise TypeError(f"count must be an int, not {type(count).__name__}")
        if not 0 <= count <= MOST_LOUDEST:
            raise ValueError(f"count must be 0 to {MOST_LOUDEST}, not {count}")
        mix_loudest(self.bank, b, count)

    def peer(self, channel):
        """The one channel that `channel` hears unchanged, None when it hears none or a sum.

        Raises TypeError, IndexError.
        """
        cdef int found = mix_peer(self.bank, channel_index(channel, self.bank.channels))
        return None if found < 0 else found

    def process(self, pcm):
        """One block: what each channel says in, what each hears out.

        pcm : float32 ndarray of shape (block, channels), linear ±32768; what is beyond is clipped
        returns float32 ndarray of the same shape
        Raises TypeError, ValueError (shape, layout, NaN, infinity).
        """
        given = pad(pcm_block(pcm, self.bank.channels))
        if given.size and largest(given) > MIX_LIMIT:
            given = np.clip(given, -MIX_LIMIT, MIX_LIMIT)
        out = np.empty_like(given)
        self._run(given, out, 1)
        return np.ascontiguousarray(out[:, : self.bank.channels])

    def repeat(self, pcm, times):
        """Mix one block `times` over and drop what is heard: the body's cost without the door's.

        pcm : as for `process`, `channels` a multiple of 16
        Raises TypeError, ValueError.
        """
        if self.bank.channels != self.bank.seats.width:
            raise ValueError(f"channels must be a multiple of 16, not {self.bank.channels}")
        given = pcm_block(pcm, self.bank.channels)
        self._run(given, on_lines(np.empty_like(given)), times)

    cdef _run(self, const float[:, ::1] source, float[:, ::1] target, int times):
        cdef int block = source.shape[0]
        if block:
            with nogil:
                for _ in range(times):
                    mix_process(self.bank, &source[0, 0], &target[0, 0], block)

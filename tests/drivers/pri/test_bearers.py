"""What a call is to carry: speech is taken, data is refused, the wrong law is told."""

from __future__ import annotations

import asyncio

import pytest

from drivers import registry
from drivers.boards.cesopsn.board import CesopsnSpec, make_board
from drivers.events import Setup, SignallingFault
from tests.drivers.pri.fuzz_peer import CALLED, CHANNEL, Peer

SPEECH, AUDIO, DIGITAL, TONES, VIDEO = "8090", "9090", "8890", "9190", "9890"
ALAW, ULAW = "a3", "a2"


def offered(bearer: str, side: str = "user", switch: str = "euroisdn") -> tuple[Peer, list[bytes]]:
    """The link a SETUP with this bearer capability came to, and the messages it sent at once."""
    peer = Peer(side, switch)
    peer.message(7, "05", f"04{len(bearer) // 2:02x}" + bearer + CHANNEL + CALLED)
    sent = [frame[4:] for frame in peer.link.take_frames() if not frame[2] & 1]
    return peer, sent


@pytest.mark.parametrize("bearer", [SPEECH + ALAW, AUDIO + ALAW, SPEECH])
@pytest.mark.parametrize("switch", ["euroisdn", "qsig", "ni2", "dms100", "5ess"])
def test_speech_and_audio_are_taken(bearer, switch):
    peer, sent = offered(bearer, switch=switch)
    assert [type(event) for event in peer.events if isinstance(event, Setup | SignallingFault)] == [
        Setup
    ]
    assert sent == []


@pytest.mark.parametrize("bearer", [DIGITAL, TONES, VIDEO, DIGITAL + "218f"])
@pytest.mark.parametrize("side", ["user", "network"])
def test_a_call_for_data_is_refused_with_88_and_leaves_nothing(bearer, side):
    peer, sent = offered(bearer, side)
    assert sent == [bytes.fromhex("080280075a080281d8")]
    (fault,) = [event for event in peer.events if isinstance(event, SignallingFault)]
    assert fault.what == "call refused" and "is no speech, cause 88" in fault.detail
    assert not any(isinstance(event, Setup) for event in peer.events)
    assert not peer.link.calls() and peer.link.is_idle(1)


def test_speech_coded_otherwise_is_told_and_taken():
    peer, _ = offered(SPEECH + ULAW)
    (fault,) = [event for event in peer.events if isinstance(event, SignallingFault)]
    assert (fault.what, fault.detail) == ("companding", "a call with ulaw, this line has alaw")
    assert any(isinstance(event, Setup) for event in peer.events)


def test_a_line_of_fewer_channels_has_no_others():
    """An E1 over IP may carry a few timeslots: no call is moved to one that is not there."""

    async def scenario():
        spec = CesopsnSpec("E1-1", ("127.0.0.1", 0), ("127.0.0.1", 9), timeslots=(1, 2, 3, 16))
        board = make_board("ip", [spec])
        line = registry.signalling("pri", board.spans[0])
        board.close()
        assert line.settings.channels == (1, 2, 3)

    asyncio.run(scenario())

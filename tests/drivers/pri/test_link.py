"""Two PRI links back to back: every flow, each way of ending, and what a bad line does."""

from __future__ import annotations

import pytest

from drivers.base import DriverError, SetupRequest
from drivers.events import (
    Alerting,
    CallEvent,
    ChannelSet,
    ChannelState,
    Connected,
    Digits,
    Disconnected,
    MoreDigits,
    Number,
    Proceeding,
    Progress,
    Released,
    Setup,
)
from drivers.signalling.pri.calls import MOVES, REQUESTS, CallState
from tests.drivers.pri.harness import SIDES, Pair, message_type, without

# ---- calls --------------------------------------------------------------------------------


@pytest.mark.parametrize("caller", SIDES)
def test_en_bloc_call_with_number_and_name(caller):
    pair = Pair()
    callee = pair.other(caller)
    calling = Number("13800138000", ton=2, npi=1, presentation=0x01)
    ref = pair.call(caller, 5, "075581234567", calling=calling, name="Zhāng Wěi 张伟")
    offered = pair.last(callee, Setup)
    assert offered.channel == 5 and offered.complete
    assert offered.called == Number("075581234567", 0, 1)
    assert offered.calling == calling
    assert offered.name == "Zhāng Wěi 张伟"
    link = pair.links[callee]
    link.proceeding(offered.ref, pair.now)
    pair.run(0.1)
    link.alerting(offered.ref, pair.now, inband=True)
    pair.run(0.1)
    link.answer(offered.ref, pair.now)
    pair.run(0.1)
    assert pair.log[caller][-3:] == [
        Proceeding(caller, ref),
        Alerting(caller, ref, inband=True),
        Connected(caller, ref),
    ]
    pair.links[caller].release(ref, 16, pair.now)
    pair.run(0.1)
    assert pair.last(callee, Disconnected) == Disconnected(callee, offered.ref, 16)
    link.release(offered.ref, 16, pair.now)
    pair.run(0.1)
    assert pair.last(caller, Released).cause == pair.last(callee, Released).cause == 16
    assert pair.idle()


@pytest.mark.parametrize("caller", SIDES)
def test_overlap_sending_and_receiving(caller):
    pair = Pair(net={"overlap": True}, user={"overlap": True})
    callee = pair.other(caller)
    ref = pair.call(caller, 2, "0755", complete=False)
    offered = pair.last(callee, Setup)
    assert offered.called.digits == "0755" and not offered.complete
    pair.links[callee].acknowledge(offered.ref, pair.now)
    pair.run(0.1)
    assert pair.last(caller, MoreDigits).ref == ref
    for part in ("8", "123", "4567"):
        pair.links[caller].information(ref, part, pair.now)
        pair.run(0.1)
    assert "".join(event.digits for event in pair.of(callee, Digits)) == "81234567"
    # Events of libpri that name no reference do not take away the one that is known.
    assert pair.links[callee].call_reference(offered.ref)
    pair.links[callee].proceeding(offered.ref, pair.now)
    pair.links[callee].answer(offered.ref, pair.now)
    pair.run(0.1)
    assert pair.story(caller, ref) == ["MoreDigits", "Proceeding", "Connected"]


def test_overlap_call_with_no_digits_at_all():
    pair = Pair(net={"overlap": True})
    pair.call("user", 1, "", complete=False)
    assert pair.last("net", Setup).called.digits == ""


def test_without_overlap_every_number_is_complete():
    pair = Pair()
    pair.call("user", 1, "0755", complete=False)
    assert pair.last("net", Setup).complete


def test_progress_with_announcement_before_answer():
    pair = Pair()
    ref = pair.call("user")
    far = pair.last("net", Setup).ref
    pair.net.proceeding(far, pair.now)
    pair.net.progress(far, pair.now)
    pair.run(0.1)
    assert pair.last("user", Progress) == Progress("user", ref, inband=True)


def test_restricted_number_keeps_its_presentation():
    pair = Pair()
    pair.call("net", 1, "1", calling=Number("139", 2, 1, 0x23), name="X")
    assert pair.last("user", Setup).calling.presentation == 0x23


def test_channel_zero_lets_the_link_choose_from_opposite_ends():
    pair = Pair()
    pair.call("user", 0)
    pair.call("net", 0)
    assert pair.last("user", ChannelSet).channel == 1
    assert pair.last("net", ChannelSet).channel == 31
    assert pair.last("net", Setup).channel == 1 and pair.last("user", Setup).channel == 31


def test_a_preferred_channel_in_use_is_exchanged_for_another():
    pair = Pair(user={"exclusive": False})
    pair.spoil = without(0x46)
    pair.net.restart(7, pair.now)  # busy at the network end until it is acknowledged
    ref = pair.user.setup(SetupRequest(7, Number("1")), pair.now)
    pair.run(0.1)
    offered = pair.last("net", Setup)
    assert offered.channel != 7
    pair.net.proceeding(offered.ref, pair.now)
    pair.run(0.1)
    assert pair.last("user", ChannelSet) == ChannelSet("user", ref, offered.channel)


def test_all_channels_busy_is_cause_34_here_and_there():
    pair = Pair(net={"channels": (1, 2)}, user={"channels": (1, 2), "exclusive": False})
    pair.call("user", 1)
    pair.spoil = without(0x46)
    pair.net.restart(2, pair.now)
    ref = pair.call("user", 2)
    assert pair.last("user", Released) == Released("user", ref, 34)
    with pytest.raises(DriverError) as full:
        pair.net.setup(SetupRequest(0, Number("1")), pair.now)
    assert full.value.cause == 34


def test_a_channel_in_use_is_refused_at_once():
    pair = Pair()
    pair.call("user", 4)
    for channel, cause in ((4, 44), (16, 44), (77, 44)):
        with pytest.raises(DriverError) as refused:
            pair.user.setup(SetupRequest(channel, Number("1")), pair.now)
        assert refused.value.cause == cause


# ---- clearing -----------------------------------------------------------------------------


@pytest.mark.parametrize("answers", SIDES)
def test_every_cause_comes_through_unchanged(answers):
    pair = Pair()
    caller = pair.other(answers)
    for cause in range(1, 128):
        ref = pair.call(caller, 1 + cause % 15)
        far = pair.last(answers, Setup).ref
        pair.links[answers].release(far, cause, pair.now)
        pair.run(0.1)
        if pair.story(caller, ref)[-1] == "Disconnected":
            assert pair.last(caller, Disconnected).cause == cause
            pair.links[caller].release(ref, 16, pair.now)
        pair.run(0.1)
        assert pair.last(caller, Released) == Released(caller, ref, cause)
        assert pair.last(answers, Released) == Released(answers, far, cause)
    assert pair.idle()


@pytest.mark.parametrize("cause", range(1, 128))
def test_every_cause_in_talk(cause):
    pair = Pair()
    ref, far = pair.talk()
    pair.net.release(far, cause, pair.now)
    pair.run(0.1)
    assert pair.last("user", Disconnected).cause == cause
    pair.user.release(ref, 16, pair.now)
    pair.run(0.1)
    assert pair.last("user", Released).cause == pair.last("net", Released).cause == cause


STAGES = ("setup", "acknowledge", "proceeding", "alerting", "progress", "answer")


@pytest.mark.parametrize("caller", SIDES)
@pytest.mark.parametrize("stage", STAGES)
@pytest.mark.parametrize("who", ("caller", "callee", "both"))
@pytest.mark.parametrize("at_once", (False, True))
def test_hanging_up_in_each_state(caller, stage, who, at_once):
    pair = Pair(net={"overlap": True}, user={"overlap": True})
    callee = pair.other(caller)
    ref = pair.call(caller, 9)
    far = pair.last(callee, Setup).ref
    for step in STAGES[1 : STAGES.index(stage) + 1]:
        if step not in ("acknowledge", "progress") or step == stage:
            getattr(pair.links[callee], step)(far, pair.now)
    if not at_once:
        pair.run(0.1)
    if who != "callee":
        pair.links[caller].release(ref, 16, pair.now)
    if who != "caller":
        pair.links[callee].release(far, 16, pair.now)
    pair.run(0.1)
    pair.follow()
    pair.run(0.1)
    assert pair.idle()
    assert pair.story(caller, ref).count("Released") == 1
    assert pair.story(callee, far).count("Released") == 1


def test_hanging_up_before_the_setup_has_arrived():
    pair = Pair()
    ref = pair.user.setup(SetupRequest(1, Number("1")), pair.now)
    pair.user.release(ref, 16, pair.now)
    pair.run(0.5)
    pair.follow()
    pair.run(0.5)
    assert pair.idle() and pair.story("user", ref) == ["Released"]


def test_a_second_release_is_harmless_and_a_late_one_says_so():
    pair = Pair()
    ref, _ = pair.talk()
    pair.user.release(ref, 17, pair.now)
    pair.user.release(ref, 16, pair.now)
    pair.run(0.1)
    pair.net.release(pair.last("net", Disconnected).ref, 16, pair.now)
    pair.run(0.1)
    assert pair.last("user", Released).cause == 17
    for request in ("acknowledge", "proceeding", "alerting", "progress", "answer"):
        with pytest.raises(DriverError) as gone:
            getattr(pair.user, request)(ref, pair.now)
        assert gone.value.cause == 81
    with pytest.raises(DriverError):
        pair.user.release(ref, 16, pair.now)
    with pytest.raises(DriverError):
        pair.user.information(ref, "1", pair.now)


def test_an_announcement_after_hanging_up_is_told():
    """DISCONNECT with progress indicator 8, put in by hand: libpri does not send it."""
    pair = Pair()
    pair.talk()

    def with_progress(frame: bytes) -> bytes:
        return frame + bytes.fromhex("1e028288") if message_type(frame) == 0x45 else frame

    pair.spoil = with_progress
    pair.net.release(pair.last("net", Setup).ref, 17, pair.now)
    pair.run(0.1)
    assert pair.last("user", Disconnected).inband


def test_requests_that_do_not_fit_the_state_are_refused():
    pair = Pair()
    ref, far = pair.talk()
    for link, call in ((pair.user, ref), (pair.net, far)):
        for request in ("acknowledge", "proceeding", "alerting", "answer"):
            with pytest.raises(DriverError):
                getattr(link, request)(call, pair.now)
    with pytest.raises(DriverError):
        pair.user.restart(16, pair.now)


def test_table_of_calls_leads_everywhere_to_clearing():
    for state, row in MOVES.items():
        assert "release" in row and "cleared" in row
        assert set(row.values()) <= set(CallState)
        assert state in MOVES
    words = {word for row in MOVES.values() for word in row}
    assert words >= REQUESTS


# ---- glare, restart -----------------------------------------------------------------------


def test_glare_the_network_wins_and_the_user_takes_another_channel():
    pair = Pair()
    lost = pair.user.setup(SetupRequest(6, Number("111")), pair.now)
    won = pair.net.setup(SetupRequest(6, Number("222")), pair.now)
    pair.run(0.5)
    assert pair.story("user", lost) == ["Released"]
    assert pair.last("user", Released) == Released("user", lost, 44)
    offered = pair.last("user", Setup)
    assert offered.channel == 6 and offered.called.digits == "222"
    assert pair.log["user"].index(pair.last("user", Released)) < pair.log["user"].index(offered)
    assert not pair.of("net", Setup)
    pair.user.answer(offered.ref, pair.now)
    again = pair.call("user", 7)
    assert pair.story("net", won)[-1] == "Connected"
    assert pair.last("net", Setup).channel == 7
    pair.net.proceeding(pair.last("net", Setup).ref, pair.now)
    pair.run(60)
    assert pair.story("user", again) == ["Proceeding"]
    assert len(pair.user.calls()) == len(pair.net.calls()) == 2


def test_restart_clears_the_call_at_both_ends_and_the_channel_serves_again():
    for side in SIDES:
        pair = Pair()
        ref, far = pair.talk("user", 3)
        pair.links[side].restart(3, pair.now)
        with pytest.raises(DriverError):
            pair.links[side].setup(SetupRequest(3, Number("1")), pair.now)
        pair.run(0.2)
        assert pair.last("user", Released) == Released("user", ref, 41)
        assert pair.last("net", Released) == Released("net", far, 41)
        states = [(event.channel, event.in_service) for event in pair.of(side, ChannelState)]
        assert states == [(3, False), (3, True)]
        assert pair.last(pair.other(side), ChannelState).in_service
        pair.talk(side, 3)


ALL = tuple(channel for channel in range(1, 32) if channel != 16)


@pytest.mark.parametrize(
    ("elements", "restarted"),
    [
        ("790187", ALL),  # all interfaces
        ("790186", ALL),  # this one
        ("1803a98387790180", (7,)),
        ("1804a9830782790180", (7, 2)),  # a list of channels
        ("1806a99300000084790180", (7, 2)),  # a map of timeslots
        ("1806a99380000000790180", (31,)),
        ("1803a9839e790180", (30,)),
    ],
)
def test_the_far_end_restarts_some_channels_or_all(elements, restarted):
    pair = Pair()
    on_2, on_7 = pair.talk("net", 2), pair.talk("user", 7)
    sent: list[bytes] = []
    pair.spoil = lambda frame: (
        sent.append(frame[9:]) if message_type(frame) == 0x4E else 0,
        frame,
    )[1]
    message = bytes.fromhex("0201030802000046" + elements)
    pair.log["user"] += pair.user.feed(message, pair.now)
    pair.run(3)
    told = pair.of("user", ChannelState)
    assert sorted(event.channel for event in told) == sorted(restarted)
    assert all(event.in_service for event in told)
    ended = {event.ref: event.cause for event in pair.of("user", Released)}
    assert ended == {
        ref: 41 for channel, ref in ((2, on_2[1]), (7, on_7[0])) if channel in restarted
    }
    assert [part.hex() for part in sent] == [elements]


def test_every_channel_is_restarted_at_the_start_when_wished():
    pair = Pair(net={"restart_on_start": True})
    pair.run(3)
    assert sorted(e.channel for e in pair.of("user", ChannelState)) == sorted(
        pair.user.settings.channels
    )
    assert all(pair.net.is_idle(channel) for channel in pair.net.settings.channels)
    before = len(pair.of("user", ChannelState))
    pair.drop = lambda toward, frame: True
    pair.run(30)
    assert not pair.net.up
    pair.drop = lambda toward, frame: False
    pair.run(30)
    assert pair.net.up and len(pair.of("user", ChannelState)) == before  # the first time only


@pytest.mark.parametrize(
    "message",
    ["6e2701f9", "24", "250101", "31", "2000", "79", "60", "7503aaaaaa"],
    ids=["NOTIFY", "HOLD", "SUSPEND", "RETRIEVE", "USER INFORMATION", "CONGESTION", "SEGMENT", "?"],
)
def test_a_message_that_means_nothing_to_us_changes_nothing(message):
    pair = Pair()
    ref, far = pair.talk("net", 5)
    cref = pair.user.call_reference(far)
    told = pair.user.feed(
        bytes((2, 1, 3, 8, 2, *cref.to_bytes(2, "big"))) + bytes.fromhex(message), pair.now
    )
    assert not [event for event in told if isinstance(event, CallEvent)]
    pair.run(30)
    assert not pair.ended("net", ref) and not pair.ended("user", far)
    pair.net.release(ref, 16, pair.now)
    pair.run(0.1)
    pair.follow()
    pair.run(0.1)
    assert pair.idle()


def test_an_unanswered_restart_is_repeated_then_the_channel_is_out_of_service():
    pair = Pair(user={"timers": {"t316_ms": 10_000}})
    pair.drop = lambda toward, frame: False
    sent: list[int] = []

    def swallow(frame: bytes) -> bytes:
        if message_type(frame) == 0x46:
            sent.append(frame[0])
            return frame[:4]  # the data link sees it, the far end's Q.931 does not
        return frame

    pair.spoil = swallow
    pair.user.restart(8, pair.now)
    pair.run(9)
    assert len(sent) == 1
    pair.run(10)
    assert len(sent) == 2
    # An acknowledgement of another channel is none of this one; T316 runs for each attempt.
    other = bytes.fromhex("020103080280004e1803a98387790180")
    pair.log["user"] += pair.user.feed(other, pair.now)
    assert [event.reason for event in pair.of("user", ChannelState)] == ["restarting"]
    pair.run(2)
    assert len(sent) == 2
    assert pair.last("user", ChannelState) == ChannelState("user", 8, False, "no answer to RESTART")
    with pytest.raises(DriverError):
        pair.user.setup(SetupRequest(8, Number("1")), pair.now)
    pair.drop = lambda toward, frame: True
    pair.run(30)
    assert not pair.user.up
    pair.drop = lambda toward, frame: False
    pair.run(30)  # the data link is back, and the channel is tried again
    assert len(sent) > 2
    pair.spoil = lambda frame: frame
    pair.user.restart(8, pair.now)
    pair.run(15)
    assert pair.user.is_idle(8)


def test_channels_that_wait_for_their_restart_carry_no_call_and_are_restarted_once():
    pair = Pair()
    sent: list[str] = []
    pair.spoil = lambda frame: (
        sent.append(frame[13:14].hex()) if message_type(frame) == 0x46 else None,
        frame,
    )[1]
    for channel in (5, 6, 5, 6, 7):
        pair.user.restart(channel, pair.now)
        assert not pair.user.is_idle(channel)
        with pytest.raises(DriverError, match="not idle"):
            pair.user.setup(SetupRequest(channel, Number("1")), pair.now)
    pair.run(2)
    assert sent == ["85", "86", "87"]
    assert all(pair.user.is_idle(channel) for channel in (5, 6, 7))
    assert [e.in_service for e in pair.of("user", ChannelState)].count(False) == 3


def test_their_setup_shows_that_a_channel_waiting_for_restart_is_idle():
    pair = Pair()
    pair.user.restart(1, pair.now)
    pair.user.restart(2, pair.now)  # waits for the first
    ref = pair.net.setup(SetupRequest(2, Number("1")), pair.now)
    pair.run(1)
    offered = pair.last("user", Setup)
    assert offered.channel == 2
    back = ChannelState("user", 2, True, "the far end holds it idle")
    assert pair.log["user"].index(back) < pair.log["user"].index(offered)
    assert pair.user.is_idle(1) and not pair.story("net", ref)


def test_a_number_that_cannot_be_dialled_is_refused_with_28():
    pair = Pair()
    for digits in ("12x", "1" * 33, "1\x00", "张"):
        with pytest.raises(DriverError) as refused:
            pair.user.setup(SetupRequest(1, Number(digits)), pair.now)
        assert refused.value.cause == 28
    assert pair.call("user", 1, "+86755*#") and pair.last("net", Setup).called.digits == "+86755*#"

"""How deep the buffer of an E1 over IP is: as packets come late, evenly again, or pile up."""

from __future__ import annotations

from tests.drivers.cesopsn.rig import carry, relayed, waiting


def test_late_packets_make_the_buffer_deeper_and_nothing_is_lost_then() -> None:
    """From block 5 on packets come 20 ms later: one gap, and all that follows is heard."""
    held: list[list[bytes]] = []

    def delay(number: int, packets: list[bytes]) -> list[bytes]:
        held.append(packets)
        return held.pop(0) if number < 5 or len(held) > 2 else []

    with relayed(frames=8, least=0) as (near, far, middle):
        heard = carry(near, far, middle, delay, blocks=30)
        assert heard[: 5 * 80] == [n for n in range(5) for _ in range(80)]
        assert heard[8 * 80 :] == [n for n in range(6, 28) for _ in range(80)], "5 is blended in"
        counts = far.ces.counters()
        assert (counts["underrun_frames"], counts["grown_frames"]) == (160, 160)
        assert counts["late"] == 0


def test_the_buffer_grows_no_deeper_than_most() -> None:
    held: list[list[bytes]] = []

    def delay(number: int, packets: list[bytes]) -> list[bytes]:
        held.append(packets)
        return held.pop(0) if number < 5 or len(held) > 20 else []

    with relayed(frames=8, least=0, most=800) as (near, far, middle):
        carry(near, far, middle, delay, blocks=60)
        counts = far.ces.counters()
        assert counts["grown_frames"] <= 800
        assert counts["late"] > 0


def test_a_deep_buffer_comes_back_when_packets_come_evenly_again() -> None:
    held: list[list[bytes]] = []

    def delay(number: int, packets: list[bytes]) -> list[bytes]:
        held.append(packets)
        if number == 130:  # the delay ends
            out = [data for each in held for data in each]
            held.clear()
            return out
        return held.pop(0) if number < 5 or number > 130 or len(held) > 2 else []

    with relayed(frames=40, least=0, timeslots=(1,)) as (near, far, middle):
        carry(near, far, middle, delay, blocks=3000)
        assert far.ces.depth_ms == 20
        carry(near, far, middle, delay, blocks=2000, start=3000)
        assert far.ces.depth_ms < 1, "after half a minute it shrinks, frame by frame"
        counts = far.ces.counters()
        assert (counts["slips_passed"], counts["lost_frames"]) == (159, 0)


def test_what_piled_up_while_nobody_listened_is_no_delay_for_long() -> None:
    """Half a second of packets, deeper than the buffer is allowed to be, is passed over at the end
    of a second in which none waited for less; what was before does not make it deep again."""
    with relayed(frames=40, least=40, most=800, timeslots=(1,)) as (near, far, middle):
        carry(near, far, middle, lambda number, packets: packets, blocks=200)
        for number in range(50):
            near.send(number)
        for data in waiting(middle):
            middle.sendto(data, far.socket.getsockname())
        far.hear()
        assert far.ces.depth_ms > 400
        carry(near, far, middle, lambda number, packets: packets, blocks=250)
        assert far.ces.depth_ms <= 20
        carry(near, far, middle, lambda number, packets: packets, blocks=4000)
        assert far.ces.depth_ms <= 20
        assert far.ces.counters()["slips_repeated"] == 0
        assert far.ces.counters()["slips_passed"] < 800, "not frame by frame"

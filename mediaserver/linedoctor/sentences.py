"""Every sentence the line doctor says, by its code, in English.

What: findings, advice and what keeps a check from being carried out. Places to be filled are named,
with a unit where they are figures, and have their format (`%` of Python).
How: `drivers.said` fills them; a client that speaks another language takes code and
values and fills its own. The English text is the key of the console's catalogue.
"""

from __future__ import annotations

from drivers.said import N_

SENTENCES = {
    # ---- between several things said
    "together": N_("; "),
    # ---- what others are made of
    "level": N_("%(dbm0).0f dBm0"),
    "level.exact": N_("%(dbm0).1f dBm0"),
    "silence": N_("silence"),
    "of": N_("%(what)s: %(text)s"),
    "what.level": N_("level"),
    "what.noise": N_("noise"),
    "what.echo": N_("echo"),
    # ---- a span in service
    "alarm.red": N_("red: no signal or no frame is received"),
    "alarm.ais": N_("ais: all ones are received"),
    "alarm.rai": N_("rai: the far end says that it does not receive us"),
    "alarm.other": N_("%(alarm)s: alarm"),
    "alarm.red.do": N_(
        "look at the cable and at the far end; framing and line code must be the same on both"
    ),
    "alarm.ais.do": N_("the equipment next on the line has lost its own input: ask who runs it"),
    "alarm.rai.do": N_("look at our transmit pair, and at framing and line code"),
    # ---- an E1 over IP in service
    "ip.none": N_("red: no packet comes from %(remote)s"),
    "ip.none.do": N_(
        "does the far end run, and send to %(local)s? Does a firewall on the way let UDP pass?"
    ),
    "ip.stranger": N_("red: no packet comes from %(remote)s, but %(count)d from another address"),
    "ip.stranger.do": N_(
        "`remote` must be the address and port that the far end sends from, also through NAT"
    ),
    "ip.unlike": N_("red: packets of %(remote)s are refused: %(count)d, as %(why)s"),
    "ip.unlike.do": N_("both ends must have the same time slots, packet_ms, rtp and signalling"),
    "ip.short": N_("they end within their headers"),
    "ip.rtp": N_("they have no RTP header, or not ours"),
    "ip.channel": N_("they are no voice packets"),
    "ip.reserved": N_("their alarm bits mean nothing"),
    "ip.fragment": N_("they are parts of a longer packet"),
    "ip.length": N_("their length is another"),
    "ip.rai.do": N_(
        "what we send to %(remote)s does not arrive: look at the network, and at the far end's log"
    ),
    "ip.slips": N_(
        "%(slips)d frames repeated or passed over: the far end's clock differs by %(ppm).0f parts "
        "in a million"
    ),
    "ip.slips.do": N_('speech does not suffer, fax and modems do: set clock = "line" at one end'),
    "ip.slips.late": N_(
        "%(slips)d frames repeated or passed over, as the delay followed packets that came late"
    ),
    "errors.unavailable": N_("unavailable: ten severely errored seconds in a row"),
    "errors.unavailable.do": N_("see the alarms"),
    "errors": N_(
        "%(es)d errored and %(ses)d severely errored of %(usable)d usable seconds "
        "(%(es_percent).2g %% and %(ses_percent).2g %%; "
        "G.826 allows %(most_es_percent)g %% and %(most_ses_percent)g %%)"
    ),
    "errors.do": N_(
        "cable, connectors, a repeater: `mediaserver lines test` with a loop tells more"
    ),
    "errors.none": N_("none in %(usable)d seconds"),
    "slips": N_("%(slips)d: the two ends are not on one clock"),
    "slips.do": N_(
        "take the clock from the line that comes from the network (DAHDI: span= timing 1)"
    ),
    "framer.bpv": N_("the card has counted %(count)d bipolar violations"),
    "framer.cv": N_("the card has counted %(count)d code violations"),
    "framer.crc4": N_("the card has counted %(count)d CRC-4 errors"),
    "framer.fas": N_("the card has counted %(count)d errored frame alignment words"),
    "framer.fe": N_("the card has counted %(count)d framing errors"),
    "framer.ebit": N_("the far end has told of %(count)d errored blocks of ours (E bits)"),
    "framer.be": N_("the card has counted %(count)d bit errors of a test pattern"),
    "framer.irq_misses": N_("the machine has missed %(count)d interrupts of the card"),
    "gaps": N_("%(lost_ms)d ms missing of what is received, %(lost_out_ms)d ms of what is sent"),
    "gaps.do": N_("a busy machine or a network that loses packets: see `mediaserver status`"),
    # ---- a channel in service
    "received": N_("%(level)s received"),
    "received.loud": N_("%(level)s received: loud, it may be cut off"),
    "received.loud.do": N_("lower the gain"),
    "received.quiet": N_("%(level)s received: quiet"),
    "received.quiet.do": N_("raise the gain, or look at the line"),
    "floor": N_("%(level)s when nobody speaks"),
    "floor.do": N_("speech without a pause, or a noisy line: test it with nobody on it"),
    "echo.off": N_("no canceller is on for this channel now"),
    "echo.aside": N_("the canceller stands aside: fax or modem tone (2100 Hz)"),
    "echo.unseen": N_("none seen since the canceller was switched on"),
    "echo.now": N_(
        "%(erl_db).0f dB down, %(delay_ms).0f ms late; the canceller takes %(erle_db).0f dB more"
    ),
    "echo.hybrid.do": N_(
        "the hybrid does not match the line: see its impedance (DAHDI: opermode, acim)"
    ),
    "echo.heard.do": N_("it may be heard; test the line with nobody on it"),
    # ---- noise and hum
    "noise": N_("%(level)s, %(dbm0p).1f dBm0p as the ear weighs it"),
    "noise.much": N_("noisy: %(level)s, %(dbm0p).1f dBm0p as the ear weighs it"),
    "noise.much.do": N_("look at cable, connectors and gains"),
    "noise.none": N_("silence: not even noise"),
    "noise.tone": N_("not quiet, %(dbm0).1f dBm0: tone of %(hz).0f Hz"),
    "noise.sound": N_("not quiet, %(dbm0).1f dBm0: sound"),
    "noise.quiet.do": N_("dial a quiet termination first (--number), or let nobody be on the line"),
    "hum.none": N_("none at 50 or 60 Hz and their harmonics"),
    "hum": N_("%(dbm0).1f dBm0 of %(mains_hz)d Hz and its harmonics"),
    "hum.unheard": N_("%(dbm0).1f dBm0 of %(mains_hz)d Hz and its harmonics: not heard"),
    "hum.do": N_("an earth loop, a wire of the pair to earth, or a cable beside the mains"),
    # ---- the check of the echo
    "echo.none": N_("none: %(none_db).0f dB down or more"),
    "echo": N_(
        "%(erl_db).1f dB down, %(delay_ms).0f ms late; our canceller takes %(erle_db).0f dB of it"
    ),
    "echo.loop.do": N_("what is sent comes back whole: a loop at the far end, or an open pair"),
    "echo.path.do": N_(
        "the path is not a fixed one: slips, a compressing codec, or a canceller on the way"
    ),
    "echo.unsent": N_("what was to be sent was not sent"),
    "echo.unsent.do": N_("is something else on the channel?"),
    # ---- bit errors
    "bert.errors": N_("%(errors)d of %(bits)d bits wrong, %(rate).1e"),
    "bert.errors.do": N_("cable, connectors, a repeater"),
    "bert.none": N_("no error in %(bits)d bits, so below %(at_most).1e"),
    "bert.slips": N_("%(slips)d slips, %(octets)+d octets together"),
    "bert.slips.do": N_("the two ends are not on one clock: see the span's timing"),
    "bert.lost": N_("the pattern was lost %(times)d times"),
    "bert.away": N_("the pattern was lost %(times)d times, and is away now"),
    "bert.lost.do": N_("bursts of errors, or the loop was opened"),
    "bert.nothing": N_(
        "nothing comes back: the channel is not looped, or its far end does not send"
    ),
    "bert.nothing.do": N_("loop it at the far end, or name the channel it arrives at (--far)"),
    "bert.altered": N_("something comes back, but not what was sent: it is altered on the way"),
    "bert.altered.do": N_(
        "switch off gains and the card's echo canceller; is the law the same at both ends?"
    ),
    "bert.both": N_("there: %(there)s; back: %(back)s"),
    "bert.busy": N_("the server was too busy to send and compare without a gap"),
    "bert.busy.do": N_("test again when it is less busy"),
    # ---- tones
    "tone.dial": N_("dial tone"),
    "tone.special_dial": N_("special dial tone"),
    "tone.second_dial": N_("second dial tone"),
    "tone.ringback": N_("ring-back tone"),
    "tone.busy": N_("busy tone"),
    "tone.learned_busy": N_("busy tone of its own cadence"),
    "tone.congestion": N_("congestion tone"),
    "tone.vacant": N_("number-unobtainable tone"),
    "tone.sit": N_("special information tone"),
    "tone.call_waiting": N_("call-waiting tone"),
    "tone.howler": N_("howler tone"),
    "tone.other": N_("%(name)s tone"),
    "tone.steady": N_("%(hz)s Hz, without pauses, %(dbm0).0f dBm0"),
    "tone.cadence": N_("%(hz)s Hz, %(on_ms)d ms on, %(off_ms)d ms off, %(dbm0).0f dBm0"),
    "tone.strange": N_("%(shape)s: no tone of plan %(plan)s"),
    "tone.strange.do": N_("is it the plan of the right country? see [media] tone_plan"),
    "tone.none": N_("no tone is on the line"),
    "tone.none.do": N_(
        "dial a number that gives it first (--number): one that is busy, for busy tone"
    ),
    "learn": N_(
        "learned as the busy tone of %(line)s: %(hz)g Hz, %(on_ms)d ms on, %(off_ms)d ms off"
    ),
    "learn.known": N_("nothing to learn: %(tone)s of plan %(plan)s is heard"),
    "learn.none": N_("no steady cadence was heard"),
    "learn.none.do": N_(
        "dial a number that is busy first (--number), and let it sound (--seconds 20)"
    ),
    "learn.needless": N_("%(line)s is no exchange line: its far end tells of its end otherwise"),
    # ---- fax modems
    "modem": N_("%(modem)s at %(rate)d bit/s trained, %(snr_db).0f dB signal to noise"),
    "modem.clean": N_("%(trained)s, no error in %(bits)d bits"),
    "modem.errors": N_("%(trained)s, %(errors)d of %(bits)d bits wrong (%(share).1e)"),
    "modem.errors.do": N_(
        "fax will be slow here, or fall back: try a lower rate, see what spoils it"
    ),
    "modem.wrong": N_("%(trained)s, but its bits are not those sent"),
    "modem.lost": N_("%(trained)s, but it lost the signal on the way"),
    "modem.nothing": N_("%(modem)s at %(rate)d bit/s: nothing comes back"),
    "modem.nothing.do": N_(
        "loop the channel at the far end, or name the one it arrives at (--far)"
    ),
    "modem.untrained": N_("%(modem)s at %(rate)d bit/s did not train"),
    "modem.no_carrier": N_("%(modem)s at %(rate)d bit/s saw no carrier it knows"),
    "modem.spoilt.do": N_(
        "echo, slips or noise: `lines test` with echo, bert and noise tells which"
    ),
    "modem.rate": N_("%(modem)s at %(rate)d bit/s: %(allowed)s is allowed"),
    # ---- what keeps a check from being carried out
    "not": N_("not carried out: %(why)s"),
    "media": N_("the media engine refused: %(why)s"),
    "listen.lost": N_("the server was too busy to listen: octets were lost"),
    "listen.slow": N_("the media engine does not tick as fast as time passes"),
    "check.unknown": N_("no check %(names)s"),
    "check.unknown.do": N_("there are %(names)s"),
    "check.twice": N_("%(line)s is being checked already"),
    "check.twice.do": N_("wait, or stop that check"),
    "fault": N_("a fault of the program: see the server's log"),
    "line.alarm": N_("the line is in alarm: %(alarms)s"),
    "line.alarm.do": N_("see `mediaserver lines`"),
    "line.hung_up": N_("the far end hung up during the check"),
    "line.hung_up.do": N_("is the number the right one?"),
    "line.tested": N_("%(line)s is being tested already"),
    "line.tested.do": N_("wait for the end of that test"),
    "line.call": N_("a call is on %(line)s"),
    "line.call.do": N_("wait for its end, or have it cleared (--force)"),
    "line.uncleared": N_("the call on %(line)s could not be cleared"),
    "line.unseized": N_("%(line)s cannot be seized (cause %(cause)d)"),
    "line.unseized.do": N_("is the line up?"),
    "line.no_answer": N_("%(number)s does not answer on %(line)s"),
    "line.failed": N_("%(line)s: the call to %(number)s failed (cause %(cause)d)"),
    "line.undialable": N_("the number was not dialled: %(why)s"),
    "line.undialled": N_("the number was not dialled: something else took the channel"),
}

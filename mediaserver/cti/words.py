"""The words of CTI events: CSTA's (ECMA-269, clause 17) where it has one, else our own."""

#: Every word an event can bear, and what it says.
WORDS = {
    "ServiceInitiated": "the server begins a call of its own",
    "Offered": "a call came in on a line",
    "CallState": "a call moved from one state to another",
    "Connection": "one party's connection moved from one state to another",
    "Delivered": "an agent or a party is being rung",
    "Established": "the caller was answered (role caller) or an agent answered (role agent)",
    "Bridged": "parties hear each other",
    "Unbridged": "parties no longer hear each other",
    "Held": "a party put the call on hold and talks in another one",
    "Retrieved": "the party that held the call is back in it",
    "Queued": "the call waits in a queue",
    "QueueMoved": "the call's place in the queue changed",
    "QueueLeft": "the call left the queue: answered or abandoned",
    "Diverted": "the call left an agent unanswered, or overflowed from a queue",
    "ConnectionCleared": "one party is gone",
    "CallCleared": "the call is over",
    "Node": "the call entered a node of its flow",
    "Digits": "the caller keyed digits (• where secret)",
    "Prompt": "a prompt was heard, interrupted or missing",
    "AgentState": "an agent moved from one state to another",
    "Recording": "recording started, stopped or failed",
    "Channel": "a timeslot or port changed",
    "Span": "a span's signalling or alarms changed",
    "Alarm": "a system alarm was raised or cleared",
}

"""MFC/R2: channel associated signalling of E1 trunks, line and register signals.

variants.toml says what signals mean where; `variant` reads it. `line` follows the
ABCD bits of one circuit, `forward` and `backward` are the two ends of the
compelled register signals, `circuit` is one channel made of these, sans-I/O, and
`span` gives a whole E1 of them the loop's clock, the board's bits and the media's
tones. docs/mfcr2.md tells it to whoever has a trunk.
"""

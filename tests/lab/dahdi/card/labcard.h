/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a card of the lab consists of: see README.md. */
#ifndef LABCARD_H
#define LABCARD_H

#include <dahdi/kernel.h>

#define E1_SPANS	2
#define E1_CHANNELS	31
#define WIRES		2	/* of the analog card: FXS ports 1, 2; FXO ports 3, 4 */

struct port {
	struct dahdi_chan chan;
	struct dahdi_echocan_state echo;
	struct port *far;		/* at the other end of the wire */
	struct port *source;		/* whose octets the card sends on by itself */
	u8 sent[DAHDI_CHUNKSIZE];
	int bits;			/* ABCD, sent */
	enum dahdi_txsig hook;		/* sent */
	/* FXS: battery the other way round, messages waiting (its lamp is lit) */
	u32 reversed, messages;
	/* FXO: what was told of its battery, how long there is none, whether its wire is cut */
	u32 told_reversed, no_battery_ms, cut;
};

struct lab_span {
	struct dahdi_span span;
	struct list_head retired;
	struct lab_span *far;
	struct dahdi_chan *chans[E1_CHANNELS];
	struct port ports[E1_CHANNELS];
	int sync;			/* 1: the first to take the clock from, 0: never */
	int loop;			/* DAHDI_MAINT_ */
	u32 cancellers;			/* channels whose echo the card cancels */
};

struct card {
	const char *name;
	const char *type;
	enum spantypes kind;
	int spans, channels;
	void (*tick)(struct card *card);
	struct dahdi_device *ddev;	/* NULL: not plugged in */
	struct lab_span *span[E1_SPANS];
	bool ticks;
	struct dentry *dir, *inside;	/* in debugfs: always there; while it is plugged in */
};


static inline struct lab_span *span_of(struct dahdi_span *span)
{
	return container_of(span, struct lab_span, span);
}

static inline struct port *port_of(struct dahdi_chan *chan)
{
	return container_of(chan, struct port, chan);
}

/* wires.c: 1 ms of all wires of a card. */
void e1_tick(struct card *card);
void analog_tick(struct card *card);

/* asked.c: what the core asks of the cards. */
extern const struct dahdi_span_ops e1_ops, analog_ops;
void e1_capabilities(struct lab_span *s);
void e1_choose_clock(struct lab_span *s);

/* plug.c: cards come and go. What was pulled out is kept until `bury_retired`. */
void make_door(struct card *card, struct dentry *root);
void pull_out(struct card *card);
void bury_retired(void);

/* labcard.c: from now on, or no more. */
void set_ticking(struct card *card, bool ticks);

#endif

// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What travels on the wires of the lab's cards each millisecond: octets, bits, hooks, battery,
 * ringing and polarity. What the core asks for is only noted (asked.c) and travels from here.
 */
#include "labcard.h"

#define NO_BATTERY_MS	1000	/* until an FXO port without battery is in alarm */

/* Before a span has its number, and after it had one, its channels have no room for octets. */
static bool is_assigned(const struct lab_span *s)
{
	return test_bit(DAHDI_FLAGBIT_REGISTERED, &s->span.flags);
}

static bool is_looped_back(const struct lab_span *s)
{
	return s->loop == DAHDI_MAINT_NETWORKLINELOOP || s->loop == DAHDI_MAINT_NETWORKPAYLOADLOOP;
}

/* A frame of a timeslot whose HDLC the cards do, eight octets a time; the last two are its FCS. */
static void frame_receive(struct port *port, bool lost)
{
	u8 octets[DAHDI_CHUNKSIZE + 2] = { 0 };
	unsigned int size = DAHDI_CHUNKSIZE;
	const bool last = dahdi_hdlc_getbuf(&port->far->chan, octets, &size);

	if (!size)
		return;
	if (lost) {
		dahdi_hdlc_abort(&port->chan, DAHDI_EVENT_ABORT);
		return;
	}
	dahdi_hdlc_putbuf(&port->chan, octets, last ? size + 2 : size);
	if (last)
		dahdi_hdlc_finish(&port->chan);
}

static void e1_receive(struct lab_span *here)
{
	const bool own = here->loop == DAHDI_MAINT_LOCALLOOP || is_looped_back(here->far);
	const bool lost = here->span.alarms & (DAHDI_ALARM_RED | DAHDI_ALARM_BLUE);
	int i;

	for (i = 0; i < E1_CHANNELS; i++) {
		struct port *port = &here->ports[i];
		const struct port *from = own ? port : port->far;

		if (lost)
			memset(port->chan.readchunk, 0xff, DAHDI_CHUNKSIZE);
		else
			memcpy(port->chan.readchunk, from->sent, DAHDI_CHUNKSIZE);
		/* bits stand still in alarm */
		if (!lost && !(here->span.lineconfig & DAHDI_CONFIG_CCS))
			dahdi_rbsbits(&port->chan, from->bits);
		if (port->chan.sig == DAHDI_SIG_HARDHDLC)
			frame_receive(port, lost);
	}
	dahdi_receive(&here->span);
}

static void span_transmit(struct lab_span *here)
{
	int i;

	dahdi_transmit(&here->span);
	for (i = 0; i < here->span.channels; i++) {
		struct port *port = &here->ports[i];
		const struct port *source = READ_ONCE(port->source);
		const u8 *octets = source ? source->chan.readchunk : port->chan.writechunk;

		memcpy(port->sent, octets, DAHDI_CHUNKSIZE);
	}
}

void e1_tick(struct card *card)
{
	int i;

	for (i = 0; i < E1_SPANS; i++)
		if (is_assigned(card->span[i]))
			e1_receive(card->span[i]);
	for (i = 0; i < E1_SPANS; i++)
		if (is_assigned(card->span[i]))
			span_transmit(card->span[i]);
}

static void wire_tick(struct port *fxs, struct port *fxo)
{
	const bool battery = fxs->hook != DAHDI_TXSIG_KEWL && !fxo->cut;
	const bool closed = fxo->hook == DAHDI_TXSIG_OFFHOOK && !fxo->cut;
	const bool rings = fxs->hook == DAHDI_TXSIG_START && battery && !closed;

	memcpy(fxs->chan.readchunk, fxo->sent, DAHDI_CHUNKSIZE);
	memcpy(fxo->chan.readchunk, fxs->sent, DAHDI_CHUNKSIZE);
	dahdi_hooksig(&fxs->chan, closed ? DAHDI_RXSIG_OFFHOOK : DAHDI_RXSIG_ONHOOK);
	dahdi_hooksig(&fxo->chan, rings ? DAHDI_RXSIG_RING :
		      battery ? DAHDI_RXSIG_OFFHOOK : DAHDI_RXSIG_ONHOOK);
	if (battery && fxo->told_reversed != fxs->reversed) {
		fxo->told_reversed = fxs->reversed;
		dahdi_qevent_lock(&fxo->chan, DAHDI_EVENT_POLARITY);
	}
	if (battery)
		fxo->no_battery_ms = 0;
	else if (fxo->no_battery_ms < NO_BATTERY_MS)
		fxo->no_battery_ms++;
	dahdi_alarm_channel(&fxo->chan,
			    fxo->no_battery_ms == NO_BATTERY_MS ? DAHDI_ALARM_RED : 0);
}

void analog_tick(struct card *card)
{
	struct lab_span *s = card->span[0];
	int i;

	if (!is_assigned(s))
		return;
	for (i = 0; i < WIRES; i++)
		wire_tick(&s->ports[i], &s->ports[WIRES + i]);
	dahdi_receive(&s->span);
	span_transmit(s);
}

// SPDX-License-Identifier: GPL-2.0-or-later
/* What DAHDI's core asks of the lab's cards: set-up, signalling, loops, echo cancellers, lamps. */
#include <linux/uaccess.h>
#include "labcard.h"

#define SIGNALLING_SLOT	15	/* timeslot 16 */

static bool receives_a_clock(const struct lab_span *s)
{
	return s->sync && !(s->span.alarms & (DAHDI_ALARM_RED | DAHDI_ALARM_BLUE));
}

/* Both spans run on the clock of the first in order that receives one, or else on the card's. */
void e1_choose_clock(struct lab_span *s)
{
	struct lab_span *best = receives_a_clock(s) ? s : NULL;

	if (receives_a_clock(s->far) && (!best || s->far->sync < best->sync))
		best = s->far;
	s->span.syncsrc = s->far->span.syncsrc = best ? best->span.spanno : 0;
}

void e1_capabilities(struct lab_span *s)
{
	const bool ccs = s->span.lineconfig & DAHDI_CONFIG_CCS;
	int i;

	for (i = 0; i < E1_CHANNELS; i++)
		s->chans[i]->sigcap = DAHDI_SIG_CLEAR | (ccs ? 0 : DAHDI_SIG_CAS | DAHDI_SIG_EM_E1);
	s->chans[SIGNALLING_SLOT]->sigcap = ccs ? DAHDI_SIG_CLEAR | DAHDI_SIG_HARDHDLC : 0;
}

static int e1_spanconfig(struct file *file, struct dahdi_span *span, struct dahdi_lineconfig *lc)
{
	span_of(span)->sync = lc->sync;
	e1_capabilities(span_of(span));
	e1_choose_clock(span_of(span));
	return 0;
}

static int e1_rbsbits(struct dahdi_chan *chan, int bits)
{
	port_of(chan)->bits = bits;
	return 0;
}

static int e1_maint(struct dahdi_span *span, int mode)
{
	switch (mode) {
	case DAHDI_MAINT_NONE:
	case DAHDI_MAINT_LOCALLOOP:
	case DAHDI_MAINT_NETWORKLINELOOP:
	case DAHDI_MAINT_NETWORKPAYLOADLOOP:
		span_of(span)->loop = mode;
		return 0;
	case DAHDI_RESET_COUNTERS:
		memset(&span->count, 0, sizeof(span->count));
		return 0;
	}
	return -ENOSYS;
}

static int e1_dacs(struct dahdi_chan *to, struct dahdi_chan *from)
{
	WRITE_ONCE(port_of(to)->source, from ? port_of(from) : NULL);
	return 0;
}

static void echo_free(struct dahdi_chan *chan, struct dahdi_echocan_state *echo)
{
	span_of(chan->span)->cancellers--;
}

static const struct dahdi_echocan_ops echo_ops = { .echocan_free = echo_free };

static int e1_echocan_create(struct dahdi_chan *chan, struct dahdi_echocanparams *params,
			     struct dahdi_echocanparam *param, struct dahdi_echocan_state **echo)
{
	if (params->param_count)
		return -EINVAL;
	*echo = &port_of(chan)->echo;
	(*echo)->ops = &echo_ops;
	span_of(chan->span)->cancellers++;
	return 0;
}

static const char *e1_echocan_name(const struct dahdi_chan *chan)
{
	return "LABCARD";
}

static int analog_hooksig(struct dahdi_chan *chan, enum dahdi_txsig hook)
{
	WRITE_ONCE(port_of(chan)->hook, hook);
	return 0;
}

static int analog_ioctl(struct dahdi_chan *chan, unsigned int cmd, unsigned long data)
{
	struct port *port = port_of(chan);
	int value;

	switch (cmd) {
	case DAHDI_SETPOLARITY:
	case DAHDI_VMWI:
	case DAHDI_ONHOOKTRANSFER:
		break;
	default:
		return -ENOTTY;
	}
	if (chan->chanpos > WIRES)	/* an exchange line cannot */
		return -EINVAL;
	if (get_user(value, (int __user *)data))
		return -EFAULT;
	if (cmd == DAHDI_SETPOLARITY)
		port->reversed = !!value;
	else if (cmd == DAHDI_VMWI)
		port->messages = value;
	return 0;
}

const struct dahdi_span_ops e1_ops = {
	.owner = THIS_MODULE,
	.spanconfig = e1_spanconfig,
	.rbsbits = e1_rbsbits,
	.maint = e1_maint,
	.dacs = e1_dacs,
	.echocan_create = e1_echocan_create,
	.echocan_name = e1_echocan_name,
};

const struct dahdi_span_ops analog_ops = {
	.owner = THIS_MODULE,
	.hooksig = analog_hooksig,
	.ioctl = analog_ioctl,
};

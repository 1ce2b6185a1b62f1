// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Plugging the lab's cards in and pulling them out, and what a test sees and sets in debugfs:
 * labcard/CARD/plugged, and below labcard/CARD/inside alarms, counters and ports.
 */
#include <linux/debugfs.h>
#include <linux/list.h>
#include <linux/mm.h>
#include <linux/mutex.h>
#include "labcard.h"

static DEFINE_MUTEX(plug_mutex);
static LIST_HEAD(retired);	/* whoever polls a channel may still point into its span */

static int alarms_get(void *data, u64 *value)
{
	*value = ((struct dahdi_span *)data)->alarms;
	return 0;
}

static int alarms_set(void *data, u64 value)
{
	struct dahdi_span *span = data;
	unsigned long flags;

	spin_lock_irqsave(&span->lock, flags);
	span->alarms = value;
	dahdi_alarm_notify(span);
	spin_unlock_irqrestore(&span->lock, flags);
	if (dahdi_is_digital_span(span))
		e1_choose_clock(span_of(span));
	return 0;
}
DEFINE_DEBUGFS_ATTRIBUTE(alarms_fops, alarms_get, alarms_set, "%llu\n");

static void show_span(struct lab_span *s, struct dentry *dir)
{
	struct dahdi_count *count = &s->span.count;

	debugfs_create_file("alarms", 0600, dir, &s->span, &alarms_fops);
	debugfs_create_u32("fe", 0600, dir, &count->fe);
	debugfs_create_u32("cv", 0600, dir, &count->cv);
	debugfs_create_u32("bpv", 0600, dir, &count->bpv);
	debugfs_create_u32("crc4", 0600, dir, &count->crc4);
	debugfs_create_u32("ebit", 0600, dir, &count->ebit);
	debugfs_create_u32("fas", 0600, dir, &count->fas);
	debugfs_create_u32("be", 0600, dir, &count->be);
	debugfs_create_u32("prbs", 0600, dir, &count->prbs);
	debugfs_create_u32("errsec", 0600, dir, &count->errsec);
	debugfs_create_u32("timingslips", 0600, dir, &count->timingslips);
	debugfs_create_u32("cancellers", 0400, dir, &s->cancellers);
}

static void show_port(struct port *port, struct dentry *dir)
{
	debugfs_create_u32("reversed", 0400, dir, &port->reversed);
	debugfs_create_u32("messages", 0400, dir, &port->messages);
	debugfs_create_u32("cut", 0600, dir, &port->cut);
}

static void show_inside(struct card *card)
{
	char name[8];
	int i;

	card->inside = debugfs_create_dir("inside", card->dir);
	debugfs_create_u32("irqmisses", 0600, card->inside, &card->ddev->irqmisses);
	for (i = 0; i < card->spans; i++) {
		snprintf(name, sizeof(name), "span%d", i + 1);
		show_span(card->span[i], debugfs_create_dir(name, card->inside));
	}
	for (i = 0; card->kind == SPANTYPE_ANALOG_MIXED && i < card->channels; i++) {
		snprintf(name, sizeof(name), "port%d", i + 1);
		show_port(&card->span[0]->ports[i], debugfs_create_dir(name, card->inside));
	}
}

static void wire_up(struct lab_span *one, struct lab_span *other)
{
	int i;

	one->far = other;
	other->far = one;
	for (i = 0; i < E1_CHANNELS; i++) {
		one->ports[i].far = &other->ports[i];
		other->ports[i].far = &one->ports[i];
	}
}

static struct lab_span *make_span(const struct card *card, int number)
{
	struct lab_span *s = kvzalloc(sizeof(*s), GFP_KERNEL);
	int i;

	if (!s)
		return NULL;
	snprintf(s->span.name, sizeof(s->span.name), "LAB/%s/%d", card->name, number + 1);
	snprintf(s->span.desc, sizeof(s->span.desc), "%s, span %d", card->type, number + 1);
	s->span.spantype = card->kind;
	s->span.deflaw = DAHDI_LAW_ALAW;
	s->span.flags = DAHDI_FLAG_RBS;
	/*
	 * All of DAHDI goes on ticking by dahdi_dummy: its timer and ours have not the same phase,
	 * and each alarm or pulling out would have DAHDI change from one to the other, which the
	 * other spans would hear as slips.
	 */
	s->span.cannot_provide_timing = 1;
	s->span.offset = number;
	s->span.channels = card->channels;
	s->span.chans = s->chans;
	for (i = 0; i < card->channels; i++) {
		struct dahdi_chan *chan = &s->ports[i].chan;

		s->chans[i] = chan;
		chan->chanpos = i + 1;
		snprintf(chan->name, sizeof(chan->name), "%s/%d", s->span.name, i + 1);
	}
	if (card->kind == SPANTYPE_DIGITAL_E1) {
		s->span.ops = &e1_ops;
		s->span.linecompat = DAHDI_CONFIG_CCS | DAHDI_CONFIG_HDB3 | DAHDI_CONFIG_AMI |
				     DAHDI_CONFIG_CRC4;
		e1_capabilities(s);
		return s;
	}
	s->span.ops = &analog_ops;
	for (i = 0; i < WIRES; i++) {
		s->chans[i]->sigcap = DAHDI_SIG_FXOLS | DAHDI_SIG_FXOKS;
		s->chans[WIRES + i]->sigcap = DAHDI_SIG_FXSLS | DAHDI_SIG_FXSKS;
	}
	return s;
}

static void retire(struct card *card)
{
	int i;

	for (i = 0; i < card->spans; i++)
		if (card->span[i])
			list_add(&card->span[i]->retired, &retired);
	memset(card->span, 0, sizeof(card->span));
	if (card->ddev)
		dahdi_free_device(card->ddev);
	card->ddev = NULL;
}

static int plug_in(struct card *card)
{
	int i, rc = -ENOMEM;

	card->ddev = dahdi_create_device();
	if (!card->ddev)
		return rc;
	card->ddev->manufacturer = "The lab";
	card->ddev->devicetype = card->type;
	card->ddev->location = card->name;
	card->ddev->hardware_id = card->name;
	dev_set_name(&card->ddev->dev, "labcard:%s", card->name);
	for (i = 0; i < card->spans; i++) {
		card->span[i] = make_span(card, i);
		if (!card->span[i])
			goto fail;
		list_add_tail(&card->span[i]->span.device_node, &card->ddev->spans);
	}
	if (card->kind == SPANTYPE_DIGITAL_E1)
		wire_up(card->span[0], card->span[1]);
	rc = dahdi_register_device(card->ddev, NULL);
	if (rc)
		goto fail;
	show_inside(card);
	set_ticking(card, true);
	return 0;
fail:
	retire(card);
	return rc;
}

void pull_out(struct card *card)
{
	if (!card->ddev)
		return;
	set_ticking(card, false);
	debugfs_remove(card->inside);
	dahdi_unregister_device(card->ddev);
	retire(card);
}

static int plugged_get(void *data, u64 *value)
{
	*value = ((struct card *)data)->ddev != NULL;
	return 0;
}

static int plugged_set(void *data, u64 value)
{
	struct card *card = data;
	int rc = 0;

	mutex_lock(&plug_mutex);
	if (value && !card->ddev)
		rc = plug_in(card);
	else if (!value)
		pull_out(card);
	mutex_unlock(&plug_mutex);
	return rc;
}
DEFINE_DEBUGFS_ATTRIBUTE(plugged_fops, plugged_get, plugged_set, "%llu\n");

void make_door(struct card *card, struct dentry *root)
{
	card->dir = debugfs_create_dir(card->name, root);
	debugfs_create_file("plugged", 0600, card->dir, card, &plugged_fops);
}

void bury_retired(void)
{
	struct lab_span *s, *next;

	list_for_each_entry_safe(s, next, &retired, retired)
		kvfree(s);
}

// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Two cards without silicon, below DAHDI's real core: see README.md.
 *
 * One timer of 1 ms stands for the cards' interrupt.
 */
#include <linux/debugfs.h>
#include <linux/hrtimer.h>
#include <linux/module.h>
#include "labcard.h"

static DEFINE_SPINLOCK(tick_lock);	/* which cards tick */
static struct dentry *root;
static struct hrtimer timer;
static struct card cards[] = {
	{ "e1", "Lab card, two E1", SPANTYPE_DIGITAL_E1, E1_SPANS, E1_CHANNELS, e1_tick },
	{ "analog", "Lab card, two FXS and two FXO", SPANTYPE_ANALOG_MIXED, 1, 2 * WIRES,
	  analog_tick },
};

void set_ticking(struct card *card, bool ticks)
{
	unsigned long flags;

	spin_lock_irqsave(&tick_lock, flags);
	card->ticks = ticks;
	spin_unlock_irqrestore(&tick_lock, flags);
}

static enum hrtimer_restart tick(struct hrtimer *t)
{
	u64 due = hrtimer_forward_now(t, ms_to_ktime(1));
	int i;

	spin_lock(&tick_lock);
	while (due--)
		for (i = 0; i < ARRAY_SIZE(cards); i++)
			if (cards[i].ticks)
				cards[i].tick(&cards[i]);
	spin_unlock(&tick_lock);
	return HRTIMER_RESTART;
}

static int __init labcard_init(void)
{
	int i;

	root = debugfs_create_dir("labcard", NULL);
	for (i = 0; i < ARRAY_SIZE(cards); i++)
		make_door(&cards[i], root);
	hrtimer_init(&timer, CLOCK_MONOTONIC, HRTIMER_MODE_REL);
	timer.function = tick;
	hrtimer_start(&timer, ms_to_ktime(1), HRTIMER_MODE_REL);
	return 0;
}

static void __exit labcard_exit(void)
{
	int i;

	for (i = 0; i < ARRAY_SIZE(cards); i++)
		pull_out(&cards[i]);
	debugfs_remove(root);
	hrtimer_cancel(&timer);
	bury_retired();
}

module_init(labcard_init);
module_exit(labcard_exit);

MODULE_DESCRIPTION("Cards without silicon, for the lab");
MODULE_LICENSE("GPL");

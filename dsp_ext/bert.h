/* Inner loops of the bit error tester: pseudo-random octets made and compared, 16 channels at a time. */
#ifndef DSP_EXT_BERT_H
#define DSP_EXT_BERT_H

#include <stdint.h>
#include "clones.h"

#define BERT_WINDOW 32 /* octets whose errors wait until it is sure that they are none of a slip */
#define BERT_SURE 8    /* octets in a row that follow from those before: that is the pattern */
#define BERT_LOST 64   /* bit errors in the window, a quarter of it: the pattern is gone */
#define BERT_NONE 9    /* in the window: an octet that was not compared */

/* The polynomial's two terms, what is turned over on the line, and the bits that make a state. */
typedef struct {
    int near, far;
    uint32_t inverted, mask;
} bert_pattern;

typedef struct {                        /* of 16 channels */
    uint32_t sent[TILE];                /* the generator: bits sent, the last one lowest */
    uint32_t due[TILE];                 /* bits that should have come; they go on while none do */
    uint32_t came[TILE];                /* bits received */
    int32_t run[TILE];                  /* octets in a row that follow from those before them */
    int32_t locked[TILE];               /* 1: what comes is compared with what is due */
    int32_t met[TILE];                  /* 1: has been locked once */
    int32_t waiting[TILE];              /* bit errors in the window */
    uint8_t window[BERT_WINDOW][TILE];  /* bit errors of the last octets, or BERT_NONE */
    int64_t octets[TILE];               /* compared */
    int64_t errors[TILE];               /* bits of them that were wrong */
    int64_t errored[TILE];              /* octets of them with any wrong bit */
    int64_t lost[TILE];                 /* octets that came and could not be compared */
    int64_t losses[TILE];               /* times the pattern was lost without having moved */
    int64_t slips[TILE];                /* times it had moved */
    int64_t slipped[TILE];              /* by octets: repeated less left out */
} bert_tile;

CLONES_BEGIN

/* The eight bits after `bits`: both terms reach back further than an octet. */
static ALWAYS_INLINE uint32_t bert_next(uint32_t bits, const bert_pattern *p)
{
    return ((bits >> (p->near - 8)) ^ (bits >> (p->far - 8))) & 0xFF;
}

static ALWAYS_INLINE int32_t bert_ones(uint32_t octet)
{
    octet -= octet >> 1 & 0x55;
    octet = (octet & 0x33) + (octet >> 2 & 0x33);
    return (int32_t)((octet + (octet >> 4)) & 0x0F);
}

CLONES static void bert_send(bert_tile *restrict t, const bert_pattern *restrict p,
                             uint8_t *restrict octets, long stride, int n)
{
    for (int i = 0; i < n; i++, octets += stride)
        for (int c = 0; c < TILE; c++) {
            uint32_t next = bert_next(t->sent[c], p);
            t->sent[c] = t->sent[c] << 8 | next;
            octets[c] = (uint8_t)(next ^ p->inverted);
        }
}

/* Compare octets until a channel finds or loses the pattern, or it has moved. Gives how many rows
 * were done. `at`: the first one's place in the window. */
CLONES static int bert_compare(bert_tile *restrict t, const bert_pattern *restrict p,
                               const uint8_t *restrict octets, long stride, int n, int at)
{
    int32_t compared[TILE] = {0}, wrong_bits[TILE] = {0}, wrong_octets[TILE] = {0};
    int32_t missed[TILE] = {0};
    int32_t alert = 0;
    int i = 0;
    while (i < n && !alert) {
        uint8_t *window = t->window[(at + i) % BERT_WINDOW];
        for (int c = 0; c < TILE; c++) {
            uint32_t octet = octets[c] ^ p->inverted;
            int32_t follows = (bert_next(t->came[c], p) == octet) & ((t->came[c] & p->mask) != 0);
            uint32_t want = bert_next(t->due[c], p);
            int32_t locked = t->locked[c], left = window[c];
            int32_t real = left != BERT_NONE, errors = bert_ones(octet ^ want);
            int32_t run = (t->run[c] + 1) & -follows;
            t->run[c] = run;
            t->came[c] = t->came[c] << 8 | octet;
            t->due[c] = t->due[c] << 8 | want;
            left &= -real;
            compared[c] += real;
            wrong_bits[c] += left;
            wrong_octets[c] += left > 0;
            missed[c] += t->met[c] & (locked ^ 1);
            window[c] = (uint8_t)(locked ? errors : BERT_NONE);
            t->waiting[c] += (errors & -locked) - left;
            int32_t elsewhere = ((t->came[c] ^ t->due[c]) & p->mask) != 0;
            alert |= (run >= BERT_SURE) & (elsewhere | (locked ^ 1));
            alert |= locked & (t->waiting[c] >= BERT_LOST);
        }
        octets += stride;
        i++;
    }
    for (int c = 0; c < TILE; c++) {
        t->octets[c] += compared[c];
        t->errors[c] += wrong_bits[c];
        t->errored[c] += wrong_octets[c];
        t->lost[c] += missed[c];
    }
    return i;
}

CLONES_END

/* How far on `came` is of `due`, in octets: left out > 0, repeated < 0; 0: the same place. */
static int32_t bert_moved(uint32_t due, uint32_t came, const bert_pattern *p)
{
    uint32_t ahead = due, behind = came;
    for (int32_t k = 0; k <= (int32_t)(p->mask / 2 + 1); k++) {
        if (!((ahead ^ came) & p->mask))
            return k;
        if (!((behind ^ due) & p->mask))
            return -k;
        ahead = ahead << 8 | bert_next(ahead, p);
        behind = behind << 8 | bert_next(behind, p);
    }
    return 0;
}

/* What waited is part of the gap. */
static void bert_forget(bert_tile *t, int c)
{
    for (int k = 0; k < BERT_WINDOW; k++) {
        t->lost[c] += t->window[k][c] != BERT_NONE;
        t->window[k][c] = BERT_NONE;
    }
    t->waiting[c] = 0;
}

/* Find out what became of the pattern on one channel. */
static void bert_judge(bert_tile *t, const bert_pattern *p, int c)
{
    int32_t moved;
    if (t->locked[c] && t->waiting[c] >= BERT_LOST && t->run[c] < BERT_SURE) {
        bert_forget(t, c);
        t->locked[c] = 0;
        return;
    }
    if (t->run[c] < BERT_SURE || (t->locked[c] && !((t->came[c] ^ t->due[c]) & p->mask)))
        return;
    if (t->met[c]) {
        moved = bert_moved(t->due[c], t->came[c], p);
        t->slips[c] += moved != 0;
        t->slipped[c] -= moved;
        t->losses[c] += moved == 0;
        bert_forget(t, c);
    }
    t->due[c] = t->came[c];
    t->locked[c] = t->met[c] = 1;
}

#endif

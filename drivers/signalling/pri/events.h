/*
 * libpri's events as the flat shim_event of shim.c: numbers, names, charges, causes.
 * Included by it, after its types.
 */
#ifndef DRIVERS_SIGNALLING_PRI_EVENTS_H
#define DRIVERS_SIGNALLING_PRI_EVENTS_H

#define DS1_EXPLICIT 0x10000  /* in libpri's encoded channels */

/*
 * interface: the one that holds where the message names none (Q.931 4.5.13), -1 without NFAS.
 * With NFAS the channel's interface is above its eight bits.
 */
static int plain_channel(int encoded, int interface)
{
    int number = encoded & 0xFF;

    if (encoded == -1 || number == 0xFF) {
        return -1;
    }
    if (interface < 0 || !number) {
        return number;
    }
    return number | (encoded & DS1_EXPLICIT ? encoded >> 8 & 0xFF : interface) << 8;
}

static void copy(char *to, size_t size, const char *from)
{
    size_t length = 0;

    while (length < size - 1 && from[length]) {
        to[length] = from[length];
        ++length;
    }
    to[length] = 0;
}

/* A name that its owner withholds goes no further. */
static void copy_name(char *to, size_t size, const struct pri_party_name *from)
{
    if (from->valid && !(from->presentation & PRI_PRES_RESTRICTION)) {
        copy(to, size, from->str);
    }
}

static void copy_subaddress(char *to, size_t size, const struct pri_party_subaddress *from)
{
    static const char digit[] = "0123456789abcdef";
    int length = from->length < 0 || 32 < from->length ? 0 : from->length;

    if (!from->valid || !length) {
        return;
    }
    if (!from->type && from->data[0] == IA5_SUBADDRESS) {
        for (int i = 1; i < length && (size_t) i < size; ++i) {
            to[i - 1] = from->data[i];
        }
        return;
    }
    for (int i = 0; i < length && (size_t) (2 * i + 2) < size; ++i) {
        to[2 * i] = digit[from->data[i] >> 4];
        to[2 * i + 1] = digit[from->data[i] & 15];
    }
}

static void flatten_redirecting(const struct pri_party_redirecting *from, shim_event *to)
{
    if (from->count <= 0) {
        return;
    }
    to->redirected = from->count;
    to->redirecting_reason = from->reason;
    to->redirecting_plan = from->from.number.plan;
    to->redirecting_pres = from->from.number.presentation;
    if (from->from.number.valid) {
        copy(to->redirecting, sizeof(to->redirecting), from->from.number.str);
    }
    copy_name(to->redirecting_name, sizeof(to->redirecting_name), &from->from.name);
}

static void flatten_connected(const struct pri_party_id *from, shim_event *to)
{
    to->connected = 1;
    to->connected_plan = from->number.plan;
    to->connected_pres = from->number.presentation;
    if (from->number.valid) {
        copy(to->connected_number, sizeof(to->connected_number), from->number.str);
    }
    copy_name(to->connected_name, sizeof(to->connected_name), &from->name);
}

static void flatten_charge(int charge, const struct pri_aoc_recorded_currency *money,
    const struct pri_aoc_recorded_units *unit, int final, shim_event *to)
{
    to->charge_final = final;
    if (charge == PRI_AOC_DE_CHARGE_FREE) {
        to->charge = SHIM_CHARGE_FREE;
    } else if (charge == PRI_AOC_DE_CHARGE_UNITS) {
        to->charge = SHIM_CHARGE_UNITS;
        for (int i = 0; i < unit->num_items && i < 32; ++i) {
            to->charge_amount += 0 < unit->item[i].number ? unit->item[i].number : 0;
        }
    } else if (charge == PRI_AOC_DE_CHARGE_CURRENCY) {
        to->charge = SHIM_CHARGE_MONEY;
        to->charge_amount = money->amount.cost;
        to->charge_scale = money->amount.multiplier - PRI_AOC_MULTIPLIER_ONE;
        copy(to->charge_currency, sizeof(to->charge_currency), money->currency);
    }
}

static void flatten_subcommands(const struct pri_subcommands *all, shim_event *to)
{
    for (int i = 0; all && i < all->counter_subcmd && i < PRI_MAX_SUBCOMMANDS; ++i) {
        const struct pri_subcommand *each = &all->subcmd[i];

        switch (each->cmd) {
        case PRI_SUBCMD_REDIRECTING:
            flatten_redirecting(&each->u.redirecting, to);
            break;
        case PRI_SUBCMD_CONNECTED_LINE:
            flatten_connected(&each->u.connected_line.id, to);
            break;
        case PRI_SUBCMD_AOC_D:
            flatten_charge(each->u.aoc_d.charge, &each->u.aoc_d.recorded.money,
                &each->u.aoc_d.recorded.unit, 0, to);
            break;
        case PRI_SUBCMD_AOC_E:
            flatten_charge(each->u.aoc_e.charge, &each->u.aoc_e.recorded.money,
                &each->u.aoc_e.recorded.unit, 1, to);
            break;
        default:
            break;
        }
    }
}

static void flatten_ring(const pri_event_ring *ring, shim_event *to)
{
    to->call = (uintptr_t) ring->call;
    to->channel = plain_channel(ring->channel, to->interface);
    to->cref = ring->cref;
    to->complete = ring->complete;
    to->flexible = ring->flexible;
    to->capability = ring->ctype;
    to->layer1 = ring->layer1;
    to->inband = !!(ring->progressmask & PRI_PROG_INBAND_AVAILABLE);
    to->calling_plan = ring->callingplan;
    to->calling_pres = ring->calling.number.presentation;
    to->called_plan = ring->calledplan;
    if (ring->calling.number.valid) {
        copy(to->calling, sizeof(to->calling), ring->calling.number.str);
    }
    copy_name(to->name, sizeof(to->name), &ring->calling.name);
    copy(to->called, sizeof(to->called), ring->callednum);
    copy_subaddress(to->calling_sub, sizeof(to->calling_sub), &ring->calling.subaddress);
    copy_subaddress(to->called_sub, sizeof(to->called_sub), &ring->called_subaddress);
    flatten_subcommands(ring->subcmds, to);
}

#define TAKE(view) do { \
        to->call = (uintptr_t) from->view.call; \
        to->channel = plain_channel(from->view.channel, to->interface); \
    } while (0)

static int flatten(const pri_event *from, int d, int interface, shim_event *to)
{
    memset(to, 0, sizeof(*to));
    to->d = d;
    to->interface = interface;
    if (!from) {
        return 0;
    }
    to->kind = from->e;
    to->channel = -1;
    to->cause = -1;
    switch (from->e) {
    case PRI_EVENT_RING:
        flatten_ring(&from->ring, to);
        break;
    case PRI_EVENT_INFO_RECEIVED:
        TAKE(ring);
        to->complete = from->ring.complete;
        copy(to->called, sizeof(to->called), from->ring.callednum);
        break;
    case PRI_EVENT_KEYPAD_DIGIT:
        TAKE(digit);
        copy(to->called, sizeof(to->called), from->digit.digits);
        break;
    case PRI_EVENT_SETUP_ACK:
        TAKE(setup_ack);
        to->inband = !!(from->setup_ack.progressmask & PRI_PROG_INBAND_AVAILABLE);
        break;
    case PRI_EVENT_PROCEEDING:
    case PRI_EVENT_PROGRESS:
        TAKE(proceeding);
        to->cref = from->proceeding.cref;
        to->cause = from->e == PRI_EVENT_PROGRESS ? from->proceeding.cause : -1;
        to->inband = !!(from->proceeding.progressmask & PRI_PROG_INBAND_AVAILABLE);
        break;
    case PRI_EVENT_RINGING:
        TAKE(ringing);
        to->cref = from->ringing.cref;
        to->inband = !!(from->ringing.progressmask & PRI_PROG_INBAND_AVAILABLE);
        break;
    case PRI_EVENT_ANSWER:
        TAKE(answer);
        to->cref = from->answer.cref;
        flatten_subcommands(from->answer.subcmds, to);
        break;
    case PRI_EVENT_HANGUP:
    case PRI_EVENT_HANGUP_REQ:
    case PRI_EVENT_HANGUP_ACK:
        TAKE(hangup);
        to->cref = from->hangup.cref;
        to->cause = from->hangup.cause;
        flatten_subcommands(from->hangup.subcmds, to);
        break;
    case PRI_EVENT_FACILITY:
        TAKE(facility);
        flatten_subcommands(from->facility.subcmds, to);
        break;
    case PRI_EVENT_SERVICE:
    case PRI_EVENT_SERVICE_ACK:
        to->channel = plain_channel(from->service.channel, to->interface);
        to->status = from->service.changestatus;
        break;
    case PRI_EVENT_RESTART:
        to->channel = plain_channel(from->restart.channel, to->interface);
        break;
    case PRI_EVENT_RESTART_ACK:
        to->channel = plain_channel(from->restartack.channel, to->interface);
        break;
    case PRI_EVENT_CONFIG_ERR:
        copy(to->text, sizeof(to->text), from->err.err);
        break;
    default:
        break;
    }
    return 1;
}

#endif

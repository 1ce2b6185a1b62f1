/*
 * One flat door to libpri: buffers in, buffers and plain structs out.
 * Included into the cffi module by pri_build.py. One thread at a time.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/time.h>
#include <libpri.h>

#define READ_SIZE 1024     /* libpri's own buffer in pri_check_event() */
#define OUT_SIZE 65536
#define LOG_SIZE 8192
#define FCS 2              /* libpri counts two FCS octets on every frame */

enum {
    SHIM_SETUP_ACK, SHIM_PROCEEDING, SHIM_ALERTING, SHIM_PROGRESS, SHIM_CONNECT,
    SHIM_HANGUP, SHIM_DESTROY
};

enum { SHIM_CHARGE_NONE, SHIM_CHARGE_FREE, SHIM_CHARGE_UNITS, SHIM_CHARGE_MONEY };

enum { SHIM_IN_SERVICE = 0, SHIM_OUT_OF_SERVICE = 2 };  /* libpri's change status */

#define IA5_SUBADDRESS 0x50  /* X.213 Annex A: authority and format of IA5 characters */

/* Global in libpri.a; its header only offers it wrapped in every call. */
int q931_is_call_valid(struct pri *ctrl, struct q931_call *call);

#define MAX_D_CHANNELS 4   /* of a group with D channels that stand in for each other (NFAS) */

struct pri_shim;

typedef struct {
    struct pri_shim *shim;
    struct pri *ctrl;
    int interface;         /* the logical number of the interface it is on; -1: no NFAS */
} d_channel;

typedef struct pri_shim {
    d_channel d[MAX_D_CHANNELS];
    int count;
    int current;           /* place of the D channel the calls below work on */
    struct pri *ctrl;      /* its controller */
    uint8_t in[READ_SIZE];
    int in_length;
    uint8_t out[OUT_SIZE];
    int out_length;
    char log[LOG_SIZE];
    int log_length;
} pri_shim;

typedef struct {
    int kind;
    int d, interface;
    uintptr_t call;
    int cref, channel, cause, inband, complete, flexible, capability, layer1;
    int calling_plan, calling_pres, called_plan;
    char calling[64], name[64], called[256], text[256];
    char calling_sub[80], called_sub[80];
    int redirected, redirecting_reason, redirecting_plan, redirecting_pres;
    char redirecting[64], redirecting_name[64];
    int connected, connected_plan, connected_pres;
    char connected_number[64], connected_name[64];
    int status;
    int charge, charge_final;
    long charge_amount;
    int charge_scale;
    char charge_currency[12];
} shim_event;

typedef struct {
    int channel, exclusive, capability, layer1;
    const char *called;
    int called_plan, complete;
    const char *calling;
    int calling_plan, calling_pres;
    const char *name;
    const char *calling_sub, *called_sub;
    const char *redirecting;
    int redirecting_plan, redirecting_pres, redirecting_reason, redirected;
    const char *redirecting_name;
} shim_call;

static int64_t clock_us;

/* The linker sends libpri's gettimeofday() here. */
int __wrap_gettimeofday(struct timeval *tv, void *zone)
{
    (void) zone;
    tv->tv_sec = clock_us / 1000000;
    tv->tv_usec = clock_us % 1000000;
    return 0;
}

static int read_frame(struct pri *ctrl, void *buffer, int size)
{
    pri_shim *shim = ((d_channel *) pri_get_userdata(ctrl))->shim;
    int length = shim->in_length;

    if (!length || size < length + FCS) {
        return 0;
    }
    memset(buffer, 0xFF, size);
    memcpy(buffer, shim->in, length);
    shim->in_length = 0;
    return length + FCS;
}

/* Frames wait as length (2 octets), place of the D channel, octets. */
static int write_frame(struct pri *ctrl, void *buffer, int size)
{
    d_channel *from = pri_get_userdata(ctrl);
    pri_shim *shim = from->shim;
    int length = size - FCS;

    if (length > 0 && shim->out_length + length + 3 <= OUT_SIZE) {
        uint8_t *to = shim->out + shim->out_length;
        to[0] = length & 0xFF;
        to[1] = length >> 8;
        to[2] = from - shim->d;
        memcpy(to + 3, buffer, length);
        shim->out_length += length + 3;
    }
    return size;
}

/* Lines are kept with a leading 'E' or 'M'; what does not fit is dropped. */
static void keep(struct pri *ctrl, char mark, const char *text)
{
    d_channel *from = ctrl ? pri_get_userdata(ctrl) : NULL;
    pri_shim *shim = from ? from->shim : NULL;
    int length = strlen(text);

    if (!shim || shim->log_length + length + 2 > LOG_SIZE) {
        return;
    }
    shim->log[shim->log_length++] = mark;
    memcpy(shim->log + shim->log_length, text, length);
    shim->log_length += length;
    if (!length || text[length - 1] != '\n') {
        shim->log[shim->log_length++] = '\n';
    }
}

static void keep_message(struct pri *ctrl, char *text) { keep(ctrl, 'M', text); }
static void keep_error(struct pri *ctrl, char *text) { keep(ctrl, 'E', text); }

static void configure(struct pri *ctrl)
{
    /* "Sending complete" goes out when we say so, not always; clearing follows Q.931 5.3. */
    pri_set_overlapdial(ctrl, 1);
    pri_hangup_fix_enable(ctrl, 1);
    pri_display_options_send(ctrl, PRI_DISPLAY_OPTION_NAME_INITIAL);
    pri_display_options_receive(ctrl, PRI_DISPLAY_OPTION_NAME_INITIAL);
    pri_facility_enable(ctrl);
    pri_set_service_message_support(ctrl, 1);
    pri_aoc_events_enable(ctrl, 1);
}

static void shim_use(pri_shim *shim, int d)
{
    shim->current = d;
    shim->ctrl = shim->d[d].ctrl;
}

/* interfaces: of each D channel, the best one first; -1 for one alone, without NFAS. */
static pri_shim *shim_open(int node, int switchtype, int64_t now_us, int count,
    const int *interfaces)
{
    pri_shim *shim = calloc(1, sizeof(*shim));

    if (!shim || count < 1 || MAX_D_CHANNELS < count) {
        free(shim);
        return NULL;
    }
    clock_us = now_us;
    pri_set_message(keep_message);
    pri_set_error(keep_error);
    for (; shim->count < count; ++shim->count) {
        d_channel *each = &shim->d[shim->count];

        each->shim = shim;
        each->interface = interfaces[shim->count];
        each->ctrl = pri_new_cb(-1, node, switchtype, read_frame, write_frame, each);
        if (!each->ctrl) {
            free(shim);
            return NULL;
        }
        configure(each->ctrl);
        if (shim->count) {
            pri_enslave(shim->d[0].ctrl, each->ctrl);
        }
    }
    shim_use(shim, 0);
    return shim;
}

static void shim_close(pri_shim *shim)
{
    free(shim);
}

static int shim_timer(pri_shim *shim, const char *name, int value)
{
    int result = 0;

    for (int d = 0; d < shim->count && !result; ++d) {
        result = pri_set_timer(shim->d[d].ctrl, pri_timer2idx(name), value);
    }
    return result;
}

static int shim_timer_value(pri_shim *shim, const char *name)
{
    return pri_get_timer(shim->ctrl, pri_timer2idx(name));
}

#include "events.h"

/* An event of the D channel at place d; 0 when there is none. */
static int event_of(pri_shim *shim, int d, const pri_event *from, shim_event *to)
{
    return flatten(from, d, shim->d[d].interface, to);
}

static int shim_feed(pri_shim *shim, int64_t now_us, const uint8_t *frame, int length,
    shim_event *event)
{
    if (length < 0 || READ_SIZE - FCS < length) {
        return -1;
    }
    clock_us = now_us;
    memcpy(shim->in, frame, length);
    shim->in_length = length;
    return event_of(shim, shim->current, pri_check_event(shim->ctrl), event);
}

static int shim_poll(pri_shim *shim, int64_t now_us, shim_event *event)
{
    clock_us = now_us;
    for (int d = 0; d < shim->count; ++d) {
        if (event_of(shim, d, pri_schedule_run(shim->d[d].ctrl), event)) {
            return 1;
        }
    }
    return 0;
}

static int64_t shim_next(pri_shim *shim)
{
    int64_t soonest = -1;

    for (int d = 0; d < shim->count; ++d) {
        struct timeval *next = pri_schedule_next(shim->d[d].ctrl);
        int64_t at = next ? (int64_t) next->tv_sec * 1000000 + next->tv_usec : -1;

        if (0 <= at && (soonest < 0 || at < soonest)) {
            soonest = at;
        }
    }
    return soonest;
}

static int shim_take(pri_shim *shim, uint8_t *buffer, int size)
{
    int length = shim->out_length <= size ? shim->out_length : 0;
    memcpy(buffer, shim->out, length);
    shim->out_length = 0;
    return length;
}

static int shim_log(pri_shim *shim, char *buffer, int size)
{
    int length = shim->log_length <= size ? shim->log_length : 0;
    memcpy(buffer, shim->log, length);
    shim->log_length = 0;
    return length;
}

static uintptr_t shim_new_call(pri_shim *shim)
{
    return (uintptr_t) pri_new_call(shim->ctrl);
}

static void fill_caller(struct pri_party_id *caller, const shim_call *wanted)
{
    memset(caller, 0, sizeof(*caller));
    if (!wanted->calling && !wanted->name) {
        return;
    }
    /* libpri takes a name only together with a number. */
    caller->number.valid = 1;
    caller->number.plan = wanted->calling_plan;
    caller->number.presentation = PRES_NUMBER_NOT_AVAILABLE;
    if (wanted->calling) {
        caller->number.presentation = wanted->calling_pres;
        copy(caller->number.str, sizeof(caller->number.str), wanted->calling);
    }
    if (wanted->name) {
        caller->name.valid = 1;
        caller->name.presentation = PRI_PRES_ALLOWED;
        caller->name.char_set = PRI_CHAR_SET_ISO8859_1;
        copy(caller->name.str, sizeof(caller->name.str), wanted->name);
    }
}

static void fill_subaddress(struct pri_party_subaddress *to, const char *text)
{
    size_t length = strlen(text);

    memset(to, 0, sizeof(*to));
    length = length < sizeof(to->data) - 2 ? length : sizeof(to->data) - 2;
    to->valid = 1;
    to->length = length + 1;
    to->data[0] = IA5_SUBADDRESS;
    memcpy(to->data + 1, text, length);
}

static void fill_redirecting(struct pri_sr *request, const shim_call *wanted)
{
    struct pri_party_redirecting parties;

    memset(&parties, 0, sizeof(parties));
    parties.count = wanted->redirected;
    parties.reason = parties.orig_reason = wanted->redirecting_reason;
    parties.from.number.valid = 1;
    parties.from.number.plan = wanted->redirecting_plan;
    parties.from.number.presentation = wanted->redirecting_pres;
    copy(parties.from.number.str, sizeof(parties.from.number.str), wanted->redirecting);
    if (wanted->redirecting_name) {
        parties.from.name.valid = 1;
        parties.from.name.char_set = PRI_CHAR_SET_ISO8859_1;
        copy(parties.from.name.str, sizeof(parties.from.name.str), wanted->redirecting_name);
    }
    pri_sr_set_redirecting_parties(request, &parties);
}

static int shim_setup(pri_shim *shim, int64_t now_us, uintptr_t call, const shim_call *wanted)
{
    struct pri_sr *request = pri_sr_new();
    struct pri_party_id caller;
    int result;

    if (!request) {
        return -1;
    }
    clock_us = now_us;
    fill_caller(&caller, wanted);
    pri_sr_set_channel(request, wanted->channel, wanted->exclusive, 0);
    pri_sr_set_bearer(request, wanted->capability, wanted->layer1);
    pri_sr_set_called(request, (char *) wanted->called, wanted->called_plan, wanted->complete);
    if (wanted->calling_sub) {
        fill_subaddress(&caller.subaddress, wanted->calling_sub);
    }
    pri_sr_set_caller_party(request, &caller);
    if (wanted->called_sub) {
        struct pri_party_subaddress subaddress;

        fill_subaddress(&subaddress, wanted->called_sub);
        pri_sr_set_called_subaddress(request, &subaddress);
    }
    if (wanted->redirecting) {
        fill_redirecting(request, wanted);
    }
    result = pri_setup(shim->ctrl, (q931_call *) call, request);
    pri_sr_free(request);
    return result;
}

static int shim_digit(pri_shim *shim, int64_t now_us, uintptr_t call, char digit)
{
    clock_us = now_us;
    return pri_information(shim->ctrl, (q931_call *) call, digit);
}

static int shim_valid(pri_shim *shim, uintptr_t call)
{
    return q931_is_call_valid(shim->ctrl, (q931_call *) call);
}

/* info: in-band flag, or the cause for SHIM_HANGUP. */
static int shim_request(pri_shim *shim, int64_t now_us, uintptr_t handle, int what, int channel,
    int info)
{
    q931_call *call = (q931_call *) handle;

    clock_us = now_us;
    if (!shim_valid(shim, handle)) {
        return -1;
    }
    switch (what) {
    case SHIM_SETUP_ACK:
        return pri_setup_ack(shim->ctrl, call, channel, 0, info);
    case SHIM_PROCEEDING:
        return pri_proceeding(shim->ctrl, call, channel, info);
    case SHIM_ALERTING:
        return pri_acknowledge(shim->ctrl, call, channel, info);
    case SHIM_PROGRESS:
        return pri_progress(shim->ctrl, call, channel, info);
    case SHIM_CONNECT:
        return pri_answer(shim->ctrl, call, channel, 0);
    case SHIM_HANGUP:
        return pri_hangup(shim->ctrl, call, info);
    case SHIM_DESTROY:
        pri_destroycall(shim->ctrl, call);
        return 0;
    default:
        return -1;
    }
}

/* Who answers: to be said before SHIM_CONNECT. */
static int shim_connected(pri_shim *shim, int64_t now_us, uintptr_t handle, const char *number,
    int plan, int pres, const char *name)
{
    struct pri_party_connected_line line;

    clock_us = now_us;
    if (!shim_valid(shim, handle)) {
        return -1;
    }
    memset(&line, 0, sizeof(line));
    line.id.number.valid = 1;
    line.id.number.plan = plan;
    line.id.number.presentation = pres;
    copy(line.id.number.str, sizeof(line.id.number.str), number);
    if (name[0]) {
        line.id.name.valid = 1;
        line.id.name.char_set = PRI_CHAR_SET_ISO8859_1;
        copy(line.id.name.str, sizeof(line.id.name.str), name);
    }
    return pri_connected_line_update(shim->ctrl, (q931_call *) handle, &line);
}

/* AOC-D or, with `final`, AOC-E, in charging units. */
static int shim_charge(pri_shim *shim, int64_t now_us, uintptr_t handle, long units, int final)
{
    q931_call *call = (q931_call *) handle;
    struct pri_aoc_recorded_units unit = { .num_items = 1, .item = {{ units, -1 }} };

    clock_us = now_us;
    if (!shim_valid(shim, handle)) {
        return -1;
    }
    if (final) {
        struct pri_subcmd_aoc_e end;

        memset(&end, 0, sizeof(end));
        end.charge = PRI_AOC_DE_CHARGE_UNITS;
        end.recorded.unit = unit;
        return pri_aoc_e_send(shim->ctrl, call, &end);
    } else {
        struct pri_subcmd_aoc_d during;

        memset(&during, 0, sizeof(during));
        during.charge = PRI_AOC_DE_CHARGE_UNITS;
        during.recorded.unit = unit;
        return pri_aoc_d_send(shim->ctrl, call, &during);
    }
}

/* Ask the far end to join two calls of this D channel, as the switch type has it. */
static int shim_transfer(pri_shim *shim, int64_t now_us, uintptr_t one, uintptr_t other)
{
    clock_us = now_us;
    if (!shim_valid(shim, one) || !shim_valid(shim, other)) {
        return -1;
    }
    return pri_channel_bridge((q931_call *) one, (q931_call *) other);
}

static int shim_service(pri_shim *shim, int64_t now_us, int interface, int channel, int status)
{
    clock_us = now_us;
    return pri_maintenance_service(shim->ctrl, interface, channel, status);
}

static int shim_restart(pri_shim *shim, int64_t now_us, int channel)
{
    clock_us = now_us;
    return pri_reset(shim->ctrl, channel);
}

"""Builds `drivers.signalling.pri._pri`: libpri behind one small, flat C door.

What: libpri (Debian package libpri-dev) is linked in statically, and every
clock reading of it goes to `__wrap_gettimeofday` below, so that the time the
caller gives is the only time its timers know. Frames, events and messages pass
through plain buffers: libpri never calls into Python.

Limits: libpri has no destructor for a D channel, so a closed one leaves its
`struct pri` behind (some 40 KB). Over-reads of libpri 1.6 on malformed number
elements end in our read buffer, whose rest is filled with 0xFF.
"""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
from pathlib import Path

from cffi import FFI

DECLARATIONS = """
typedef struct pri_shim pri_shim;

typedef struct {
    int kind;             /* PRI_EVENT_* */
    int d;                /* place of the D channel it came on */
    int interface;        /* its interface, -1 without NFAS */
    uintptr_t call;       /* libpri's call, 0 when the event has none */
    int cref;
    int channel;          /* -1: none or any; with NFAS the interface above eight bits */
    int cause;            /* -1: none */
    int inband;
    int complete;
    int flexible;
    int capability;       /* of the bearer a call wants: PRI_TRANS_CAP_* */
    int layer1;
    int calling_plan;
    int calling_pres;
    int called_plan;
    char calling[64];
    char name[64];
    char called[256];
    char text[256];
    char calling_sub[80];     /* sub-addresses: IA5 as text, others as hex */
    char called_sub[80];
    int redirected;           /* how often; the fields below are of the last one */
    int redirecting_reason;
    int redirecting_plan;
    int redirecting_pres;
    char redirecting[64];
    char redirecting_name[64];
    int connected;            /* whether the next ones are there */
    int connected_plan;
    int connected_pres;
    char connected_number[64];
    char connected_name[64];
    int status;               /* of SERVICE: SHIM_IN_SERVICE or SHIM_OUT_OF_SERVICE */
    int charge;               /* SHIM_CHARGE_* */
    int charge_final;
    long charge_amount;       /* units, or money in 10^charge_scale */
    int charge_scale;
    char charge_currency[12];
} shim_event;

typedef struct {
    int channel;
    int exclusive;
    int capability;
    int layer1;
    const char *called;
    int called_plan;
    int complete;
    const char *calling;  /* NULL: no calling number */
    int calling_plan;
    int calling_pres;
    const char *name;     /* NULL: no name */
    const char *calling_sub;  /* NULL: none */
    const char *called_sub;
    const char *redirecting;  /* NULL: not redirected */
    int redirecting_plan;
    int redirecting_pres;
    int redirecting_reason;
    int redirected;
    const char *redirecting_name;
} shim_call;

pri_shim *shim_open(int node, int switchtype, int64_t now_us, int count, const int *interfaces);
void shim_use(pri_shim *shim, int d);
void shim_close(pri_shim *shim);
int shim_timer(pri_shim *shim, const char *name, int value);
int shim_timer_value(pri_shim *shim, const char *name);
int shim_feed(pri_shim *shim, int64_t now_us, const uint8_t *frame, int length, shim_event *event);
int shim_poll(pri_shim *shim, int64_t now_us, shim_event *event);
int64_t shim_next(pri_shim *shim);
int shim_take(pri_shim *shim, uint8_t *buffer, int size);
int shim_log(pri_shim *shim, char *buffer, int size);

uintptr_t shim_new_call(pri_shim *shim);
int shim_setup(pri_shim *shim, int64_t now_us, uintptr_t call, const shim_call *wanted);
int shim_digit(pri_shim *shim, int64_t now_us, uintptr_t call, char digit);
int shim_request(pri_shim *shim, int64_t now_us, uintptr_t call, int what, int channel, int info);
int shim_connected(pri_shim *shim, int64_t now_us, uintptr_t call, const char *number, int plan,
    int pres, const char *name);
int shim_charge(pri_shim *shim, int64_t now_us, uintptr_t call, long units, int final);
int shim_transfer(pri_shim *shim, int64_t now_us, uintptr_t one, uintptr_t other);
int shim_service(pri_shim *shim, int64_t now_us, int interface, int channel, int status);
int shim_restart(pri_shim *shim, int64_t now_us, int channel);
int shim_valid(pri_shim *shim, uintptr_t call);

#define MAX_D_CHANNELS ...
#define DS1_EXPLICIT ...
#define SHIM_SETUP_ACK ...
#define SHIM_PROCEEDING ...
#define SHIM_ALERTING ...
#define SHIM_PROGRESS ...
#define SHIM_CONNECT ...
#define SHIM_HANGUP ...
#define SHIM_DESTROY ...
#define SHIM_IN_SERVICE ...
#define SHIM_OUT_OF_SERVICE ...
#define SHIM_CHARGE_NONE ...
#define SHIM_CHARGE_FREE ...
#define SHIM_CHARGE_UNITS ...
#define SHIM_CHARGE_MONEY ...

#define PRI_NETWORK ...
#define PRI_CPE ...
#define PRI_SWITCH_EUROISDN_E1 ...
#define PRI_SWITCH_EUROISDN_T1 ...
#define PRI_SWITCH_NI1 ...
#define PRI_SWITCH_NI2 ...
#define PRI_SWITCH_DMS100 ...
#define PRI_SWITCH_LUCENT5E ...
#define PRI_SWITCH_ATT4ESS ...
#define PRI_SWITCH_QSIG ...
#define PRI_TRANS_CAP_SPEECH ...
#define PRI_TRANS_CAP_3_1K_AUDIO ...
#define PRI_LAYER_1_ALAW ...
#define PRI_LAYER_1_ULAW ...

#define PRI_EVENT_DCHAN_UP ...
#define PRI_EVENT_DCHAN_DOWN ...
#define PRI_EVENT_RESTART ...
#define PRI_EVENT_CONFIG_ERR ...
#define PRI_EVENT_RING ...
#define PRI_EVENT_HANGUP ...
#define PRI_EVENT_RINGING ...
#define PRI_EVENT_ANSWER ...
#define PRI_EVENT_HANGUP_ACK ...
#define PRI_EVENT_RESTART_ACK ...
#define PRI_EVENT_INFO_RECEIVED ...
#define PRI_EVENT_PROCEEDING ...
#define PRI_EVENT_SETUP_ACK ...
#define PRI_EVENT_HANGUP_REQ ...
#define PRI_EVENT_PROGRESS ...
#define PRI_EVENT_KEYPAD_DIGIT ...
#define PRI_EVENT_FACILITY ...
#define PRI_EVENT_SERVICE ...
#define PRI_EVENT_SERVICE_ACK ...

const char *pri_get_version(void);
"""

HERE = Path(__file__).resolve().parent
SHIM = HERE / "shim.c"
PARTS = (SHIM, HERE / "events.h")


def find_archive() -> str:
    """Path of libpri.a as the compiler finds it; a clear end when it is missing."""
    compiler = shlex.split(os.environ.get("CC", "cc"))
    answer = subprocess.run(
        [*compiler, "-print-file-name=libpri.a"], capture_output=True, text=True, check=False
    ).stdout.strip()
    if Path(answer).is_absolute() and Path(answer).exists():
        return answer
    for folder in ("/usr/lib", "/usr/local/lib"):
        candidate = Path(folder, "libpri.a")
        if candidate.exists():
            return str(candidate)
    sys.exit(
        "libpri.a was not found: install the Debian package libpri-dev (apt install libpri-dev)"
    )


ffibuilder = FFI()
ffibuilder.cdef(DECLARATIONS)
ffibuilder.set_source(
    "drivers.signalling.pri._pri",
    SHIM.read_text(),
    extra_compile_args=["-O2", "-fno-strict-aliasing"],
    extra_link_args=["-Wl,--wrap=gettimeofday"],
    extra_objects=[find_archive()],
    include_dirs=[str(HERE)],
    depends=[str(part) for part in PARTS],
)

if __name__ == "__main__":
    ffibuilder.compile(verbose=True)

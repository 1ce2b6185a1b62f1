"""cffi binding of DAHDI's ioctl interface; the declarations come from ``abi.h`` itself."""

from __future__ import annotations

import re
from pathlib import Path

from cffi import FFI

HERE = Path("drivers/boards/dahdi")

HELPERS = """
int dahdi_ask(int fd, unsigned long request, void *argument);
int dahdi_take_event(int fd);
int dahdi_flush(int fd, int received);
int dahdi_listen(int fd, int number);
#define DAHDI_ELAST ...
"""

SOURCE = """
#include <errno.h>
#include "abi.h"

/* 0 or more, or -errno. */
static int dahdi_ask(int fd, unsigned long request, void *argument)
{
    int rc;
    do
        rc = ioctl(fd, request, argument);
    while (rc < 0 && errno == EINTR);
    return rc < 0 ? -errno : rc;
}

/* The oldest event that waits on a channel: DAHDI_EVENT_NONE when there is none, or -errno.
 * Called by the media thread: no memory, no Python. */
static int dahdi_take_event(int fd)
{
    int event = DAHDI_EVENT_NONE, rc = dahdi_ask(fd, DAHDI_GETEVENT, &event);
    return rc < 0 ? rc : event;
}

/* Empty a channel of what is to be sent, and of what was received too, but not of its events.
 * Called by the media thread as well. */
static int dahdi_flush(int fd, int received)
{
    int what = DAHDI_FLUSH_WRITE | (received ? DAHDI_FLUSH_READ : 0);
    return dahdi_ask(fd, DAHDI_FLUSH, &what);
}

/* Let a channel send what the one with this number receives, octet for octet; 0: what is written.
 * Called by the media thread as well. */
static int dahdi_listen(int fd, int number)
{
    struct dahdi_confinfo how = {0, number, number ? DAHDI_CONF_DIGITALMON : DAHDI_CONF_NORMAL};
    return dahdi_ask(fd, DAHDI_SETCONF, &how);
}
"""


def declarations(header: str) -> str:
    """What cffi is to know: structures with room for the compiler's view, and each number."""
    text = header.split("/* ---- begin */")[1].split("/* ---- end */")[0]
    text = re.sub(r"/\*.*?\*/", "", text, flags=re.DOTALL)
    text = re.sub(r"\}( __attribute__\(\(packed\)\))?;", "    ...;\n};", text)
    return re.sub(r"^#define (\w+) .*$", r"#define \1 ...", text, flags=re.MULTILINE)


ffibuilder = FFI()
ffibuilder.cdef(declarations((HERE / "abi.h").read_text(encoding="utf-8")) + HELPERS)
ffibuilder.set_source(
    "drivers.boards.dahdi._dahdi", SOURCE, include_dirs=[str(HERE)], depends=[str(HERE / "abi.h")]
)

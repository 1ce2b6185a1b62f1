/* DAHDI's ioctl interface: requests, structures and numbers, written down from the interface's
 * facts so that nothing of DAHDI is needed to build. The lab holds every size, offset and number
 * here against the real header (tests/lab/dahdi).
 *
 * What stands between the two marks is also what Python sees: dahdi_build.py makes its
 * declarations from it. */
#ifndef DRIVERS_BOARDS_DAHDI_ABI_H
#define DRIVERS_BOARDS_DAHDI_ABI_H

#include <linux/types.h>
#include <sys/ioctl.h>

/* ---- begin */
struct dahdi_params {
    int channo, spanno, chanpos;
    int sigtype, sigcap;
    int rxisoffhook, rxbits, txbits, txhooksig, rxhooksig;
    int curlaw, idlebits;
    char name[40];
    int prewinktime, preflashtime, winktime, flashtime, starttime, rxwinktime, rxflashtime;
    int debouncetime, pulsebreaktime, pulsemaketime, pulseaftertime;
    unsigned int chan_alarms;
};

struct dahdi_spaninfo {
    int spanno;
    char name[20], desc[40];
    int alarms, txlevel, rxlevel;
    int bpvcount, crc4count, ebitcount, fascount;
    unsigned int fecount, cvcount, becount, prbs, errsec;
    int irqmisses, syncsrc, numchans, totalchans, totalspans, lbo, lineconfig;
    char lboname[40], location[40], manufacturer[40], devicetype[40];
    int irq, linecompat;
    char spantype[6];
} __attribute__((packed));

struct dahdi_maintinfo {
    int spanno, command;
};

struct dahdi_confinfo {
    int chan, confno, confmode;
};

struct dahdi_gains {
    int chan;
    unsigned char rxgain[256], txgain[256];
};

struct dahdi_lineconfig {
    int span;
    char name[20];
    int lbo, lineconfig, sync;
};

struct dahdi_chanconfig {
    int chan;
    char name[40];
    int sigtype, deflaw, master, idlebits;
    char netdev_name[16];
};

struct dahdi_bufferinfo {
    int txbufpolicy, rxbufpolicy, numbufs, bufsize, readbufs, writebufs;
};

struct dahdi_dialoperation {
    int op;
    char dialstr[256];
};

struct dahdi_echocanparams {
    unsigned int tap_length, param_count;
};

struct dahdi_ring_cadence {
    int ringcadence[16];
};

struct dahdi_versioninfo {
    char version[80], echo_canceller[80];
};

struct dahdi_attach_echocan {
    int chan;
    char echocan[16];
};

struct dahdi_dynamic_span {
    char driver[20], addr[40];
    int numchans, timing, spanno;
};

struct dahdi_vmwi_info {
    unsigned int vmwi_type;
};

#define DAHDI_CODE 0xDA
#define DAHDI_FLUSH _IOW(DAHDI_CODE, 3, int)
#define DAHDI_GET_PARAMS _IOWR(DAHDI_CODE, 5, struct dahdi_params)
#define DAHDI_SET_PARAMS _IOW(DAHDI_CODE, 5, struct dahdi_params)
#define DAHDI_HOOK _IOW(DAHDI_CODE, 7, int)
#define DAHDI_GETEVENT _IOR(DAHDI_CODE, 8, int)
#define DAHDI_SPANSTAT _IOWR(DAHDI_CODE, 10, struct dahdi_spaninfo)
#define DAHDI_MAINT _IOW(DAHDI_CODE, 11, struct dahdi_maintinfo)
#define DAHDI_SETCONF _IOWR(DAHDI_CODE, 13, struct dahdi_confinfo)
#define DAHDI_GETCONF _IOWR(DAHDI_CODE, 12, struct dahdi_confinfo)
#define DAHDI_GETGAINS _IOWR(DAHDI_CODE, 16, struct dahdi_gains)
#define DAHDI_SETGAINS _IOW(DAHDI_CODE, 16, struct dahdi_gains)
#define DAHDI_SPANCONFIG _IOW(DAHDI_CODE, 18, struct dahdi_lineconfig)
#define DAHDI_CHANCONFIG _IOW(DAHDI_CODE, 19, struct dahdi_chanconfig)
#define DAHDI_SENDTONE _IOW(DAHDI_CODE, 21, int)
#define DAHDI_GETTONEZONE _IOR(DAHDI_CODE, 22, int)
#define DAHDI_SETTONEZONE _IOW(DAHDI_CODE, 22, int)
#define DAHDI_GET_BUFINFO _IOR(DAHDI_CODE, 27, struct dahdi_bufferinfo)
#define DAHDI_SET_BUFINFO _IOW(DAHDI_CODE, 27, struct dahdi_bufferinfo)
#define DAHDI_DIAL _IOW(DAHDI_CODE, 31, struct dahdi_dialoperation)
#define DAHDI_AUDIOMODE _IOW(DAHDI_CODE, 32, int)
#define DAHDI_ECHOCANCEL _IOW(DAHDI_CODE, 33, int)
#define DAHDI_ECHOCANCEL_PARAMS _IOW(DAHDI_CODE, 33, struct dahdi_echocanparams)
#define DAHDI_CHANNO _IOR(DAHDI_CODE, 34, int)
#define DAHDI_SPECIFY _IOW(DAHDI_CODE, 38, int)
#define DAHDI_SETLAW _IOW(DAHDI_CODE, 39, int)
#define DAHDI_SETLINEAR _IOW(DAHDI_CODE, 40, int)
#define DAHDI_SETCADENCE _IOW(DAHDI_CODE, 42, struct dahdi_ring_cadence)
#define DAHDI_GETRXBITS _IOR(DAHDI_CODE, 43, int)
#define DAHDI_SETTXBITS _IOW(DAHDI_CODE, 43, int)
#define DAHDI_ONHOOKTRANSFER _IOW(DAHDI_CODE, 51, int)
#define DAHDI_GETVERSION _IOR(DAHDI_CODE, 57, struct dahdi_versioninfo)
#define DAHDI_LOOPBACK _IOW(DAHDI_CODE, 58, int)
#define DAHDI_ATTACH_ECHOCAN _IOW(DAHDI_CODE, 59, struct dahdi_attach_echocan)
#define DAHDI_DYNAMIC_CREATE _IOWR(DAHDI_CODE, 80, struct dahdi_dynamic_span)
#define DAHDI_DYNAMIC_DESTROY _IOW(DAHDI_CODE, 81, struct dahdi_dynamic_span)
#define DAHDI_SETPOLARITY _IOW(DAHDI_CODE, 92, int)
#define DAHDI_VMWI _IOWR(DAHDI_CODE, 94, int)
#define DAHDI_VMWI_CONFIG _IOW(DAHDI_CODE, 95, struct dahdi_vmwi_info)
#define DAHDI_BUFFER_EVENTS _IOW(DAHDI_CODE, 105, int)

#define DAHDI_POLICY_IMMEDIATE 0
#define DAHDI_POLICY_WHEN_FULL 1
#define DAHDI_FLUSH_READ 1
#define DAHDI_FLUSH_WRITE 2
#define DAHDI_FLUSH_ALL 7
#define DAHDI_LAW_MULAW 1
#define DAHDI_LAW_ALAW 2
#define DAHDI_CONF_NORMAL 0
#define DAHDI_CONF_DIGITALMON 9
#define DAHDI_CONF_LISTENER 0x100
#define DAHDI_CONF_TALKER 0x200

#define DAHDI_DIAL_OP_REPLACE 2

#define DAHDI_ONHOOK 0
#define DAHDI_OFFHOOK 1
#define DAHDI_WINK 2
#define DAHDI_FLASH 3
#define DAHDI_START 4
#define DAHDI_RING 5
#define DAHDI_RINGOFF 6

#define DAHDI_SIG_NONE 0
#define DAHDI_SIG_FXSLS 0x2001
#define DAHDI_SIG_FXSGS 0x2002
#define DAHDI_SIG_FXSKS 0x2004
#define DAHDI_SIG_FXOLS 0x1008
#define DAHDI_SIG_FXOGS 0x1010
#define DAHDI_SIG_FXOKS 0x1020
#define DAHDI_SIG_EM 0x40
#define DAHDI_SIG_CLEAR 0x80
#define DAHDI_SIG_HDLCFCS 0x380
#define DAHDI_SIG_CAS 0x8000
#define DAHDI_SIG_EM_E1 0x20000
#define DAHDI_SIG_HARDHDLC 0x80080

#define DAHDI_CONFIG_CCS 0x100
#define DAHDI_CONFIG_HDB3 0x200
#define DAHDI_CONFIG_CRC4 0x400
#define DAHDI_CONFIG_D4 0x10
#define DAHDI_CONFIG_ESF 0x20
#define DAHDI_CONFIG_AMI 0x40
#define DAHDI_CONFIG_B8ZS 0x80
#define DAHDI_CONFIG_NTTE 0x800

#define DAHDI_ALARM_RECOVER 1
#define DAHDI_ALARM_LOOPBACK 2
#define DAHDI_ALARM_YELLOW 4
#define DAHDI_ALARM_RED 8
#define DAHDI_ALARM_BLUE 16
#define DAHDI_ALARM_NOTOPEN 32
#define DAHDI_ALARM_LOS 256
#define DAHDI_ALARM_LFA 512
#define DAHDI_ALARM_LMFA 1024

#define DAHDI_MAINT_NONE 0
#define DAHDI_MAINT_LOCALLOOP 1
#define DAHDI_MAINT_NETWORKLINELOOP 2
#define DAHDI_MAINT_NETWORKPAYLOADLOOP 13
#define DAHDI_RESET_COUNTERS 14

#define DAHDI_EVENT_NONE 0
#define DAHDI_EVENT_ONHOOK 1
#define DAHDI_EVENT_RINGOFFHOOK 2
#define DAHDI_EVENT_WINKFLASH 3
#define DAHDI_EVENT_ALARM 4
#define DAHDI_EVENT_NOALARM 5
#define DAHDI_EVENT_ABORT 6
#define DAHDI_EVENT_OVERRUN 7
#define DAHDI_EVENT_BADFCS 8
#define DAHDI_EVENT_DIALCOMPLETE 9
#define DAHDI_EVENT_RINGERON 10
#define DAHDI_EVENT_RINGEROFF 11
#define DAHDI_EVENT_HOOKCOMPLETE 12
#define DAHDI_EVENT_BITSCHANGED 13
#define DAHDI_EVENT_PULSE_START 14
#define DAHDI_EVENT_POLARITY 17
#define DAHDI_EVENT_RINGBEGIN 18
#define DAHDI_EVENT_EC_DISABLED 19
#define DAHDI_EVENT_REMOVED 20
#define DAHDI_EVENT_READ_OVERRUN 29
#define DAHDI_EVENT_WRITE_UNDERRUN 30
#define DAHDI_EVENT_PULSEDIGIT 0x10000
/* ---- end */

/* A pending event: read, write and poll say so until it is taken. Beyond all of Linux's numbers. */
#define DAHDI_ELAST 500

#endif

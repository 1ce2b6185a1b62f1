/* The modems of libspandsp as two functions: bits to a line signal, and back.
 *
 * One call makes or reads a whole signal, training included, so that nothing of the modem's state is
 * kept between calls. */
#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <spandsp.h>

enum { MODEM_V27TER, MODEM_V29, MODEM_V17 };

typedef struct {
    int trained;        /* 1: it trained; -1: it tried and failed; 0: it saw no carrier */
    int bits;           /* that came after training */
    float carrier_hz;
    double snr_db;      /* of the points it decided for; 0: none */
} modem_found;

typedef struct {
    const uint8_t *bits; /* packed, the most significant bit first */
    long count, at;
} modem_source;

typedef struct {
    uint8_t *bits;
    long room, at;
    int trained;
    int gone;            /* the carrier, after training */
    double wanted, wrong; /* power of the points, and of their distance from the ideal ones */
} modem_sink;

static int modem_get(void *user)
{
    modem_source *s = user;
    int bit;
    if (s->at >= s->count)
        return SIG_STATUS_END_OF_DATA;
    bit = s->bits[s->at >> 3] >> (7 - (s->at & 7)) & 1;
    s->at++;
    return bit;
}

static void modem_put(void *user, int bit)
{
    modem_sink *s = user;
    if (bit < 0) {
        if (bit == SIG_STATUS_TRAINING_SUCCEEDED)
            s->trained = 1;
        else if (bit == SIG_STATUS_TRAINING_FAILED && s->trained == 0)
            s->trained = -1;
        else if (bit == SIG_STATUS_CARRIER_DOWN && s->trained == 1)
            s->gone = 1;
        return;
    }
    if (s->trained != 1 || s->gone || s->at >= s->room)
        return;
    if (bit)
        s->bits[s->at >> 3] |= (uint8_t)(0x80 >> (s->at & 7));
    s->at++;
}

/* A modem tells its points while it trains too: only those of data count. */
static void modem_point(void *user, const complexf_t *point, const complexf_t *ideal, int symbol)
{
    modem_sink *s = user;
    (void)symbol;
    if (!point || !ideal || s->trained != 1 || s->gone || s->at >= s->room)
        return;
    s->wanted += ideal->re * ideal->re + ideal->im * ideal->im;
    s->wrong += (point->re - ideal->re) * (point->re - ideal->re)
                + (point->im - ideal->im) * (point->im - ideal->im);
}

/* `bits` (packed) at `rate` bit/s as line samples, training first; -> how many samples there are. */
static int modem_make(int kind, int rate, float level_dbm0, const uint8_t *bits, long count,
                      int16_t *out, int room)
{
    modem_source source = {bits, count, 0};
    int done = 0, got;
    v17_tx_state_t *v17 = NULL;
    v29_tx_state_t *v29 = NULL;
    v27ter_tx_state_t *v27 = NULL;
    if (kind == MODEM_V17 && (v17 = v17_tx_init(NULL, rate, 0, modem_get, &source)))
        v17_tx_power(v17, level_dbm0);
    else if (kind == MODEM_V29 && (v29 = v29_tx_init(NULL, rate, 0, modem_get, &source)))
        v29_tx_power(v29, level_dbm0);
    else if (kind == MODEM_V27TER && (v27 = v27ter_tx_init(NULL, rate, 0, modem_get, &source)))
        v27ter_tx_power(v27, level_dbm0);
    else
        return -1;
    while (done < room) {
        int n = room - done < 160 ? room - done : 160;
        got = v17 ? v17_tx(v17, out + done, n)
              : v29 ? v29_tx(v29, out + done, n) : v27ter_tx(v27, out + done, n);
        done += got;
        if (got < n)
            break;
    }
    if (v17)
        v17_tx_free(v17);
    if (v29)
        v29_tx_free(v29);
    if (v27)
        v27ter_tx_free(v27);
    return done;
}

static void modem_listen(int kind, int rate, float cutoff_dbm0, modem_sink *sink,
                         const int16_t *pcm, int count, modem_found *found)
{
    if (kind == MODEM_V17) {
        v17_rx_state_t *s = v17_rx_init(NULL, rate, modem_put, sink);
        v17_rx_signal_cutoff(s, cutoff_dbm0);
        v17_rx_set_qam_report_handler(s, modem_point, sink);
        for (int at = 0; at < count && !sink->gone; at += 160) {
            v17_rx(s, pcm + at, count - at < 160 ? count - at : 160);
            if (sink->trained == 1 && !sink->gone)
                found->carrier_hz = v17_rx_carrier_frequency(s);
        }
        v17_rx_free(s);
    } else if (kind == MODEM_V29) {
        v29_rx_state_t *s = v29_rx_init(NULL, rate, modem_put, sink);
        v29_rx_signal_cutoff(s, cutoff_dbm0);
        v29_rx_set_qam_report_handler(s, modem_point, sink);
        for (int at = 0; at < count && !sink->gone; at += 160) {
            v29_rx(s, pcm + at, count - at < 160 ? count - at : 160);
            if (sink->trained == 1 && !sink->gone)
                found->carrier_hz = v29_rx_carrier_frequency(s);
        }
        v29_rx_free(s);
    } else {
        v27ter_rx_state_t *s = v27ter_rx_init(NULL, rate, modem_put, sink);
        v27ter_rx_signal_cutoff(s, cutoff_dbm0);
        v27ter_rx_set_qam_report_handler(s, modem_point, sink);
        for (int at = 0; at < count && !sink->gone; at += 160) {
            v27ter_rx(s, pcm + at, count - at < 160 ? count - at : 160);
            if (sink->trained == 1 && !sink->gone)
                found->carrier_hz = v27ter_rx_carrier_frequency(s);
        }
        v27ter_rx_free(s);
    }
}

/* What a modem makes of line samples: `bits` is zeroed room for `room` of them, packed. What is
 * quieter than `cutoff_dbm0` is no carrier to it. */
static void modem_read(int kind, int rate, float cutoff_dbm0, const int16_t *pcm, int count,
                       uint8_t *bits, long room, modem_found *found)
{
    modem_sink sink;
    memset(&sink, 0, sizeof sink);
    memset(found, 0, sizeof *found);
    sink.bits = bits;
    sink.room = room;
    modem_listen(kind, rate, cutoff_dbm0, &sink, pcm, count, found);
    found->trained = sink.trained;
    found->bits = (int)sink.at;
    if (sink.wanted > 0 && sink.wrong > 0)
        found->snr_db = 10 * log10(sink.wanted / sink.wrong);
}

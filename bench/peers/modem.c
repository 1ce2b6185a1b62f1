/* Signals of real modems and a coder, from libspandsp: what lines carry that is no speech. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <spandsp.h>

enum { MODEM_V21_CALLING, MODEM_V21, MODEM_V27TER, MODEM_V29, MODEM_V17, MODEM_V22_CALLING, MODEM_V22 };

static int modem_bit(void *user)
{
    uint32_t *x = user;
    *x = *x * 1664525u + 1013904223u;
    return *x >> 31;
}

static void modem_put(void *user, int bit)
{
    (void) user;
    (void) bit;
}

/* One side of a call between two V.22bis modems, which hear each other; 0 is the answering one. */
static int modem_pair(int side, int16_t *out, int samples)
{
    uint32_t bits[2] = {5, 7};
    v22bis_state_t *modem[2];
    int done = 0;
    for (int m = 0; m < 2; m++)
        modem[m] = v22bis_init(NULL, 2400, 0, m, modem_bit, &bits[m], modem_put, NULL);
    while (done + 160 <= samples) {
        int16_t sent[2][160];
        for (int m = 0; m < 2; m++) {
            int count = v22bis_tx(modem[m], sent[m], 160);
            memset(sent[m] + count, 0, sizeof(int16_t) * (160 - count));
        }
        for (int m = 0; m < 2; m++)
            v22bis_rx(modem[m], sent[1 - m], 160);
        memcpy(out + done, sent[side], sizeof sent[side]);
        done += 160;
    }
    for (int m = 0; m < 2; m++)
        v22bis_free(modem[m]);
    return done;
}

/* `samples` of the signal from its beginning, training included; -> how many there were. */
static int modem_send(int kind, int16_t *out, int samples)
{
    uint32_t bits = 5;
    int done = 0;
    if (kind == MODEM_V21 || kind == MODEM_V21_CALLING) {
        int channel = kind == MODEM_V21 ? FSK_V21CH2 : FSK_V21CH1;
        fsk_tx_state_t *s = fsk_tx_init(NULL, &preset_fsk_specs[channel], modem_bit, &bits);
        done = fsk_tx(s, out, samples);
        fsk_tx_free(s);
    } else if (kind == MODEM_V27TER) {
        v27ter_tx_state_t *s = v27ter_tx_init(NULL, 4800, 0, modem_bit, &bits);
        done = v27ter_tx(s, out, samples);
        v27ter_tx_free(s);
    } else if (kind == MODEM_V29) {
        v29_tx_state_t *s = v29_tx_init(NULL, 9600, 0, modem_bit, &bits);
        done = v29_tx(s, out, samples);
        v29_tx_free(s);
    } else if (kind == MODEM_V17) {
        v17_tx_state_t *s = v17_tx_init(NULL, 14400, 0, modem_bit, &bits);
        done = v17_tx(s, out, samples);
        v17_tx_free(s);
    } else {
        done = modem_pair(kind == MODEM_V22_CALLING, out, samples);
    }
    return done;
}

/* `samples` through G.726 at 32 kbit/s, in place; -> how many came out. */
static int coder_g726(int16_t *pcm, int samples)
{
    g726_state_t *to = g726_init(NULL, 32000, G726_ENCODING_LINEAR, G726_PACKING_NONE);
    g726_state_t *from = g726_init(NULL, 32000, G726_ENCODING_LINEAR, G726_PACKING_NONE);
    uint8_t *codes = malloc(samples > 0 ? samples : 1);
    int count = codes ? g726_encode(to, codes, pcm, samples) : 0;
    count = codes ? g726_decode(from, pcm, codes, count) : 0;
    free(codes);
    g726_free(to);
    g726_free(from);
    return count;
}

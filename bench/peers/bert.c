/* libspandsp's bit error tester, channel by channel: what ours is measured against. */
#include <stdint.h>
#include <stdlib.h>
#include <spandsp.h>

typedef struct
{
    int channels;
    bert_state_t **tester;
} bert_peer_t;

static void bert_peer_free(bert_peer_t *p)
{
    if (!p)
        return;
    for (int c = 0; c < p->channels; c++)
        bert_free(p->tester[c]);
    free(p->tester);
    free(p);
}

/* long_pattern: 2^15 - 1, else 2^11 - 1 */
static bert_peer_t *bert_peer_new(int channels, int long_pattern)
{
    bert_peer_t *p = calloc(1, sizeof *p);
    int pattern = long_pattern ? BERT_PATTERN_ITU_O151_15 : BERT_PATTERN_ITU_O152_11;
    p->channels = channels;
    p->tester = calloc((size_t)channels, sizeof *p->tester);
    for (int c = 0; c < channels; c++)
        p->tester[c] = bert_init(NULL, 0, pattern, 300, 20);
    return p;
}

/* octets[i * channels + c], the most significant bit first. */
static void bert_peer_make(bert_peer_t *p, uint8_t *octets, int n)
{
    for (int c = 0; c < p->channels; c++)
        for (int i = 0; i < n; i++) {
            int octet = 0;
            for (int bit = 0; bit < 8; bit++)
                octet = octet << 1 | (bert_get_bit(p->tester[c]) & 1);
            octets[(size_t)i * p->channels + c] = (uint8_t)octet;
        }
}

static void bert_peer_check(bert_peer_t *p, const uint8_t *octets, int n)
{
    for (int c = 0; c < p->channels; c++)
        for (int i = 0; i < n; i++) {
            int octet = octets[(size_t)i * p->channels + c];
            for (int bit = 7; bit >= 0; bit--)
                bert_put_bit(p->tester[c], octet >> bit & 1);
        }
}

/* found: bits compared, wrong ones, times the pattern was sought anew */
static void bert_peer_result(bert_peer_t *p, int channel, int *found)
{
    bert_results_t result;
    bert_result(p->tester[channel], &result);
    found[0] = result.total_bits;
    found[1] = result.bad_bits;
    found[2] = result.resyncs;
}

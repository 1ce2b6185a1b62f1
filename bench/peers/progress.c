/*
 * The peers of the call-progress benches, libspandsp's. For cost: its supervisory tone detector, one
 * for each channel, in C, with all that ours tells of the North American plan and can be said in its
 * terms: the plan's tones, special information tone, CNG and CED. It has no voice, no phase reversals,
 * no learning. For quality: the same with any plan, and its detector of fax and modem tones.
 */
#include <stdint.h>
#include <stdlib.h>

#include <spandsp.h>

typedef struct
{
    int channels;
    super_tone_rx_descriptor_t *plan;
    super_tone_rx_state_t **receivers;
    int64_t bursts;
} progress_peer_t;

static void progress_peer_on_tone(void *user, int code, int level, int delay)
{
    (void) user;
    (void) code;
    (void) level;
    (void) delay;
}

static void progress_peer_on_segment(void *user, int f1, int f2, int duration)
{
    (void) duration;
    if (f1 >= 0 && f2 >= 0)
        ((progress_peer_t *) user)->bursts++;
}

static void progress_peer_cadence(super_tone_rx_descriptor_t *plan, int f1, int f2, int on, int off)
{
    int tone = super_tone_rx_add_tone(plan);

    super_tone_rx_add_element(plan, tone, f1, f2, on * 8 / 10, on * 12 / 10);
    super_tone_rx_add_element(plan, tone, 0, 0, off * 8 / 10, off * 12 / 10);
}

static void progress_peer_single_tones(super_tone_rx_descriptor_t *plan)
{
    static const int special[3] = {950, 1400, 1800};
    int tone = super_tone_rx_add_tone(plan);
    int i;

    for (i = 0; i < 3; i++)
        super_tone_rx_add_element(plan, tone, special[i], 0, 260, 400);
    tone = super_tone_rx_add_tone(plan);
    super_tone_rx_add_element(plan, tone, 1100, 0, 425, 575);
    super_tone_rx_add_element(plan, tone, 0, 0, 2500, 3500);
    super_tone_rx_add_element(plan, super_tone_rx_add_tone(plan), 2100, 0, 1000, 0);
}

static void progress_peer_special_dial(super_tone_rx_descriptor_t *plan)
{
    int tone = super_tone_rx_add_tone(plan);
    int i;

    for (i = 0; i < 3; i++)
    {
        super_tone_rx_add_element(plan, tone, 350, 440, 80, 120);
        super_tone_rx_add_element(plan, tone, 0, 0, 80, 120);
    }
    super_tone_rx_add_element(plan, tone, 350, 440, 1000, 0);
}

static progress_peer_t *progress_peer_new(int channels)
{
    progress_peer_t *p = calloc(1, sizeof(*p));
    int c;

    p->channels = channels;
    p->plan = super_tone_rx_make_descriptor(NULL);
    super_tone_rx_add_element(p->plan, super_tone_rx_add_tone(p->plan), 350, 440, 1000, 0);
    progress_peer_cadence(p->plan, 440, 480, 2000, 4000);
    progress_peer_cadence(p->plan, 480, 620, 500, 500);
    progress_peer_cadence(p->plan, 480, 620, 250, 250);
    progress_peer_special_dial(p->plan);
    progress_peer_single_tones(p->plan);
    p->receivers = calloc(channels, sizeof(*p->receivers));
    for (c = 0; c < channels; c++)
    {
        p->receivers[c] = super_tone_rx_init(NULL, p->plan, progress_peer_on_tone, p);
        super_tone_rx_segment_callback(p->receivers[c], progress_peer_on_segment);
    }
    return p;
}

static void progress_peer_free(progress_peer_t *p)
{
    int c;

    for (c = 0; c < p->channels; c++)
        super_tone_rx_free(p->receivers[c]);
    super_tone_rx_free_descriptor(p->plan);
    free(p->receivers);
    free(p);
}

/* `heard`: [channels][samples], taken in frames of 160; -> bursts of two tones heard so far. */
static int64_t progress_peer_run(progress_peer_t *p, const int16_t *heard, int samples)
{
    int c;
    int i;

    for (i = 0; i + 160 <= samples; i += 160)
        for (c = 0; c < p->channels; c++)
            super_tone_rx(p->receivers[c], heard + (size_t) c * samples + i, 160);
    return p->bursts;
}

typedef struct
{
    int *codes;
    int room;
    int count;
} progress_peer_told_t;

static void progress_peer_on_told(void *user, int code, int level, int delay)
{
    progress_peer_told_t *told = (progress_peer_told_t *) user;

    (void) level;
    (void) delay;
    if (told->count < told->room)
        told->codes[told->count++] = code;
}

/* `elements`: [count][5] tone, frequencies (0 none), least and most ms (0 any), tones in order. */
static int progress_peer_plan_told(const int *elements, int count, const int16_t *heard, int samples,
                                   int *codes, int room)
{
    progress_peer_told_t told = {codes, room, 0};
    super_tone_rx_descriptor_t *plan = super_tone_rx_make_descriptor(NULL);
    super_tone_rx_state_t *receiver;
    int last = -1;
    int i;

    for (i = 0; i < count; i++, elements += 5)
    {
        while (last < elements[0])
            last = super_tone_rx_add_tone(plan);
        super_tone_rx_add_element(plan, last, elements[1], elements[2], elements[3], elements[4]);
    }
    receiver = super_tone_rx_init(NULL, plan, progress_peer_on_told, &told);
    for (i = 0; i + 160 <= samples; i += 160)
        super_tone_rx(receiver, heard + i, 160);
    super_tone_rx_free(receiver);
    super_tone_rx_free_descriptor(plan);
    return told.count;
}

/* `kind`: the tone that is listened for, of libspandsp's numbers. */
static int progress_peer_modem_told(int kind, const int16_t *heard, int samples, int *codes, int room)
{
    progress_peer_told_t told = {codes, room, 0};
    modem_connect_tones_rx_state_t *receiver =
        modem_connect_tones_rx_init(NULL, kind, progress_peer_on_told, &told);
    int i;

    for (i = 0; i + 160 <= samples; i += 160)
        modem_connect_tones_rx(receiver, heard + i, 160);
    modem_connect_tones_rx_free(receiver);
    return told.count;
}

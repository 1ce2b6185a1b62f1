/* A sound of a tone plan, as the detector's spectrum shows it. */
#ifndef DSP_EXT_PROGRESS_SIGNATURE_H
#define DSP_EXT_PROGRESS_SIGNATURE_H

#include <stdint.h>

/* Which bins of the low band a sound of the plan fills: all of them, and those of either tone. */
typedef struct {
    uint32_t all, first, second; /* second is 0 for a single tone or a close pair */
    uint32_t beats;              /* whether a close pair is among the sounds it stands for */
} progress_signature;

#endif

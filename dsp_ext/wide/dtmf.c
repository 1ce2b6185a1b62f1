/* The DTMF detector's correlator for processors with AVX-512 and with AVX2 (dtmf_add.h). */
#include <string.h>
#include "dtmf_size.h"

#ifdef HAVE_CLONES
#pragma GCC push_options
#pragma GCC target("avx512f")
#define DTMF_ADD_LINKAGE
#define DTMF_ADD dtmf_add_avx512
#define DTMF_ADD_LANES 16
#include "dtmf_add.h"
#pragma GCC pop_options

#pragma GCC push_options
#pragma GCC target("avx2")
#define DTMF_ADD_LINKAGE
#define DTMF_ADD dtmf_add_avx2
#define DTMF_ADD_LANES 8
#include "dtmf_add.h"
#pragma GCC pop_options
#endif

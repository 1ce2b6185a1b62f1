/* The echo canceller's inner loops for processors with AVX-512.
 *
 * GCC takes vectors wider than a function's target apart before it inlines the function into a clone
 * of its caller (clones.h): the clone for AVX-512 then works with quarter vectors. Here the whole file
 * has that target. The results are the same to the bit. */
#include "clones.h"

#ifdef HAVE_CLONES
#pragma GCC target("avx512f")
#define ECHO_LINKAGE
#define ECHO_NAME echo_block_wide
#include "echo.h"
#endif

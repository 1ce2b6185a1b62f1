/* What Cython cannot say of C: ordered single-word loads and stores, and the monotonic clock.

   The rings' whole protocol is: fill, then store the index with release; load the index with
   acquire, then read. GCC and Clang builtins, so that the same header serves C and C++. */
#ifndef MEDIASERVER_NATIVE_H
#define MEDIASERVER_NATIVE_H

#include <stdint.h>
#include <time.h>

static inline uint64_t load_acquire(const uint64_t *word)
{
    return __atomic_load_n(word, __ATOMIC_ACQUIRE);
}

static inline void store_release(uint64_t *word, uint64_t value)
{
    __atomic_store_n(word, value, __ATOMIC_RELEASE);
}

static inline int64_t now_ns(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

#endif

/* What Cython cannot say of C: ordered single-word loads and stores, memory asked for ahead and in
   large pages, the monotonic clock and how much memory is taken.

   The rings' whole protocol is: fill, then store the index with release; load the index with
   acquire, then read. GCC and Clang builtins, so that the same header serves C and C++. */
#ifndef MEDIASERVER_NATIVE_H
#define MEDIASERVER_NATIVE_H

#include <stddef.h>
#include <stdint.h>
#include <time.h>
#ifdef __linux__
#include <sys/mman.h>
#endif
#ifdef __GLIBC__
#include <malloc.h>
#endif

static inline uint64_t load_acquire(const uint64_t *word)
{
    return __atomic_load_n(word, __ATOMIC_ACQUIRE);
}

static inline void store_release(uint64_t *word, uint64_t value)
{
    __atomic_store_n(word, value, __ATOMIC_RELEASE);
}

#define CACHE_LINE 64

/* Ask for `size` bytes of memory before they are needed. Every channel's samples and rings lie
   somewhere else, which no processor foresees; waiting for them one by one is most of what they
   cost. Any address is allowed. */
static inline void fetch_to_read(const void *data, size_t size)
{
    for (size_t at = 0; at < size + CACHE_LINE; at += CACHE_LINE)
        __builtin_prefetch((const char *)data + at, 0);
}

static inline void fetch_to_write(void *data, size_t size)
{
    for (size_t at = 0; at < size + CACHE_LINE; at += CACHE_LINE)
        __builtin_prefetch((char *)data + at, 1);
}

#define LARGE_PAGE ((size_t)2 << 20)

/* Ask for large pages in `size` bytes that nobody has touched yet. A tick walks through all that its
   channels keep: with pages of 4 KB it looks up thousands of them each time. Where the system has no
   large pages, or does not give them, nothing changes. */
static inline void in_large_pages(void *memory, size_t size)
{
#ifdef MADV_HUGEPAGE
    const uintptr_t begin = ((uintptr_t)memory + LARGE_PAGE - 1) / LARGE_PAGE * LARGE_PAGE;
    const uintptr_t end = ((uintptr_t)memory + size) / LARGE_PAGE * LARGE_PAGE;
    if (begin < end)
        (void)madvise((void *)begin, end - begin, MADV_HUGEPAGE);
#else
    (void)memory;
    (void)size;
#endif
}

static inline int64_t now_ns(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

/* Octets of this process's heap that are in use, large blocks included; 0 where nobody counts. */
static inline size_t heap_octets(void)
{
#if defined(__GLIBC__) && (__GLIBC__ > 2 || __GLIBC_MINOR__ >= 33)
    struct mallinfo2 info = mallinfo2();
    return info.uordblks + info.hblkhd;
#else
    return 0;
#endif
}

#endif

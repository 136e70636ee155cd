#define _GNU_SOURCE
#include "vb_worker.h"
#include <errno.h>
#include <stdatomic.h>
#include <stdlib.h>

// These take the place of the C library's, for every library of the process, and hand on to them.
// Source: The GNU C Library, "Replacing malloc".
#ifndef __has_feature
#define __has_feature(feature) 0
#endif
#if defined(__GLIBC__) && !defined(__SANITIZE_ADDRESS__) && !__has_feature(address_sanitizer)
void *__libc_malloc(size_t size);
void *__libc_calloc(size_t count, size_t size);
void *__libc_realloc(void *memory, size_t size);
void *__libc_memalign(size_t alignment, size_t size);

static _Atomic unsigned long failures;

static void *counted(void *memory, size_t size) {
    if (!memory && size) atomic_fetch_add_explicit(&failures, 1, memory_order_relaxed);
    return memory;
}

void *malloc(size_t size) { return counted(__libc_malloc(size), size); }

void *calloc(size_t count, size_t size) { return counted(__libc_calloc(count, size), count); }

void *realloc(void *memory, size_t size) { return counted(__libc_realloc(memory, size), size); }

void *memalign(size_t alignment, size_t size) {
    return counted(__libc_memalign(alignment, size), size);
}

void *aligned_alloc(size_t alignment, size_t size) { return memalign(alignment, size); }

int posix_memalign(void **result, size_t alignment, size_t size) {
    if (alignment % sizeof(void *) || alignment & (alignment - 1) || !alignment) return EINVAL;
    int before = errno;
    void *memory = memalign(alignment, size);
    errno = before;
    if (!memory) return ENOMEM;
    *result = memory;
    return 0;
}

unsigned long vb_failed_allocations(void) {
    return atomic_load_explicit(&failures, memory_order_relaxed);
}
#else
unsigned long vb_failed_allocations(void) { return 0; }
#endif

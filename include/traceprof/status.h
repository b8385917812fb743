/* Status codes, errors and the allocator: what every other header of the library uses.
 *
 * Conventions of the whole API, stated once:
 * - A function that can fail returns a tp_status and gives its result through a leading pointer,
 *   which is left untouched on failure.
 * - What a function named *_create gives is owned by the caller, who frees it with the matching
 *   *_destroy; NULL may be destroyed. Pointers from getters are borrowed and live as long as the
 *   object they were asked of.
 * - Strings are byte strings with a length. They hold UTF-8, in which lone surrogates (Python's
 *   surrogateescape) are encoded as three bytes, as marshal does.
 * - The library never prints, exits or aborts, and holds no global mutable state; the adapter to CPython
 *   has a counter that numbers its engines, and two entries for each thread.
 * - Unless said otherwise an object may be used by one thread at a time; different objects are
 *   independent of each other.
 */
#ifndef TRACEPROF_STATUS_H
#define TRACEPROF_STATUS_H

#include <stddef.h>
#include <stdint.h>

#if defined(_WIN32) || defined(__CYGWIN__)
#define TP_API
#elif defined(__GNUC__)
#define TP_API __attribute__((visibility("default")))
#else
#define TP_API
#endif

#if defined(__GNUC__)
#define TP_NODISCARD __attribute__((warn_unused_result))
#else
#define TP_NODISCARD
#endif

#ifdef __cplusplus
extern "C" {
#endif

/* Numbers are pinned: they may be stored or sent. New codes take the gaps. */
#define TP_STATUS_LIST(X)                                                  \
    X(TP_OK, 0, "no error")                                                \
    X(TP_ENOMEM, 10, "out of memory")                                      \
    X(TP_EARGUMENT, 20, "an argument is out of its range")                 \
    X(TP_ESTATE, 21, "not possible in the present state")                  \
    X(TP_EIO, 30, "input or output failed")                                \
    X(TP_EFORMAT, 40, "not a valid profile")                               \
    X(TP_ELIMIT, 41, "larger than this library can hold")                  \
    X(TP_EBUSY, 50, "another tool holds what is needed")                   \
    X(TP_EUNSUPPORTED, 51, "not supported on this machine or interpreter") \
    X(TP_EPYTHON, 60, "a Python exception is set")

typedef enum tp_status {
#define TP_STATUS_MEMBER(name, number, text) name = number,
    TP_STATUS_LIST(TP_STATUS_MEMBER)
#undef TP_STATUS_MEMBER
} tp_status;

/* The code's name ("TP_ENOMEM") and a one-line English message; static storage. */
TP_API const char *tp_status_name(tp_status status);
TP_API const char *tp_status_message(tp_status status);

/* What went wrong while reading or writing a file. Filled on failure only. */
typedef struct tp_error {
    tp_status status;
    int system_error;    /* errno where the system said no, else 0 */
    uint64_t offset;     /* byte offset in the input, where status is TP_EFORMAT or TP_ELIMIT */
    const char *message; /* static storage, says what was wrong at that place */
} tp_error;

/* Where memory comes from. `resize` acts as realloc does: NULL asks for new memory, size 0 frees
 * and gives NULL; it returns NULL on failure and leaves the old block alone. The table is borrowed
 * and must outlive what was created with it. NULL in its place means the C library's. */
typedef struct tp_allocator {
    void *context;
    void *(*resize)(void *context, void *block, size_t size);
} tp_allocator;

#ifdef __cplusplus
}
#endif
#endif

/* Orders of rows, as pstats' sort_stats has them, and one that it has not. */
#ifndef TRACEPROF_SORT_H
#define TRACEPROF_SORT_H

#include <traceprof/profile.h>
#include <traceprof/status.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef enum tp_sort_key {
    TP_SORT_CALLS,
    TP_SORT_PRIMITIVE_CALLS,
    TP_SORT_CUMULATIVE,
    TP_SORT_TIME,
    TP_SORT_FILE,
    TP_SORT_LINE,
    TP_SORT_NAME,
    TP_SORT_NFL,     /* name, file, line */
    TP_SORT_STDNAME, /* as printed: "file:line(name)", compared as text */
    TP_SORT_AWAITED  /* time that coroutines were suspended; not pstats' */
} tp_sort_key;

/* The key that pstats knows by this name or unique beginning of a name ("cumtime", "cum", ...), or
 * "awaited".
 * TP_EARGUMENT when there is none, or when it could mean several. */
TP_API TP_NODISCARD tp_status tp_sort_key_find(tp_sort_key *key, const char *name);

/* The key's description in pstats' words: "cumulative time"; static storage. */
TP_API const char *tp_sort_key_text(tp_sort_key key);

/* Fills order[0 .. function count - 1] with the functions' indices, sorted by keys[0], then keys[1],
 * ...; numbers fall, texts rise; equal rows keep the file's order. */
TP_API TP_NODISCARD tp_status tp_profile_sort(const tp_profile *profile, const tp_sort_key *keys,
                                              size_t key_count, uint32_t *order);

/* The printed form of a label, "file:line(name)" or "{name}" for builtins, as pstats' func_std_string
 * has it. Writes at most `room` bytes with the closing NUL; gives the length it would have. */
TP_API size_t tp_label_format(const tp_label *label, char *text, size_t room);

#ifdef __cplusplus
}
#endif
#endif

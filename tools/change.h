/* The differences between two profiles, function by function or path by path. */
#ifndef TP_CHANGE_H
#define TP_CHANGE_H

#include <traceprof/traceprof.h>

typedef enum tp_change_kind {
    TP_CHANGE_NEW,
    TP_CHANGE_GONE,
    TP_CHANGE_SLOWER,
    TP_CHANGE_FASTER,
    TP_CHANGE_MORE_CALLS,
    TP_CHANGE_FEWER_CALLS,
    TP_CHANGE_KINDS /* how many; also: none */
} tp_change_kind;

/* "new", "gone", "slower", ...; static storage. */
const char *tp_change_word(tp_change_kind kind);

/* Of one side; nothing but zeros where the function is not there. Times are seconds. */
typedef struct tp_figures_of {
    int there;
    int64_t calls;
    double self;
    double cumulative;
} tp_figures_of;

typedef struct tp_change {
    tp_change_kind kind;
    const tp_label *label; /* Borrowed from a profile. */
    size_t depth;          /* of a path, else 0 */
    tp_figures_of a;
    tp_figures_of b;
    double weight; /* what it is sorted by */
    size_t number; /* as it was found, which breaks ties */
} tp_change;

typedef struct tp_change_rules {
    int by_self;
    int by_calls; /* neither: by cumulative time */
    int by_path;
    double least_seconds;
    double least_share; /* of A's time */
    unsigned kinds;     /* bits by tp_change_kind */
    size_t limit;
} tp_change_rules;

typedef struct tp_changes {
    tp_change *list; /* Owned; those of the kinds that are asked for, the largest first */
    size_t count;
    size_t capacity;
    size_t same;  /* what did not change enough */
    size_t other; /* changes of kinds that are not asked for */
    size_t shown; /* count, or the limit */
} tp_changes;

/* To be freed even after a failure. */
TP_NODISCARD tp_status tp_changes_find(tp_changes *changes, const tp_profile *a,
                                       const tp_profile *b, const tp_change_rules *rules);
void tp_changes_free(tp_changes *changes);

#endif

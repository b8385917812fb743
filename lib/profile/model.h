/* The profile's inside, for those that build one: the recorder and the readers. */
#ifndef TP_MODEL_H
#define TP_MODEL_H

#include <stdbool.h>

#include <traceprof/profile.h>

#include "intern.h"

/* Ticks of both times, and those awaited. */
typedef struct tp_ticks {
    int64_t shown;
    int64_t other;
    int64_t awaited;
} tp_ticks;

/* A context's, inclusive ones. */
static inline tp_ticks tp_ticks_of(const tp_context *context)
{
    return (tp_ticks){ context->inclusive_ticks, context->other_ticks, context->awaited_ticks };
}

/* Unsigned: sums of hostile files may wrap, which is no harm. */
static inline void tp_ticks_add(tp_ticks *sum, tp_ticks more)
{
    sum->shown = (int64_t)((uint64_t)sum->shown + (uint64_t)more.shown);
    sum->other = (int64_t)((uint64_t)sum->other + (uint64_t)more.other);
    sum->awaited = (int64_t)((uint64_t)sum->awaited + (uint64_t)more.awaited);
}

static inline void tp_ticks_subtract(tp_ticks *from, tp_ticks ticks)
{
    from->shown = (int64_t)((uint64_t)from->shown - (uint64_t)ticks.shown);
    from->other = (int64_t)((uint64_t)from->other - (uint64_t)ticks.other);
    from->awaited = (int64_t)((uint64_t)from->awaited - (uint64_t)ticks.awaited);
}

/* What a thread's tree is made of before it becomes part of a profile. */
typedef struct tp_tree_data {
    tp_context *contexts; /* Owned. */
    size_t count;
    size_t capacity;
    uint32_t name; /* number in the profile's strings */
    uint64_t id;
    uint32_t process; /* index of a process, TP_NO_INDEX at first */
} tp_tree_data;

struct tp_profile {
    const tp_allocator *allocator; /* Borrowed. */
    tp_intern strings;             /* Owned; all labels and texts point into it. */
    tp_function *functions;        /* Owned. */
    size_t function_count;
    size_t function_capacity;
    tp_edge *edges; /* Owned. */
    size_t edge_count;
    size_t edge_capacity;
    tp_tree_data *trees;     /* Owned, with their contexts. */
    tp_thread_tree *threads; /* Owned; the public view of trees, made by tp_profile_finish */
    size_t thread_count;
    size_t tree_capacity;
    tp_property *properties; /* Owned. */
    size_t property_count;
    size_t property_capacity;
    tp_coroutine *coroutines; /* Owned. */
    size_t coroutine_count;
    size_t coroutine_capacity;
    tp_process *processes; /* Owned. */
    size_t process_count;
    size_t process_capacity;
    double unit;
    tp_times times;  /* what the figures are; of both, those that are shown */
    bool both_times; /* if not, the members named other_... are the same once more when it is finished */
    tp_origin origin;
};

TP_NODISCARD tp_status tp_profile_new(tp_profile **profile, const tp_allocator *allocator);

/* A copy of the bytes that lives as long as the profile. */
TP_NODISCARD tp_status tp_profile_string(tp_profile *profile, tp_string *string, const char *bytes,
                                         size_t size);

/* A copy of both strings, likewise. */
TP_NODISCARD tp_status tp_profile_label(tp_profile *profile, tp_label *copy, const tp_label *label);

/* Appends a row; *index is its number. The label's strings must be the profile's own. */
TP_NODISCARD tp_status tp_profile_add_function(tp_profile *profile, uint32_t *index,
                                               const tp_function *function);
TP_NODISCARD tp_status tp_profile_add_edge(tp_profile *profile, const tp_edge *edge);

/* Appends an empty tree; the pointer is good until the next one is added. */
TP_NODISCARD tp_status tp_profile_add_tree(tp_profile *profile, tp_tree_data **tree,
                                           const char *name, size_t size, uint64_t id);
TP_NODISCARD tp_status tp_tree_add_context(tp_profile *profile, tp_tree_data *tree,
                                           const tp_context *context);

/* Adds a function's figures; several for one function add up in the end. The function may be added
 * later. TP_EARGUMENT: a negative number. */
TP_NODISCARD tp_status tp_profile_add_coroutine(tp_profile *profile, const tp_coroutine *coroutine);

/* Sorts these rows by function, and makes those of one function one. TP_EARGUMENT: there is no such
 * function; TP_ELIMIT: a sum leaves 64 bits. tp_profile_finish does it. */
TP_NODISCARD tp_status tp_profile_gather_coroutines(tp_profile *profile);

/* Gives each the number index_of[function]; those for which that is TP_NO_INDEX go. */
void tp_renumber_coroutines(tp_profile *profile, const uint32_t *index_of);

/* Appends a process, whose command is copied; *index is its number. Errors are those of
 * tp_profile_set_process. */
TP_NODISCARD tp_status tp_profile_add_process(tp_profile *profile, const tp_process *process,
                                              uint32_t *index);

/* Room for one more item behind `count` in one of the profile's arrays. */
TP_NODISCARD tp_status tp_profile_one_more(tp_profile *profile, void **array, size_t *capacity,
                                           size_t count, size_t size);

/* Copies the times that are shown to the others, where those are not known: so nobody else needs to tell
 * such a profile from one that has both. tp_profile_finish does it. */
void tp_profile_give_others(tp_profile *profile);

/* Exchange the times of one row. */
void tp_function_swap_times(tp_function *row);
void tp_edge_swap_times(tp_edge *edge);
void tp_context_swap_times(tp_context *context);
void tp_coroutine_swap_times(tp_coroutine *row);

/* Makes the public view once all is added. */
TP_NODISCARD tp_status tp_profile_finish(tp_profile *profile);

/* Order of bytes, taken as unsigned: that of code points in UTF-8. */
int tp_string_compare(tp_string a, tp_string b);

/* Order of labels: by file, line, name; bytes compared as unsigned. */
int tp_label_compare(const tp_label *a, const tp_label *b);

#endif

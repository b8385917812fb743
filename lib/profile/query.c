/* Getters of the immutable profile, and questions that need no more than one pass over it. */
#include <string.h>

#include "memory.h"
#include "model.h"

size_t tp_profile_function_count(const tp_profile *profile)
{
    return profile->function_count;
}

const tp_function *tp_profile_functions(const tp_profile *profile)
{
    return profile->functions;
}

size_t tp_profile_edge_count(const tp_profile *profile)
{
    return profile->edge_count;
}

const tp_edge *tp_profile_edges(const tp_profile *profile)
{
    return profile->edges;
}

size_t tp_profile_thread_count(const tp_profile *profile)
{
    return profile->thread_count;
}

const tp_thread_tree *tp_profile_threads(const tp_profile *profile)
{
    return profile->threads;
}

size_t tp_profile_coroutine_count(const tp_profile *profile)
{
    return profile->coroutine_count;
}

const tp_coroutine *tp_profile_coroutines(const tp_profile *profile)
{
    return profile->coroutines;
}

size_t tp_profile_process_count(const tp_profile *profile)
{
    return profile->process_count;
}

const tp_process *tp_profile_processes(const tp_profile *profile)
{
    return profile->processes;
}

double tp_profile_unit(const tp_profile *profile)
{
    return profile->unit;
}

size_t tp_profile_property_count(const tp_profile *profile)
{
    return profile->property_count;
}

const tp_property *tp_profile_properties(const tp_profile *profile)
{
    return profile->properties;
}

const tp_property *tp_profile_property(const tp_profile *profile, const char *name)
{
    for (size_t i = 0; i < profile->property_count; i++) {
        if (strcmp(profile->properties[i].name.bytes, name) == 0)
            return &profile->properties[i];
    }
    return NULL;
}

const char *tp_dialect_name(tp_dialect dialect)
{
    static const char *const names[] = {
        [TP_DIALECT_CPROFILE] = "cProfile",
        [TP_DIALECT_PROFILE] = "profile",
        [TP_DIALECT_YAPPI] = "yappi",
        [TP_DIALECT_PYINSTRUMENT] = "pyinstrument",
        [TP_DIALECT_SAMPLING] = "profiling.sampling",
        [TP_DIALECT_COLLAPSED] = "collapsed stacks",
        [TP_DIALECT_CALLGRIND] = "callgrind",
    };
    return names[dialect];
}

tp_origin tp_profile_origin(const tp_profile *profile)
{
    return profile->origin;
}

int tp_profile_has_calls(const tp_profile *profile)
{
    return profile->origin.dialect != TP_DIALECT_PYINSTRUMENT &&
           profile->origin.dialect != TP_DIALECT_COLLAPSED;
}

int tp_profile_has_samples(const tp_profile *profile)
{
    return profile->origin.dialect == TP_DIALECT_SAMPLING;
}

int tp_profile_has_edge_times(const tp_profile *profile)
{
    return profile->origin.dialect != TP_DIALECT_PROFILE &&
           profile->origin.dialect != TP_DIALECT_SAMPLING;
}

static bool hotter(const tp_context *contexts, uint32_t a, uint32_t than)
{
    return than == TP_NO_INDEX || contexts[a].inclusive_ticks > contexts[than].inclusive_ticks;
}

/* For each context its hottest child, at [count] the hottest of the top. One pass, so that a chain a
 * million calls deep costs no more than a bush. NULL without memory. */
static uint32_t *hottest_children(const tp_profile *profile, const tp_thread_tree *tree)
{
    size_t count = tree->context_count;
    uint32_t *best = tp_alloc(profile->allocator, count + 1, sizeof *best);
    if (best == NULL)
        return NULL;
    memset(best, 0xff, (count + 1) * sizeof *best);
    for (uint32_t i = 0; i < count; i++) {
        uint32_t parent = tree->contexts[i].parent;
        uint32_t *slot = &best[parent == TP_NO_INDEX ? count : parent];
        if (hotter(tree->contexts, i, *slot))
            *slot = i;
    }
    return best;
}

static int64_t top_ticks(const tp_thread_tree *tree)
{
    int64_t most = INT64_MIN;
    for (size_t i = 0; i < tree->context_count; i++) {
        if (tree->contexts[i].parent == TP_NO_INDEX && tree->contexts[i].inclusive_ticks > most)
            most = tree->contexts[i].inclusive_ticks;
    }
    return most;
}

size_t tp_profile_hottest_path(const tp_profile *profile, size_t *thread, uint32_t *path,
                               size_t room)
{
    const tp_thread_tree *tree = NULL;
    int64_t most = INT64_MIN;
    for (size_t i = 0; i < profile->thread_count; i++) {
        int64_t ticks = top_ticks(&profile->threads[i]);
        if (profile->threads[i].context_count > 0 && (tree == NULL || ticks > most)) {
            most = ticks;
            tree = &profile->threads[i];
            *thread = i;
        }
    }
    uint32_t *best = tree == NULL ? NULL : hottest_children(profile, tree);
    if (best == NULL)
        return 0;
    size_t length = 0;
    for (uint32_t at = best[tree->context_count]; at != TP_NO_INDEX; at = best[at]) {
        if (length < room)
            path[length] = at;
        length++;
    }
    tp_free(profile->allocator, best);
    return length;
}

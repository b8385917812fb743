#include "dialect.h"

void tp_dialect_note_function(tp_dialect_signs *signs, const tp_function *function)
{
    if (function->calls < 0 || function->primitive_calls < 0)
        signs->negative++;
    else if (function->primitive_calls > function->calls)
        signs->more_primitive++;
    else if (function->primitive_calls < function->calls)
        signs->less_primitive++;
}

tp_dialect tp_dialect_of(const tp_dialect_signs *signs)
{
    if (signs->is_sampled)
        return TP_DIALECT_SAMPLING;
    if (signs->plain_callers > 0)
        return TP_DIALECT_PROFILE;
    if (signs->negative > 0)
        return TP_DIALECT_PYINSTRUMENT;
    /* Only swapped, or without any recursion, in which case it makes no difference. */
    if (signs->more_primitive > 0 && signs->less_primitive == 0)
        return TP_DIALECT_YAPPI;
    return TP_DIALECT_CPROFILE;
}

static void swap_counts(tp_profile *profile)
{
    for (size_t i = 0; i < profile->function_count; i++) {
        tp_function *function = &profile->functions[i];
        int64_t calls = function->primitive_calls;
        profile->origin.counts_swapped += calls != function->calls;
        function->primitive_calls = function->calls;
        function->calls = calls;
    }
}

static int64_t known_count(int64_t count)
{
    return count < 0 ? 0 : count;
}

static void drop_unknown_counts(tp_profile *profile)
{
    for (size_t i = 0; i < profile->function_count; i++) {
        tp_function *function = &profile->functions[i];
        profile->origin.counts_unknown += function->calls < 0 || function->primitive_calls < 0;
        function->calls = known_count(function->calls);
        function->primitive_calls = known_count(function->primitive_calls);
    }
    for (size_t i = 0; i < profile->edge_count; i++) {
        tp_edge *edge = &profile->edges[i];
        edge->calls = known_count(edge->calls);
        edge->primitive_calls = known_count(edge->primitive_calls);
    }
}

void tp_dialect_normalise(tp_profile *profile)
{
    if (profile->origin.dialect == TP_DIALECT_YAPPI)
        swap_counts(profile);
    else if (profile->origin.dialect == TP_DIALECT_PYINSTRUMENT)
        drop_unknown_counts(profile);
}

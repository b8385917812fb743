/* Times of two kinds: which are shown, and the exchange. */
#include "model.h"

tp_times tp_profile_times(const tp_profile *profile)
{
    return profile->times;
}

int tp_profile_has_both_times(const tp_profile *profile)
{
    return profile->both_times;
}

int tp_profile_has_awaited(const tp_profile *profile)
{
    for (size_t t = 0; t < profile->thread_count; t++) {
        const tp_tree_data *tree = &profile->trees[t];
        for (size_t i = 0; i < tree->count; i++) {
            if (tree->contexts[i].awaited_ticks != 0)
                return 1;
        }
    }
    return 0;
}

void tp_profile_give_others(tp_profile *profile)
{
    for (size_t i = 0; i < profile->function_count; i++) {
        tp_function *row = &profile->functions[i];
        row->other_total = row->total;
        row->other_cumulative = row->cumulative;
    }
    for (size_t i = 0; i < profile->edge_count; i++) {
        tp_edge *edge = &profile->edges[i];
        edge->other_total = edge->total;
        edge->other_cumulative = edge->cumulative;
    }
    for (size_t i = 0; i < profile->coroutine_count; i++)
        profile->coroutines[i].other_active_ticks = profile->coroutines[i].active_ticks;
    for (size_t t = 0; t < profile->thread_count; t++) {
        tp_context *contexts = profile->trees[t].contexts;
        for (size_t i = 0; i < profile->trees[t].count; i++)
            contexts[i].other_ticks = contexts[i].inclusive_ticks;
    }
}

static void swap(double *a, double *b)
{
    double was = *a;
    *a = *b;
    *b = was;
}

static void swap_ticks(int64_t *a, int64_t *b)
{
    int64_t was = *a;
    *a = *b;
    *b = was;
}

void tp_function_swap_times(tp_function *row)
{
    swap(&row->total, &row->other_total);
    swap(&row->cumulative, &row->other_cumulative);
}

void tp_edge_swap_times(tp_edge *edge)
{
    swap(&edge->total, &edge->other_total);
    swap(&edge->cumulative, &edge->other_cumulative);
}

void tp_context_swap_times(tp_context *context)
{
    swap_ticks(&context->inclusive_ticks, &context->other_ticks);
}

void tp_coroutine_swap_times(tp_coroutine *row)
{
    swap_ticks(&row->active_ticks, &row->other_active_ticks);
}

tp_status tp_profile_show_times(tp_profile *profile, tp_times times)
{
    if (times == profile->times)
        return TP_OK;
    if (!profile->both_times)
        return TP_EARGUMENT;
    for (size_t i = 0; i < profile->function_count; i++)
        tp_function_swap_times(&profile->functions[i]);
    for (size_t i = 0; i < profile->edge_count; i++)
        tp_edge_swap_times(&profile->edges[i]);
    for (size_t i = 0; i < profile->coroutine_count; i++)
        tp_coroutine_swap_times(&profile->coroutines[i]);
    for (size_t t = 0; t < profile->thread_count; t++) {
        for (size_t i = 0; i < profile->trees[t].count; i++)
            tp_context_swap_times(&profile->trees[t].contexts[i]);
    }
    profile->times = times;
    return TP_OK;
}

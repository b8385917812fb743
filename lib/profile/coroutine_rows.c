/* A profile's figures of coroutine functions. */
#include <math.h>
#include <stdbool.h>
#include <stdlib.h>

#include "assemble.h"

tp_status tp_profile_add_coroutine(tp_profile *profile, const tp_coroutine *coroutine)
{
    if (coroutine->active_ticks < 0 || coroutine->awaited_ticks < 0 ||
        coroutine->other_active_ticks < 0 || coroutine->started > INT64_MAX || coroutine->resumes > INT64_MAX)
        return TP_EARGUMENT;
    void *array = profile->coroutines;
    tp_status status = tp_profile_one_more(profile, &array, &profile->coroutine_capacity,
                                           profile->coroutine_count, sizeof *coroutine);
    if (status != TP_OK)
        return status;
    profile->coroutines = array;
    profile->coroutines[profile->coroutine_count++] = *coroutine;
    return TP_OK;
}

static int by_function(const void *a, const void *b)
{
    uint32_t left = ((const tp_coroutine *)a)->function;
    uint32_t right = ((const tp_coroutine *)b)->function;
    return (left > right) - (left < right);
}

/* No number is negative, nor more than an int64_t holds: a wrapped sum of two shows as one that is. */
static tp_status add_up(tp_coroutine *sum, const tp_coroutine *more)
{
    sum->started += more->started;
    sum->resumes += more->resumes;
    uint64_t active = (uint64_t)sum->active_ticks + (uint64_t)more->active_ticks;
    uint64_t other = (uint64_t)sum->other_active_ticks + (uint64_t)more->other_active_ticks;
    uint64_t awaited = (uint64_t)sum->awaited_ticks + (uint64_t)more->awaited_ticks;
    if (sum->started > INT64_MAX || sum->resumes > INT64_MAX || active > INT64_MAX ||
        other > INT64_MAX || awaited > INT64_MAX)
        return TP_ELIMIT;
    sum->active_ticks = (int64_t)active;
    sum->other_active_ticks = (int64_t)other;
    sum->awaited_ticks = (int64_t)awaited;
    return TP_OK;
}

tp_status tp_profile_gather_coroutines(tp_profile *profile)
{
    tp_coroutine *rows = profile->coroutines;
    size_t kept = 0;
    if (profile->coroutine_count > 1)
        qsort(rows, profile->coroutine_count, sizeof *rows, by_function);
    for (size_t i = 0; i < profile->coroutine_count; i++) {
        if (rows[i].function >= profile->function_count)
            return TP_EARGUMENT;
        if (kept == 0 || rows[kept - 1].function != rows[i].function) {
            rows[kept++] = rows[i];
            continue;
        }
        tp_status status = add_up(&rows[kept - 1], &rows[i]);
        if (status != TP_OK)
            return status;
    }
    profile->coroutine_count = kept;
    return TP_OK;
}

void tp_renumber_coroutines(tp_profile *profile, const uint32_t *index_of)
{
    size_t kept = 0;
    for (size_t i = 0; i < profile->coroutine_count; i++) {
        tp_coroutine row = profile->coroutines[i];
        row.function = index_of[row.function];
        if (row.function != TP_NO_INDEX)
            profile->coroutines[kept++] = row;
    }
    profile->coroutine_count = kept;
}

/* False if the result does not fit, or is nothing: units of files may be whatever they like. */
static bool rescale(int64_t *ticks, double scale)
{
    double made = round((double)*ticks * scale);
    if (!(made < 0x1p63))
        return false;
    *ticks = (int64_t)made;
    return true;
}

tp_status tp_copy_coroutines(tp_profile *to, const tp_profile *from, const uint32_t *index_of,
                             double scale)
{
    for (size_t i = 0; i < from->coroutine_count; i++) {
        tp_coroutine row = from->coroutines[i];
        if (index_of != NULL)
            row.function = index_of[row.function];
        if (row.function == TP_NO_INDEX)
            continue;
        if (scale != 1 &&
            (!rescale(&row.active_ticks, scale) || !rescale(&row.awaited_ticks, scale) ||
             !rescale(&row.other_active_ticks, scale)))
            return TP_ELIMIT;
        tp_status status = tp_profile_add_coroutine(to, &row);
        if (status != TP_OK)
            return status;
    }
    return TP_OK;
}

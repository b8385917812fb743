#include "times_reader.h"

#include <math.h>

#include "format.h"
#include "load.h"
#include "parts.h"

tp_status tp_load_times(tp_marshal_reader *reader, tp_profile *profile, tp_times_found *found)
{
    tp_item item;
    tp_status status = tp_marshal_read(reader, &item);
    if (status != TP_OK)
        return status;
    if (found->times)
        return tp_bad_item(reader, &item, "the times occur twice");
    if (tp_is_key(&item, TP_FORMAT_COMPENSATED))
        profile->times = TP_TIMES_COMPENSATED;
    else if (!tp_is_key(&item, TP_FORMAT_RAW))
        return tp_bad_item(reader, &item, "the times are neither raw nor compensated");
    found->times = true;
    return TP_OK;
}

/* A column of doubles; all of them finite, as those of the first object. */
static tp_status get_column(tp_marshal_reader *reader, const tp_item *dict, const tp_item *column,
                            size_t count)
{
    if (!tp_is_column(column, 8, (uint32_t)count))
        return tp_bad_item(reader, dict,
                           "the other times' columns are missing or of unequal length");
    for (size_t i = 0; i < count; i++) {
        if (!isfinite(tp_load_f64(column->as.bytes + 8 * i)))
            return tp_bad_item(reader, column, "a time is not a finite number");
    }
    return TP_OK;
}

typedef struct columns {
    tp_item total;
    tp_item cumulative;
    tp_item edge_total;
    tp_item edge_cumulative;
} columns;

static tp_status load_columns(tp_marshal_reader *reader, tp_profile *profile, const tp_item *dict,
                              const columns *c)
{
    size_t rows = profile->function_count - profile->origin.callers_implied;
    tp_status status = get_column(reader, dict, &c->total, rows);
    if (status == TP_OK)
        status = get_column(reader, dict, &c->cumulative, rows);
    if (status == TP_OK)
        status = get_column(reader, dict, &c->edge_total, profile->edge_count);
    if (status == TP_OK)
        status = get_column(reader, dict, &c->edge_cumulative, profile->edge_count);
    if (status != TP_OK)
        return status;
    for (size_t i = 0; i < rows; i++) {
        profile->functions[i].other_total = tp_load_f64(c->total.as.bytes + 8 * i);
        profile->functions[i].other_cumulative = tp_load_f64(c->cumulative.as.bytes + 8 * i);
    }
    for (size_t i = 0; i < profile->edge_count; i++) {
        profile->edges[i].other_total = tp_load_f64(c->edge_total.as.bytes + 8 * i);
        profile->edges[i].other_cumulative = tp_load_f64(c->edge_cumulative.as.bytes + 8 * i);
    }
    return TP_OK;
}

tp_status tp_load_other(tp_marshal_reader *reader, tp_profile *profile, tp_times_found *found)
{
    tp_item dict;
    columns c;
    const tp_part parts[] = {
        { TP_FORMAT_TOTAL, &c.total },
        { TP_FORMAT_CUMULATIVE, &c.cumulative },
        { TP_FORMAT_EDGE_TOTAL, &c.edge_total },
        { TP_FORMAT_EDGE_CUMULATIVE, &c.edge_cumulative },
    };
    tp_status status = tp_marshal_read(reader, &dict);
    if (status == TP_OK && dict.kind != TP_ITEM_DICT)
        return tp_bad_item(reader, &dict, "the other times are not a dictionary");
    if (status == TP_OK && found->figures)
        return tp_bad_item(reader, &dict, "the other times occur twice");
    found->figures = true;
    if (status == TP_OK)
        status = tp_marshal_enter(reader, &dict);
    if (status == TP_OK)
        status = tp_read_parts(reader, parts, sizeof parts / sizeof *parts);
    return status == TP_OK ? load_columns(reader, profile, &dict, &c) : status;
}

tp_status tp_check_times(tp_marshal_reader *reader, tp_profile *profile,
                         const tp_times_found *found, const tp_item *dict)
{
    bool coroutines = profile->coroutine_count > 0;
    if (!found->times && !found->figures && !found->coroutines && found->threads == 0)
        return TP_OK;
    if (!found->times || !found->figures || found->threads != profile->thread_count ||
        (coroutines && !found->coroutines))
        return tp_bad_item(reader, dict, "of two times, one is missing in part");
    profile->both_times = true;
    return TP_OK;
}

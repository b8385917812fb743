#include "coroutine_reader.h"

#include "format.h"
#include "load.h"
#include "parts.h"

typedef struct columns {
    tp_item function;
    tp_item started;
    tp_item resumes;
    tp_item active;
    tp_item awaited;
    tp_item other; /* may be absent */
} columns;

static bool are_complete(const columns *c, uint32_t count)
{
    return tp_is_column(&c->function, 4, count) && tp_is_column(&c->started, 8, count) &&
           tp_is_column(&c->resumes, 8, count) && tp_is_column(&c->active, 8, count) &&
           tp_is_column(&c->awaited, 8, count) &&
           (c->other.kind == TP_ITEM_NULL || tp_is_column(&c->other, 8, count));
}

static tp_coroutine get_row(const columns *c, size_t i)
{
    const tp_item *other = c->other.kind == TP_ITEM_NULL ? &c->active : &c->other;
    return (tp_coroutine){ .function = tp_load_u32(c->function.as.bytes + 4 * i),
                           .started = tp_load_u64(c->started.as.bytes + 8 * i),
                           .resumes = tp_load_u64(c->resumes.as.bytes + 8 * i),
                           .active_ticks = (int64_t)tp_load_u64(c->active.as.bytes + 8 * i),
                           .awaited_ticks = (int64_t)tp_load_u64(c->awaited.as.bytes + 8 * i),
                           .other_active_ticks = (int64_t)tp_load_u64(other->as.bytes + 8 * i) };
}

/* Their order leaves no more rows than there are functions, whatever columns share their bytes. */
static tp_status load_rows(tp_marshal_reader *reader, tp_profile *profile, const tp_item *dict,
                           const columns *c)
{
    uint32_t count = c->function.count / 4;
    size_t functions = profile->function_count - profile->origin.callers_implied;
    if (!are_complete(c, count))
        return tp_bad_item(reader, dict, "the coroutines' columns are missing or of unequal length");
    for (uint32_t i = 0; i < count; i++) {
        tp_coroutine row = get_row(c, i);
        if (row.function >= functions)
            return tp_bad_item(reader, dict, "a coroutine's function does not exist");
        if (i > 0 && row.function <= profile->coroutines[i - 1].function)
            return tp_bad_item(reader, dict,
                               "the coroutines are not in the order of their functions");
        tp_status status = tp_profile_add_coroutine(profile, &row);
        if (status == TP_EARGUMENT)
            return tp_bad_item(reader, dict, "a coroutine's number is out of its range");
        if (status != TP_OK)
            return tp_load_failed(reader, status);
    }
    return TP_OK;
}

tp_status tp_load_coroutines(tp_marshal_reader *reader, tp_profile *profile, bool *has_other)
{
    tp_item dict;
    columns c;
    const tp_part parts[] = {
        { TP_FORMAT_FUNCTION, &c.function }, { TP_FORMAT_STARTED, &c.started },
        { TP_FORMAT_RESUMES, &c.resumes },   { TP_FORMAT_ACTIVE, &c.active },
        { TP_FORMAT_AWAITED, &c.awaited },   { TP_FORMAT_OTHER_ACTIVE, &c.other },
    };
    tp_status status = tp_marshal_read(reader, &dict);
    if (status == TP_OK && dict.kind != TP_ITEM_DICT)
        return tp_bad_item(reader, &dict, "the coroutines are not a dictionary");
    if (status == TP_OK && profile->coroutine_count > 0)
        return tp_bad_item(reader, &dict, "the coroutines occur twice");
    if (status == TP_OK)
        status = tp_marshal_enter(reader, &dict);
    if (status == TP_OK)
        status = tp_read_parts(reader, parts, sizeof parts / sizeof *parts);
    *has_other = status == TP_OK && c.other.kind != TP_ITEM_NULL;
    return status == TP_OK ? load_rows(reader, profile, &dict, &c) : status;
}

#include "pstats_limit.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "python_text.h"

tp_status tp_pstats_limit_parse(tp_pstats_limit *limit, const char *text, size_t size)
{
    *limit = (tp_pstats_limit){ .kind = TP_LIMIT_COUNT };
    if (tp_python_int(&limit->count, text, size))
        return TP_OK;
    int is_float = tp_python_float(&limit->fraction, text, size);
    if (is_float < 0)
        return TP_ENOMEM;
    if (is_float) {
        limit->kind = limit->fraction > 1 || limit->fraction < 0 ? TP_LIMIT_OUT_OF_RANGE
                                                                 : TP_LIMIT_FRACTION;
        return TP_OK;
    }
    limit->kind = TP_LIMIT_PATTERN;
    limit->text = tp_python_decode(text, size);
    if (limit->text == NULL)
        return TP_ENOMEM;
    limit->status =
        tp_pattern_create(&limit->pattern, limit->text, strlen(limit->text), NULL, NULL);
    return limit->status == TP_ENOMEM ? TP_ENOMEM : TP_OK;
}

void tp_pstats_limit_free(tp_pstats_limit *limit)
{
    free(limit->text);
    tp_pattern_destroy(limit->pattern);
    *limit = (tp_pstats_limit){ .kind = TP_LIMIT_COUNT };
}

static tp_status search(tp_pattern *pattern, const tp_pstats *stats, uint32_t *rows, size_t *count)
{
    size_t kept = 0, room = 0;
    char *name = NULL;
    for (size_t i = 0; i < *count; i++) {
        const tp_label *label = &stats->labels[stats->rows[rows[i]].label].text;
        size_t size = tp_pstats_name_size(label);
        if (size >= room) {
            free(name);
            room = 2 * size + 1;
            name = malloc(room);
            if (name == NULL)
                return TP_ENOMEM;
        }
        name[tp_pstats_name_write(label, name)] = '\0';
        if (tp_pattern_search(pattern, name, size))
            rows[kept++] = rows[i];
    }
    free(name);
    *count = kept;
    return TP_OK;
}

tp_status tp_pstats_limit_apply(tp_pstats_limit *limit, const tp_pstats *stats, uint32_t *rows,
                                size_t *count)
{
    tp_status status = TP_OK;
    limit->before = *count;
    if (limit->kind == TP_LIMIT_PATTERN && limit->pattern != NULL)
        status = search(limit->pattern, stats, rows, count);
    else if (limit->kind == TP_LIMIT_FRACTION && limit->fraction >= 0 && limit->fraction < 1)
        *count = (size_t)((double)*count * limit->fraction + .5);
    else if (limit->kind == TP_LIMIT_COUNT && limit->count >= 0 &&
             (uint64_t)limit->count < *count)
        *count = (size_t)limit->count;
    limit->after = *count;
    return status;
}

void tp_pstats_limit_report(const tp_pstats_limit *limit, FILE *out)
{
    if (limit->kind == TP_LIMIT_PATTERN && limit->pattern == NULL) {
        fprintf(out, "   <%s regular expression ",
                limit->status == TP_EFORMAT ? "Invalid" : "Unsupported");
        tp_python_put_repr(out, limit->text);
        fputs(">\n", out);
        return;
    }
    if (limit->before == limit->after)
        return;
    fprintf(out, "   List reduced from %zu to %zu due to restriction <", limit->before,
            limit->after);
    if (limit->kind == TP_LIMIT_PATTERN)
        tp_python_put_repr(out, limit->text);
    else if (limit->kind == TP_LIMIT_FRACTION)
        tp_python_put_float(out, limit->fraction);
    else
        fprintf(out, "%" PRId64, limit->count);
    fputs(">\n", out);
}

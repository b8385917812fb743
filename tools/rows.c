#include "rows.h"

#include <stdlib.h>
#include <string.h>

#include "source.h"
#include "tool.h"

int tp_order_find(tp_order *order, const tp_arguments *arguments, tp_sort_key standard)
{
    const char *text = tp_argument(arguments, "sort");
    *order = (tp_order){ .keys = { standard }, .key_count = 1 };
    order->reverse = tp_argument_has(arguments, "reverse");
    if (text == NULL)
        return 0;
    order->key_count = 0;
    for (const char *at = text; at != NULL;) {
        char name[32];
        size_t size = strcspn(at, ",");
        int fits = size < sizeof name && order->key_count < TP_MAX_SORT_KEYS;
        snprintf(name, sizeof name, "%.*s", (int)(fits ? size : 0), at);
        if (tp_sort_key_find(&order->keys[order->key_count], name) != TP_OK)
            return tp_usage_error(arguments->command, "unknown or ambiguous sort key", text);
        order->key_count++;
        at = at[size] == ',' ? at + size + 1 : NULL;
    }
    return 0;
}

void tp_put_order(FILE *out, const tp_order *order)
{
    for (size_t i = 0; i < order->key_count; i++)
        fprintf(out, "%s%s", i > 0 ? ", " : "", tp_sort_key_text(order->keys[i]));
    if (order->reverse)
        fputs(", reversed", out);
}

static int parse_limit(tp_pstats_limit *limit, const tp_command *command, const char *text)
{
    tp_error error;
    tp_pattern *again;
    if (tp_pstats_limit_parse(limit, text, strlen(text)) != TP_OK)
        return tp_status_error(TP_ENOMEM);
    if (limit->kind == TP_LIMIT_OUT_OF_RANGE)
        return tp_usage_error(command, "a fraction is between 0 and 1, not", text);
    if (limit->kind != TP_LIMIT_PATTERN || limit->pattern != NULL)
        return 0;
    /* Once more, for the place. */
    tp_status status = tp_pattern_create(&again, text, strlen(text), NULL, &error);
    if (status == TP_OK)
        tp_pattern_destroy(again);
    return status == TP_ENOMEM ? tp_status_error(status) : tp_pattern_error(command, text, &error);
}

int tp_limits_find(tp_limits *limits, const tp_arguments *arguments)
{
    const char *value;
    size_t position = 0;
    *limits = (tp_limits){ .count = 0 };
    limits->limits = calloc(arguments->given_count + 1, sizeof *limits->limits);
    if (limits->limits == NULL)
        return tp_status_error(TP_ENOMEM);
    while ((value = tp_argument_next(arguments, "limit", &position)) != NULL) {
        int failed =
            parse_limit(&limits->limits[limits->count++], arguments->command, value);
        if (failed != 0)
            return failed;
    }
    return 0;
}

void tp_limits_free(tp_limits *limits)
{
    for (size_t i = 0; i < limits->count; i++)
        tp_pstats_limit_free(&limits->limits[i]);
    free(limits->limits);
    *limits = (tp_limits){ .count = 0 };
}

/* The label's text in *text, grown as needed. */
static tp_status format(const tp_label *label, char **text, size_t *room, size_t *size)
{
    *size = tp_label_format(label, *text, *room);
    if (*size < *room)
        return TP_OK;
    char *grown = realloc(*text, *size + 1);
    if (grown == NULL)
        return TP_ENOMEM;
    *text = grown;
    *room = *size + 1;
    tp_label_format(label, *text, *room);
    return TP_OK;
}

typedef const tp_label *label_getter(const void *context, uint32_t item);

static tp_status keep_matches(tp_pattern *pattern, uint32_t *items, size_t *count,
                              label_getter *label_of, const void *context)
{
    char *text = NULL;
    size_t room = 0, size = 0, kept = 0;
    tp_status status = TP_OK;
    for (size_t i = 0; status == TP_OK && i < *count; i++) {
        status = format(label_of(context, items[i]), &text, &room, &size);
        if (status == TP_OK && tp_pattern_search(pattern, text, size))
            items[kept++] = items[i];
    }
    free(text);
    *count = kept;
    return status;
}

tp_status tp_limits_apply(const tp_limits *limits, uint32_t *items, size_t *count,
                          label_getter *label_of, const void *context)
{
    tp_status status = TP_OK;
    for (size_t i = 0; status == TP_OK && i < limits->count; i++) {
        const tp_pstats_limit *limit = &limits->limits[i];
        if (limit->kind == TP_LIMIT_PATTERN)
            status = keep_matches(limit->pattern, items, count, label_of, context);
        else if (limit->kind == TP_LIMIT_COUNT && limit->count >= 0 &&
                 (uint64_t)limit->count < *count)
            *count = (size_t)limit->count;
        else if (limit->kind == TP_LIMIT_FRACTION && limit->fraction >= 0 && limit->fraction < 1)
            *count = (size_t)((double)*count * limit->fraction + .5);
    }
    return status;
}

static const tp_label *function_label(const void *context, uint32_t item)
{
    return &tp_profile_functions(context)[item].label;
}

static void turn_about(uint32_t *items, size_t count)
{
    for (size_t i = 0; i < count / 2; i++) {
        uint32_t swap = items[i];
        items[i] = items[count - 1 - i];
        items[count - 1 - i] = swap;
    }
}

tp_status tp_rows_sort(uint32_t **rows, size_t *count, const tp_profile *profile,
                       const tp_order *order)
{
    size_t all = tp_profile_function_count(profile);
    uint32_t *items = calloc(all + 1, sizeof *items);
    if (items == NULL)
        return TP_ENOMEM;
    tp_status status = tp_profile_sort(profile, order->keys, order->key_count, items);
    *count = 0;
    for (size_t i = 0; status == TP_OK && i < all; i++) {
        if ((tp_profile_functions(profile)[items[i]].flags & TP_FUNCTION_IMPLIED) == 0)
            items[(*count)++] = items[i];
    }
    if (order->reverse)
        turn_about(items, *count);
    if (status != TP_OK)
        free(items);
    else
        *rows = items;
    return status;
}

int tp_rows_find(uint32_t **rows, size_t *count, const tp_profile *profile, const tp_order *order,
                 const tp_limits *limits)
{
    tp_status status = tp_rows_sort(rows, count, profile, order);
    if (status != TP_OK)
        return tp_status_error(status);
    status = tp_limits_apply(limits, *rows, count, function_label, profile);
    if (status == TP_OK)
        return 0;
    free(*rows);
    return tp_status_error(status);
}

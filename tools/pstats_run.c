/* pstats' tables as commands print them. */
#include <stdlib.h>
#include <string.h>

#include "pstats_print.h"
#include "pstats_sort.h"
#include "source.h"
#include "tool.h"

/* What --sort and --limit say, understood before any file is read. */
typedef struct request {
    const tp_pstats_key **keys; /* Owned. */
    size_t key_count;
    tp_pstats_limit *limits; /* Owned. */
    size_t limit_count;
} request;

static void request_free(request *r)
{
    for (size_t i = 0; i < r->limit_count; i++)
        tp_pstats_limit_free(&r->limits[i]);
    free(r->limits);
    free(r->keys);
}

static int parse_keys(request *r, const tp_arguments *arguments)
{
    const char *text = tp_argument(arguments, "sort");
    if (text == NULL)
        return 0;
    r->keys = calloc(strlen(text) + 1, sizeof *r->keys);
    if (r->keys == NULL)
        return tp_status_error(TP_ENOMEM);
    for (const char *at = text;; at++) {
        size_t size = strcspn(at, ",");
        const tp_pstats_key *key = tp_pstats_key_find(at, size);
        if (key == NULL)
            return tp_usage_error(arguments->command, "unknown or ambiguous sort key", text);
        r->keys[r->key_count++] = key;
        at += size;
        if (*at == '\0')
            return 0;
    }
}

static int parse_limits(request *r, const tp_arguments *arguments)
{
    const char *text;
    size_t position = 0;
    r->limits = calloc(arguments->given_count + 1, sizeof *r->limits);
    if (r->limits == NULL)
        return tp_status_error(TP_ENOMEM);
    while ((text = tp_argument_next(arguments, "limit", &position)) != NULL) {
        tp_pstats_limit *limit = &r->limits[r->limit_count++];
        if (tp_pstats_limit_parse(limit, text, strlen(text)) != TP_OK)
            return tp_status_error(TP_ENOMEM);
        if (limit->kind == TP_LIMIT_OUT_OF_RANGE)
            return tp_usage_error(arguments->command, "not a fraction between 0 and 1:", text);
        if (limit->kind == TP_LIMIT_PATTERN && limit->pattern == NULL &&
            limit->status != TP_EFORMAT)
            return tp_usage_error(arguments->command, "regular expression not supported:", text);
    }
    return 0;
}

static int file_error(tp_status status, const char *path, const tp_error *error)
{
    if (error->status != TP_OK)
        return tp_source_error(path, error);
    if (status == TP_EARGUMENT)
        fprintf(stderr, "traceprof: %s: no functions in the file\n", path);
    else if (status == TP_ESTATE)
        fprintf(stderr, "traceprof: %s: its callers have no times, others have\n", path);
    else
        return tp_status_error(status);
    return TP_EXIT_INPUT;
}

/* Stats(FILE, FILE2, FILE3) adds the last first. */
static int load_files(tp_pstats **stats, const tp_arguments *arguments)
{
    tp_error error;
    const tp_times *times = tp_argument_times(arguments);
    tp_status status = tp_pstats_load(stats, arguments->operands[0], times, &error);
    if (status != TP_OK)
        return file_error(status, arguments->operands[0], &error);
    for (size_t i = arguments->operand_count; i > 1; i--) {
        status = tp_pstats_add(*stats, arguments->operands[i - 1], &error);
        if (status != TP_OK) {
            tp_pstats_destroy(*stats);
            return file_error(status, arguments->operands[i - 1], &error);
        }
    }
    return 0;
}

static int print(const tp_arguments *arguments, FILE *out, tp_pstats_view view, request *r)
{
    tp_pstats *stats;
    tp_status status = TP_OK;
    int failed = load_files(&stats, arguments);
    if (failed != 0)
        return failed;
    if (tp_argument_has(arguments, "strip-dirs"))
        status = tp_pstats_strip_dirs(stats);
    if (status == TP_OK && r->key_count > 0)
        status = tp_pstats_sort(stats, r->keys, r->key_count);
    if (status == TP_OK && tp_argument_has(arguments, "reverse"))
        tp_pstats_reverse(stats);
    if (status == TP_OK)
        status = tp_pstats_print(stats, out, view, r->limits, r->limit_count);
    tp_pstats_destroy(stats);
    return status == TP_OK ? TP_EXIT_OK : tp_status_error(status);
}

int tp_pstats_run(const tp_arguments *arguments, FILE *out, tp_pstats_view view)
{
    request r = { .keys = NULL };
    int status = parse_keys(&r, arguments);
    if (status == 0)
        status = parse_limits(&r, arguments);
    if (status == 0)
        status = print(arguments, out, view, &r);
    request_free(&r);
    return status;
}

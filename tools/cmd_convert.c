/* traceprof convert: a profile as another program's file. */
#define _XOPEN_SOURCE 700
#include <string.h>
#include <unistd.h>

#include "commands.h"
#include "source.h"
#include "text.h"
#include "tool.h"

/* What is asked for. pstats is no format of <traceprof/emit.h>: it is the library's own. */
typedef struct target {
    int is_pstats;
    tp_emit_format format;
    const char *path; /* NULL or "-": standard output */
    tp_emit_options options;
} target;

static int is_pstats_path(const char *path)
{
    const char *dot = strrchr(path, '.');
    return dot != NULL && (strcmp(dot, ".prof") == 0 || strcmp(dot, ".pstats") == 0 ||
                           strcmp(dot, ".pstat") == 0);
}

static int is_stdout(const target *t)
{
    return t->path == NULL || strcmp(t->path, "-") == 0;
}

static int find_format(target *t, const tp_arguments *arguments)
{
    const char *to = tp_argument(arguments, "to");
    if (to != NULL) {
        t->is_pstats = strcmp(to, "pstats") == 0;
        return t->is_pstats || tp_emit_format_find(&t->format, to) == TP_OK
                   ? 0
                   : tp_usage_error(arguments->command, "unknown format", to);
    }
    if (is_stdout(t))
        return tp_usage_error(arguments->command, "say what to make: --to FORMAT or -o OUT", NULL);
    t->is_pstats = is_pstats_path(t->path);
    if (!t->is_pstats && tp_emit_format_of_path(&t->format, t->path) != TP_OK)
        return tp_usage_error(arguments->command, "no format goes by that name, say --to FORMAT:",
                              t->path);
    return 0;
}

static int index_of(const char *const *words, size_t count, const char *word)
{
    for (size_t i = 0; i < count; i++) {
        if (strcmp(words[i], word) == 0)
            return (int)i;
    }
    return 0;
}

static int find_options(target *t, const tp_arguments *arguments)
{
    static const char *const weights[] = { "time", "calls" };
    static const char *const tables[] = { "functions", "edges",     "contexts",  "coroutines",
                                          "threads",   "processes", "properties" };
    const char *weight = tp_argument(arguments, "weight"), *table = tp_argument(arguments, "table");
    const char *least = tp_argument(arguments, "min");
    double percent = 0;
    if (least != NULL && (!tp_parse_number(&percent, least) || percent < 0 || percent > 100))
        return tp_usage_error(arguments->command, "not a percentage:", least);
    if (table != NULL && (t->is_pstats || t->format != TP_EMIT_CSV))
        return tp_usage_error(arguments->command, "--table is for csv alone, which is one table", NULL);
    if (weight != NULL && (t->is_pstats || (t->format != TP_EMIT_SPEEDSCOPE && t->format != TP_EMIT_COLLAPSED)))
        return tp_usage_error(arguments->command, "--weight is for speedscope and collapsed, the others have both",
                              NULL);
    t->options.least = percent / 100;
    if (weight != NULL)
        t->options.weight = (tp_emit_weight)index_of(weights, 2, weight);
    if (table != NULL)
        t->options.table = (tp_emit_table)index_of(tables, sizeof tables / sizeof *tables, table);
    const char *name = arguments->operands[0], *slash = strrchr(name, '/');
    name = slash != NULL ? slash + 1 : name;
    t->options.name = (tp_string){ name, strlen(name) };
    return 0;
}

static int find_target(target *t, const tp_arguments *arguments)
{
    const tp_emit_options standard = TP_EMIT_OPTIONS_INIT;
    *t = (target){ .path = tp_argument(arguments, "output"), .options = standard };
    int failed = find_format(t, arguments);
    if (failed == 0)
        failed = find_options(t, arguments);
    int is_binary = t->is_pstats || tp_emit_is_binary(t->format);
    if (failed == 0 && is_binary && is_stdout(t) && isatty(STDOUT_FILENO))
        return tp_usage_error(arguments->command, "that format is nothing for a terminal; say -o OUT", NULL);
    return failed;
}

static int report(const target *t, const tp_error *error)
{
    fputs("traceprof convert: ", stderr);
    if (!is_stdout(t)) {
        tp_put_string(stderr, (tp_string){ t->path, strlen(t->path) }, TP_PLAIN);
        fputs(": ", stderr);
    }
    fprintf(stderr, "%s%s%s\n", error->message, error->system_error != 0 ? ": " : "",
            error->system_error != 0 ? strerror(error->system_error) : "");
    return TP_EXIT_INPUT;
}

static tp_status write_bytes(const target *t, const tp_profile *profile, FILE *out, tp_error *error)
{
    uint8_t *bytes;
    size_t size;
    tp_status status;
    if (t->is_pstats)
        status = tp_pstats_encode(profile, TP_PSTATS_WHOLE, &bytes, &size);
    else
        status = tp_emit(profile, t->format, &t->options, &bytes, &size, error);
    if (status != TP_OK) {
        if (t->is_pstats)
            *error = (tp_error){ .status = status, .message = tp_status_message(status) };
        return status;
    }
    fwrite(bytes, 1, size, out);
    if (t->is_pstats)
        tp_pstats_free(bytes);
    else
        tp_emit_free(bytes);
    return TP_OK;
}

static int write_profile(const target *t, const tp_profile *profile, FILE *out)
{
    tp_error error = { .status = TP_OK };
    tp_status status;
    if (is_stdout(t))
        status = write_bytes(t, profile, out, &error);
    else if (t->is_pstats)
        status = tp_pstats_write_file(profile, t->path, &error);
    else
        status = tp_emit_write_file(profile, t->format, &t->options, t->path, &error);
    return status == TP_OK ? TP_EXIT_OK : report(t, &error);
}

static int run(const tp_arguments *arguments, FILE *out)
{
    tp_profile *profile;
    target t;
    int failed = find_target(&t, arguments);
    if (failed == 0)
        failed = tp_source_load(&profile, arguments, 0, arguments->operand_count);
    if (failed != 0)
        return failed;
    if (!t.is_pstats && tp_emit_needs_tree(t.format))
        failed = tp_source_estimate_tree(&profile, arguments);
    if (failed == 0)
        failed = write_profile(&t, profile, out);
    tp_profile_destroy(profile);
    return failed;
}

static const tp_option options[] = {
    { '\0', "to", "FORMAT", "speedscope, callgrind, collapsed, pprof, dot, json, jsonl, csv "
                            "or pstats; without it OUT's suffix says",
      "speedscope callgrind collapsed pprof chrome dot json jsonl csv pstats" },
    { 'o', "output", "OUT", "where to, replaced only by a whole new file; without it standard output",
      NULL },
    { '\0', "weight", "WEIGHT", "what widths are in speedscope and collapsed: time (default) or calls",
      "time calls" },
    { '\0', "table", "TABLE", "of csv: functions (default), edges, contexts, coroutines, threads, "
                              "processes or properties",
      "functions edges contexts coroutines threads processes properties" },
    { '\0', "min", "PERCENT", "fold calls below this share of the whole into their callers; in dot, "
                              "leave out functions; default: 0, all is written",
      NULL },
    { '\0', NULL, NULL, NULL, NULL },
};

const tp_command tp_command_convert = {
    .name = "convert",
    .operands = "FILE...",
    .purpose = "Write a profile as a file for other programs",
    .text = "speedscope    https://www.speedscope.app       .speedscope.json\n"
            "callgrind     KCachegrind, callgrind_annotate  .callgrind, callgrind.out*\n"
            "collapsed     flamegraph.pl, inferno           .collapsed, .folded\n"
            "pprof         go tool pprof, Pyroscope         .pb.gz, .pprof\n"
            "dot           Graphviz                         .dot, .gv\n"
            "json, jsonl   scripts; all that the file has   .json, .jsonl\n"
            "csv           spreadsheets; one table          .csv\n"
            "pstats        Python, snakeviz                 .prof, .pstats\n"
            "\n"
            "Times are nanoseconds, of the exact call tree where the file has one. Where it\n"
            "has none, the paths of speedscope, collapsed and pprof are an estimate, and that\n"
            "is said. chrome is refused: a profile holds sums, not when each call was.",
    .options = options,
    .shared = TP_WITH_FOCUS | TP_WITH_TIMES,
    .least = 1,
    .most = SIZE_MAX,
    .run = run,
};

/* traceprof info: what a file is, and whether it holds together. */
#define _XOPEN_SOURCE 700
#include <math.h>
#include <string.h>
#include <time.h>

#include "commands.h"
#include "heading.h"
#include "source.h"
#include "table.h"
#include "text.h"
#include "tool.h"

#define FIELD_WIDTH 18

static void put_field(FILE *out, const char *name)
{
    fprintf(out, "%-*s", FIELD_WIDTH, name);
}

static void put_writer(FILE *out, const tp_profile *profile)
{
    tp_origin origin = tp_profile_origin(profile);
    put_field(out, "written by");
    fprintf(out, "%s\n", origin.has_extension ? "ctraceprof" : tp_dialect_name(origin.dialect));
    if (origin.has_extension && origin.dialect != TP_DIALECT_CPROFILE) {
        put_field(out, "from files of");
        fprintf(out, "%s\n", tp_dialect_name(origin.dialect));
    }
}

static void put_start(FILE *out, double seconds)
{
    char text[64];
    struct tm when;
    time_t start = (time_t)seconds;
    if (!(seconds >= 0 && seconds < 1e12) || gmtime_r(&start, &when) == NULL)
        return;
    strftime(text, sizeof text, "%Y-%m-%d %H:%M:%S UTC", &when);
    put_field(out, "start");
    fprintf(out, "%s\n", text);
}

/* Facts of the recording, by their names in the file: calls_lost becomes "calls lost". */
static void put_property(FILE *out, const tp_property *property)
{
    if (strcmp(property->name.bytes, "start") == 0 && property->kind == TP_REAL) {
        put_start(out, property->real);
        return;
    }
    char name[FIELD_WIDTH + 1];
    snprintf(name, sizeof name, "%.*s", FIELD_WIDTH - 2, property->name.bytes);
    for (char *at = name; *at != '\0'; at++) {
        if (*at == '_')
            *at = ' ';
    }
    tp_put_string(out, (tp_string){ name, strlen(name) }, TP_PLAIN);
    fprintf(out, "%*s", FIELD_WIDTH - (int)strlen(name), "");
    if (property->kind == TP_TEXT)
        tp_put_string(out, property->text, TP_PLAIN);
    else if (property->kind == TP_INTEGER)
        fprintf(out, "%lld", (long long)property->integer);
    else if (strcmp(property->name.bytes, "duration") == 0)
        tp_put_time(out, property->real);
    else
        tp_put_double(out, property->real);
    putc('\n', out);
}

/* "python 62.0 31.5 1.15 0.4" as words; what a later version adds behind it as it is. */
static void put_cost(FILE *out, tp_string line)
{
    static const struct {
        const char *before, *behind;
    } words[] = {
        { "", "" },           { ": ", " ns inside" },    { ", ", " ns outside" },
        { ", stretch ", "" }, { ", spread ", " ns" },
    };
    size_t known = sizeof words / sizeof *words;
    for (size_t i = 0, at = 0, end; at < line.size; i++, at = end + 1) {
        for (end = at; end < line.size && line.bytes[end] != ' ';)
            end++;
        fputs(i < known ? words[i].before : ", ", out);
        tp_put_string(out, (tp_string){ line.bytes + at, end - at }, TP_PLAIN);
        fputs(i < known ? words[i].behind : "", out);
    }
    putc('\n', out);
}

static void put_costs(FILE *out, tp_string text)
{
    const char *field = "cost of a call";
    for (size_t at = 0, end; at < text.size; at = end + 1, field = "") {
        for (end = at; end < text.size && text.bytes[end] != '\n';)
            end++;
        put_field(out, field);
        put_cost(out, (tp_string){ text.bytes + at, end - at });
    }
}

/* "python 12\nslot 3" in one line. */
static void put_calls(FILE *out, tp_string text)
{
    put_field(out, "calls by kind");
    for (size_t at = 0, end; at < text.size; at = end + 1) {
        for (end = at; end < text.size && text.bytes[end] != '\n';)
            end++;
        fputs(at > 0 ? ", " : "", out);
        tp_put_string(out, (tp_string){ text.bytes + at, end - at }, TP_PLAIN);
    }
    putc('\n', out);
}

/* What compensation did, which other properties say by names too long for a field. */
static int put_compensation(FILE *out, const tp_property *property)
{
    const char *name = property->name.bytes;
    if (strcmp(name, "compensation_taken") == 0 && property->kind == TP_REAL) {
        put_field(out, "taken out");
        tp_put_time(out, property->real);
        fputs(" of probes\n", out);
    } else if (strcmp(name, "compensation_clamped") == 0 && property->kind == TP_REAL) {
        put_field(out, "not taken out");
        tp_put_time(out, property->real);
        fputs(", of own times shorter than their probes\n", out);
    } else if (strcmp(name, "compensation_scale") == 0 && property->kind == TP_REAL) {
        put_field(out, "probes cost");
        fprintf(out, "%.2f times what one costs that is repeated\n", property->real);
    } else if (strcmp(name, "compensation_costs") == 0 && property->kind == TP_TEXT) {
        put_costs(out, property->text);
    } else if (strcmp(name, "compensation_calls") == 0 && property->kind == TP_TEXT) {
        put_calls(out, property->text);
    } else {
        return 0;
    }
    return 1;
}

static void put_processes(FILE *out, const tp_profile *profile)
{
    for (size_t i = 0; i < tp_profile_process_count(profile); i++) {
        const tp_process *process = &tp_profile_processes(profile)[i];
        put_field(out, "process");
        fprintf(out, "%lld, ", (long long)process->pid);
        if (process->parent_pid > 0)
            fprintf(out, "parent %lld, ", (long long)process->parent_pid);
        tp_put_time(out, process->duration);
        fputs(": ", out);
        tp_put_string(out, process->command, TP_PLAIN);
        putc('\n', out);
    }
}

static void put_coroutines(FILE *out, const tp_profile *profile)
{
    size_t count = tp_profile_coroutine_count(profile);
    double started = 0, awaited = 0;
    if (count == 0)
        return;
    for (size_t i = 0; i < count; i++) {
        started += (double)tp_profile_coroutines(profile)[i].started;
        awaited += (double)tp_profile_coroutines(profile)[i].awaited_ticks;
    }
    put_field(out, "coroutines");
    fprintf(out, "%zu function%s, %.0f started, ", count, count == 1 ? "" : "s", started);
    tp_put_time(out, awaited * tp_profile_unit(profile));
    fputs(" awaited\n", out);
}

static void put_threads(FILE *out, const tp_profile *profile)
{
    size_t count = tp_profile_thread_count(profile);
    put_field(out, "call tree");
    fputs(count > 0 ? "exact\n" : "none\n", out);
    for (size_t i = 0; i < count; i++) {
        const tp_thread_tree *tree = &tp_profile_threads(profile)[i];
        double ticks = 0;
        for (size_t c = 0; c < tree->context_count; c++) {
            if (tree->contexts[c].parent == TP_NO_INDEX)
                ticks += (double)tree->contexts[c].inclusive_ticks;
        }
        put_field(out, "thread");
        tp_put_thread(out, profile, tree);
        fprintf(out, ": %zu contexts, ", tree->context_count);
        tp_put_time(out, ticks * tp_profile_unit(profile));
        putc('\n', out);
    }
}

static void put_repairs(FILE *out, const tp_profile *profile)
{
    tp_origin origin = tp_profile_origin(profile);
    const struct {
        uint64_t count;
        const char *thing, *text;
    } repairs[] = {
        { origin.counts_swapped, "function", "with counts of calls the other way about" },
        { origin.counts_unknown, "function", "with counts of calls that are not known" },
        { origin.callers_implied, "caller", "without a row" },
    };
    for (size_t i = 0; i < sizeof repairs / sizeof *repairs; i++) {
        if (repairs[i].count > 0) {
            put_field(out, "repaired");
            fprintf(out, "%llu %s%s %s\n", (unsigned long long)repairs[i].count, repairs[i].thing,
                    repairs[i].count == 1 ? "" : "s", repairs[i].text);
        }
    }
}

/* Invariants. Each counts the places where it does not hold; NOT_KNOWN without memory. */
#define NOT_KNOWN SIZE_MAX

/* It says nothing of such a file. */
#define NOT_ASKED (SIZE_MAX - 1)

typedef size_t invariant(const tp_profile *profile);

static size_t negative_figures(const tp_profile *profile)
{
    size_t wrong = 0;
    for (size_t i = 0; i < tp_profile_function_count(profile); i++) {
        const tp_function *f = &tp_profile_functions(profile)[i];
        wrong += f->calls < 0 || f->primitive_calls < 0 || f->total < 0 || f->cumulative < 0;
    }
    for (size_t i = 0; i < tp_profile_edge_count(profile); i++) {
        const tp_edge *e = &tp_profile_edges(profile)[i];
        wrong += e->calls < 0 || e->primitive_calls < 0 || e->total < 0 || e->cumulative < 0;
    }
    return wrong;
}

static size_t more_primitive_calls(const tp_profile *profile)
{
    size_t wrong = 0;
    for (size_t i = 0; i < tp_profile_function_count(profile); i++) {
        const tp_function *f = &tp_profile_functions(profile)[i];
        wrong += f->primitive_calls > f->calls;
    }
    return wrong;
}

/* Times were added up in some order: what differs in the last digits is equal. */
static int is_more(double a, double b)
{
    return a > b + 1e-6 * fmax(1, fabs(a));
}

static size_t more_self_than_cumulative(const tp_profile *profile)
{
    size_t wrong = 0;
    for (size_t i = 0; i < tp_profile_function_count(profile); i++) {
        const tp_function *f = &tp_profile_functions(profile)[i];
        wrong += f->calls == f->primitive_calls && is_more(f->total, f->cumulative);
    }
    return wrong;
}

static size_t more_calls_by_callers(const tp_profile *profile)
{
    const tp_edge *edges = tp_profile_edges(profile);
    size_t wrong = 0, count = tp_profile_edge_count(profile);
    if (tp_profile_has_samples(profile) || !tp_profile_has_calls(profile))
        return NOT_ASKED; /* in one sample, recursion passes an edge more than once */
    for (size_t i = 0; i < count;) {
        uint32_t callee = edges[i].callee;
        double calls = 0;
        for (; i < count && edges[i].callee == callee; i++)
            calls += (double)edges[i].calls;
        wrong += calls > (double)tp_profile_functions(profile)[callee].calls;
    }
    return wrong;
}

/* A child that took longer than its parent. */
static size_t longer_children(const tp_profile *profile)
{
    size_t wrong = 0;
    if (tp_profile_thread_count(profile) == 0)
        return NOT_ASKED;
    for (size_t t = 0; t < tp_profile_thread_count(profile); t++) {
        const tp_thread_tree *tree = &tp_profile_threads(profile)[t];
        for (size_t i = 0; i < tree->context_count; i++) {
            const tp_context *c = &tree->contexts[i];
            wrong += c->inclusive_ticks < 0 ||
                     (c->parent != TP_NO_INDEX &&
                      tree->contexts[c->parent].inclusive_ticks < c->inclusive_ticks);
        }
    }
    return wrong;
}

static uint64_t property_count(const tp_profile *profile, const char *name)
{
    const tp_property *property = tp_profile_property(profile, name);
    return property == NULL ? 0 : (uint64_t)property->integer;
}

/* Rows that folding the trees does not give again. With calls that have no place in the trees, nothing
 * can be said. */
static size_t rows_unlike_trees(const tp_profile *profile)
{
    const tp_selection all = TP_SELECTION_INIT;
    tp_profile *folded;
    size_t wrong = 0, count = tp_profile_function_count(profile);
    if (tp_profile_thread_count(profile) == 0 || property_count(profile, "calls_folded") > 0 ||
        tp_profile_property(profile, "files") != NULL)
        return NOT_ASKED;
    tp_status status = tp_profile_select(&folded, profile, &all);
    if (status != TP_OK)
        return status == TP_ENOMEM ? NOT_KNOWN : count;
    size_t folded_count = tp_profile_function_count(folded);
    for (size_t i = 0; i < count; i++) {
        const tp_function *a = &tp_profile_functions(profile)[i];
        const tp_function *b = i < folded_count ? &tp_profile_functions(folded)[i] : NULL;
        wrong += b == NULL || a->calls != b->calls || a->primitive_calls != b->primitive_calls ||
                 is_more(a->total, b->total) || is_more(b->total, a->total);
    }
    tp_profile_destroy(folded);
    return wrong;
}

static const struct {
    invariant *count_wrong;
    const char *text;
} invariants[] = {
    { negative_figures, "no count or time is negative" },
    { more_primitive_calls, "primitive calls are no more than calls" },
    { more_self_than_cumulative, "own time is no more than cumulative time" },
    { more_calls_by_callers, "callers made no more calls than there were" },
    { longer_children, "no call takes longer than its caller's" },
    { rows_unlike_trees, "functions' figures are those of the call tree" },
};

static int check(FILE *out, const tp_profile *profile)
{
    int status = TP_EXIT_OK;
    for (size_t i = 0; i < sizeof invariants / sizeof *invariants; i++) {
        size_t wrong = invariants[i].count_wrong(profile);
        if (wrong == NOT_KNOWN)
            return tp_status_error(TP_ENOMEM);
        put_field(out, wrong == 0 ? "holds" : wrong == NOT_ASKED ? "not asked" : "broken");
        fputs(invariants[i].text, out);
        if (wrong > 0 && wrong != NOT_ASKED) {
            fprintf(out, ": not so in %zu place%s", wrong, wrong == 1 ? "" : "s");
            status = TP_EXIT_RULE;
        }
        putc('\n', out);
    }
    return status;
}

static int run(const tp_arguments *arguments, FILE *out)
{
    tp_profile *profile;
    tp_screen screen; /* for what is wrong with its options */
    int status = tp_screen_find(&screen, arguments);
    if (status != 0)
        return status;
    status = tp_source_load(&profile, arguments, 0, arguments->operand_count);
    if (status != 0)
        return status;
    tp_put_heading(out, arguments, profile);
    put_writer(out, profile);
    for (size_t i = 0; i < tp_profile_property_count(profile); i++) {
        const tp_property *property = &tp_profile_properties(profile)[i];
        if (!put_compensation(out, property))
            put_property(out, property);
    }
    put_field(out, "edges");
    fprintf(out, "%zu\n", tp_profile_edge_count(profile));
    put_coroutines(out, profile);
    put_processes(out, profile);
    put_threads(out, profile);
    put_repairs(out, profile);
    if (tp_argument_has(arguments, "check"))
        status = check(out, profile);
    tp_profile_destroy(profile);
    return status;
}

static const tp_option options[] = {
    { '\0', "check", NULL, "check what must hold in every profile; exit status 1 if it does not",
      NULL },
    { '\0', NULL, NULL, NULL, NULL },
};

const tp_command tp_command_info = {
    .name = "info",
    .operands = "FILE...",
    .purpose = "Print who wrote a profile, when, by which clock, and its repairs",
    .text = "",
    .options = options,
    .shared = TP_WITH_FOCUS | TP_WITH_TIMES | TP_WITH_OUTPUT,
    .least = 1,
    .most = SIZE_MAX,
    .run = run,
};

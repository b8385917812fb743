/* https://valgrind.org/docs/manual/cl-format.html: functions with their own time, and below each what it
 * called. Names are written once, as "(7) name", and are "(7)" from then on. */
#include <string.h>

#include "flow.h"
#include "memory.h"
#include "model.h"
#include "names.h"
#include "spell.h"

typedef struct grinder {
    tp_emission *emission;
    tp_names names;
    tp_intern files;
    uint32_t *first_edge; /* Owned; by caller, as positions in `edges` */
    uint32_t *edges;      /* Owned; edges' numbers, grouped by their callers */
    uint32_t files_said;  /* numbers below have been written with their names */
    uint8_t *name_said;   /* Owned; by function */
    int64_t *calls_of;    /* Owned; by callee, of all its callers: only where edges have no times */
} grinder;

static tp_status group_by_caller(grinder *g)
{
    const tp_profile *p = g->emission->profile;
    g->first_edge = tp_alloc(p->allocator, p->function_count + 2, sizeof *g->first_edge);
    g->edges = tp_alloc(p->allocator, p->edge_count, sizeof *g->edges);
    g->name_said = tp_alloc(p->allocator, p->function_count, 1);
    if (g->first_edge == NULL || g->edges == NULL || g->name_said == NULL)
        return TP_ENOMEM;
    for (size_t i = 0; i < p->edge_count; i++)
        g->first_edge[p->edges[i].caller + 2]++;
    for (size_t f = 2; f < p->function_count + 2; f++)
        g->first_edge[f] += g->first_edge[f - 1];
    for (uint32_t i = 0; i < p->edge_count; i++)
        g->edges[g->first_edge[p->edges[i].caller + 1]++] = i;
    return TP_OK;
}

/* "fl=(1) app.py"; numbers begin with 1. */
static tp_status put_file(grinder *g, const char *key, tp_string file)
{
    uint32_t number;
    tp_buffer *out = g->emission->out;
    tp_status status = tp_intern_put(&g->files, &number, file.bytes, file.size);
    if (status != TP_OK)
        return status;
    tp_spell(out, key);
    tp_spell(out, "=(");
    tp_spell_unsigned(out, (uint64_t)number + 1);
    tp_spell(out, ")");
    if (number >= g->files_said) {
        g->files_said = number + 1;
        tp_spell(out, " ");
        tp_spell_visible(out, file.size > 0 ? file : (tp_string){ "???", 3 }, "", 0);
    }
    tp_spell(out, "\n");
    return TP_OK;
}

static void put_function(grinder *g, const char *key, uint32_t function)
{
    tp_buffer *out = g->emission->out;
    tp_spell(out, key);
    tp_spell(out, "=(");
    tp_spell_unsigned(out, (uint64_t)function + 1);
    tp_spell(out, ")");
    if (!g->name_said[function]) {
        g->name_said[function] = 1;
        tp_spell(out, " ");
        tp_spell_string(out, tp_name_of(&g->names, function));
    }
    tp_spell(out, "\n");
}

/* Line numbers are not negative; Python's sampler has such. */
static void put_cost(tp_buffer *out, int64_t line, double seconds)
{
    tp_spell_integer(out, line > 0 ? line : 0);
    tp_spell(out, " ");
    tp_spell_unsigned(out, tp_nanoseconds(seconds));
    tp_spell(out, "\n");
}

static void add_up_calls(grinder *g)
{
    const tp_profile *p = g->emission->profile;
    for (size_t i = 0; i < p->edge_count; i++) {
        int64_t *sum = &g->calls_of[p->edges[i].callee], calls = p->edges[i].calls;
        *sum = calls > 0 && *sum > INT64_MAX - calls ? INT64_MAX : *sum + (calls > 0 ? calls : 0);
    }
}

/* Without times of its own an edge has its share of the callee's, by calls. */
static double inclusive(const grinder *g, const tp_edge *edge)
{
    if (g->calls_of == NULL)
        return edge->cumulative;
    if (edge->calls <= 0 || g->calls_of[edge->callee] <= 0)
        return 0;
    return g->emission->profile->functions[edge->callee].cumulative * (double)edge->calls /
           (double)g->calls_of[edge->callee];
}

/* Where in the caller the call was made is not known: its own first line stands for it. */
static tp_status put_call(grinder *g, const tp_edge *edge)
{
    const tp_profile *p = g->emission->profile;
    const tp_label *caller = &p->functions[edge->caller].label, *callee = &p->functions[edge->callee].label;
    tp_buffer *out = g->emission->out;
    tp_status status = TP_OK;
    if (caller->file.bytes != callee->file.bytes)
        status = put_file(g, "cfi", callee->file);
    put_function(g, "cfn", edge->callee);
    tp_spell(out, "calls=");
    /* Readers take the costs below 0 calls for the function's own. */
    tp_spell_integer(out, edge->calls > 0 ? edge->calls : 1);
    tp_spell(out, " ");
    tp_spell_integer(out, callee->line > 0 ? callee->line : 0);
    tp_spell(out, "\n");
    put_cost(out, caller->line, inclusive(g, edge));
    return status;
}

static tp_status put_row(grinder *g, uint32_t function)
{
    const tp_profile *p = g->emission->profile;
    const tp_function *row = &p->functions[function];
    tp_buffer *out = g->emission->out;
    tp_spell(out, "\n");
    tp_status status = put_file(g, "fl", row->label.file);
    put_function(g, "fn", function);
    put_cost(out, row->label.line, row->total);
    for (uint32_t i = g->first_edge[function]; status == TP_OK && i < g->first_edge[function + 1]; i++)
        status = put_call(g, &p->edges[g->edges[i]]);
    return status;
}

static void put_text_property(tp_emission *e, const char *head, const char *name)
{
    const tp_property *property = tp_profile_property(e->profile, name);
    if (property == NULL || property->kind != TP_TEXT)
        return;
    tp_spell(e->out, head);
    tp_spell_visible(e->out, property->text, "", 0);
    tp_spell(e->out, "\n");
}

/* Gives the sum of all own times; TP_ELIMIT where it has no room. */
static tp_status sum_own(const tp_profile *p, uint64_t *sum)
{
    *sum = 0;
    for (size_t i = 0; i < p->function_count; i++) {
        uint64_t own = tp_nanoseconds(p->functions[i].total);
        if (own > INT64_MAX - *sum)
            return TP_ELIMIT;
        *sum += own;
    }
    return TP_OK;
}

static tp_status put_head(tp_emission *e)
{
    uint64_t sum;
    tp_status status = sum_own(e->profile, &sum);
    if (status != TP_OK) {
        e->problem = "the sum of all times is more than 64 bits of nanoseconds";
        return status;
    }
    tp_spell(e->out, "# callgrind format\nversion: 1\ncreator: traceprof\n");
    put_text_property(e, "cmd: ", "command");
    put_text_property(e, "desc: Clock: ", "clock");
    if (tp_profile_has_both_times(e->profile))
        tp_spell(e->out, tp_profile_times(e->profile) == TP_TIMES_RAW ? "desc: Times: raw\n"
                                                                    : "desc: Times: compensated\n");
    if (!tp_profile_has_edge_times(e->profile))
        tp_spell(e->out, "desc: Inclusive times: divided among callers by their calls\n");
    if (!tp_profile_has_calls(e->profile))
        tp_spell(e->out, "desc: Calls: not known, 1 stands for any number\n");
    else if (tp_profile_has_samples(e->profile))
        tp_spell(e->out, "desc: Calls: numbers of samples\n");
    tp_spell(e->out, "positions: line\nevent: ns : Nanoseconds\nevents: ns\nsummary: ");
    tp_spell_unsigned(e->out, sum);
    tp_spell(e->out, "\n");
    return TP_OK;
}

static tp_status put_rows(grinder *g)
{
    tp_status status = put_head(g->emission);
    if (status == TP_OK)
        status = group_by_caller(g);
    if (status == TP_OK && g->calls_of != NULL)
        add_up_calls(g);
    for (uint32_t i = 0; status == TP_OK && i < g->emission->profile->function_count; i++)
        status = put_row(g, i);
    return status;
}

tp_status tp_emit_callgrind(tp_emission *e)
{
    grinder g = { .emission = e };
    const tp_allocator *allocator = e->profile->allocator;
    tp_status status = tp_names_init(&g.names, e->profile, TP_NAMES_IN_FILE, "");
    if (status != TP_OK)
        return status;
    tp_intern_init(&g.files, allocator);
    if (!tp_profile_has_edge_times(e->profile))
        g.calls_of = tp_alloc(allocator, e->profile->function_count, sizeof *g.calls_of);
    status = tp_profile_has_edge_times(e->profile) || g.calls_of != NULL ? put_rows(&g) : TP_ENOMEM;
    tp_intern_free(&g.files);
    tp_free(allocator, g.first_edge);
    tp_free(allocator, g.edges);
    tp_free(allocator, g.name_said);
    tp_free(allocator, g.calls_of);
    tp_names_free(&g.names);
    return status;
}

/* A graph for Graphviz: functions and who calls whom, coloured and drawn by their share of the time, as
 * gprof2dot does it. */
#include <math.h>
#include <string.h>

#include "emission.h"
#include "memory.h"
#include "model.h"
#include "names.h"
#include "spell.h"

/* Graphviz takes no strings beyond 16 KB; nobody reads one of half that. */
#define MOST_TEXT 1024

typedef struct plotter {
    tp_emission *emission;
    double total;   /* seconds */
    uint8_t *shown; /* Owned; by function */
    tp_buffer text;
} plotter;

/* Within double quotes, on lines that are centred. */
static void put_quoted(plotter *p, tp_string text)
{
    p->text.size = 0;
    tp_spell_visible(&p->text, text, "", MOST_TEXT);
    for (size_t i = 0; i < p->text.size; i++) {
        if (p->text.bytes[i] == '"' || p->text.bytes[i] == '\\')
            tp_buffer_put(p->emission->out, "\\", 1);
        tp_buffer_put(p->emission->out, p->text.bytes + i, 1);
        if (p->text.bytes[i] == '&') /* Graphviz knows HTML's entities */
            tp_spell(p->emission->out, "amp;");
    }
}

static double share(const plotter *p, double seconds)
{
    double part = p->total > 0 ? seconds / p->total : 0;
    return part < 0 ? 0 : part > 1 ? 1 : part;
}

/* "12.3%", by integers: no locale has a say in it. */
static void put_percent(plotter *p, double seconds)
{
    uint64_t tenths = (uint64_t)llround(share(p, seconds) * 1000);
    tp_spell_unsigned(p->emission->out, tenths / 10);
    tp_spell(p->emission->out, ".");
    tp_spell_unsigned(p->emission->out, tenths % 10);
    tp_spell(p->emission->out, "%");
}

static void put_hex(tp_buffer *out, unsigned value)
{
    static const char hex[] = "0123456789abcdef";
    char text[2] = { hex[value >> 4 & 15], hex[value & 15] };
    tp_buffer_put(out, text, 2);
}

/* From light grey-blue (nothing) over yellow to dark red (all): light differs as well as hue, so that it is
 * read without colours, too. */
static void put_colour(plotter *p, double seconds)
{
    static const unsigned stops[][3] = {
        { 0xEE, 0xF2, 0xF7 }, { 0xFE, 0xE0, 0x8B }, { 0xF4, 0x6D, 0x43 }, { 0xA5, 0x00, 0x26 }
    };
    double place = sqrt(share(p, seconds)) * 3;
    unsigned low = place >= 3 ? 2 : (unsigned)place;
    tp_spell(p->emission->out, "#");
    for (int i = 0; i < 3; i++) {
        double from = stops[low][i], to = stops[low + 1][i];
        put_hex(p->emission->out, (unsigned)llround(from + (to - from) * (place - low)));
    }
}

static void put_calls(plotter *p, int64_t calls)
{
    if (!tp_profile_has_calls(p->emission->profile))
        return;
    tp_spell(p->emission->out, "\\n");
    tp_spell_integer(p->emission->out, calls);
    tp_spell(p->emission->out, tp_profile_has_samples(p->emission->profile) ? " samples" : "\xC3\x97");
}

static void put_node(plotter *p, uint32_t function)
{
    const tp_function *row = &p->emission->profile->functions[function];
    tp_buffer *out = p->emission->out;
    tp_spell(out, "  n");
    tp_spell_unsigned(out, function);
    tp_spell(out, " [label=\"");
    put_quoted(p, row->label.name);
    if (!tp_is_placeless(&row->label)) {
        tp_spell(out, "\\n");
        put_quoted(p, row->label.file);
        tp_spell(out, ":");
        tp_spell_integer(out, row->label.line);
    }
    tp_spell(out, "\\n");
    put_percent(p, row->cumulative);
    tp_spell(out, " (self ");
    put_percent(p, row->total);
    tp_spell(out, ")");
    put_calls(p, row->calls);
    tp_spell(out, "\", fillcolor=\"");
    put_colour(p, row->cumulative);
    tp_spell(out, share(p, row->cumulative) > 0.6 ? "\", fontcolor=\"white\"];\n" : "\"];\n");
}

static void put_edge(plotter *p, const tp_edge *edge)
{
    tp_buffer *out = p->emission->out;
    tp_spell(out, "  n");
    tp_spell_unsigned(out, edge->caller);
    tp_spell(out, " -> n");
    tp_spell_unsigned(out, edge->callee);
    tp_spell(out, " [label=\"");
    if (tp_profile_has_edge_times(p->emission->profile))
        put_percent(p, edge->cumulative);
    put_calls(p, edge->calls);
    tp_spell(out, "\", penwidth=\"");
    uint64_t tenths = 5 + (uint64_t)llround(share(p, edge->cumulative) * 45);
    tp_spell_unsigned(out, tenths / 10);
    tp_spell(out, ".");
    tp_spell_unsigned(out, tenths % 10);
    tp_spell(out, "\"];\n");
}

static size_t choose(plotter *p)
{
    const tp_profile *profile = p->emission->profile;
    size_t left_out = 0;
    for (size_t i = 0; i < profile->function_count; i++) {
        p->shown[i] = p->emission->options->least <= 0 ||
                      share(p, profile->functions[i].cumulative) >= p->emission->options->least;
        left_out += !p->shown[i];
    }
    return left_out;
}

static void put_graph(plotter *p)
{
    const tp_profile *profile = p->emission->profile;
    tp_buffer *out = p->emission->out;
    size_t left_out = choose(p);
    tp_spell(out, "digraph profile {\n  graph [rankdir=TB, nodesep=0.15, ranksep=0.3");
    if (left_out > 0) {
        tp_spell(out, ", label=\"");
        tp_spell_unsigned(out, left_out);
        tp_spell(out, " functions below the least share are left out\"");
    }
    tp_spell(out, "];\n  node [shape=box, style=\"filled,rounded\", fontname=\"Helvetica\", fontsize=10];\n"
                "  edge [fontname=\"Helvetica\", fontsize=9, color=\"#555555\"];\n");
    for (uint32_t i = 0; i < profile->function_count; i++) {
        if (p->shown[i])
            put_node(p, i);
    }
    for (size_t i = 0; i < profile->edge_count; i++) {
        if (p->shown[profile->edges[i].caller] && p->shown[profile->edges[i].callee])
            put_edge(p, &profile->edges[i]);
    }
    tp_spell(out, "}\n");
}

tp_status tp_emit_dot(tp_emission *e)
{
    plotter p = { .emission = e };
    const tp_profile *profile = e->profile;
    for (size_t i = 0; i < profile->function_count; i++)
        p.total += profile->functions[i].total;
    p.shown = tp_alloc(profile->allocator, profile->function_count, 1);
    if (p.shown == NULL)
        return TP_ENOMEM;
    tp_buffer_init(&p.text, profile->allocator);
    put_graph(&p);
    tp_status status = p.text.status;
    tp_buffer_free(&p.text);
    tp_free(profile->allocator, p.shown);
    return status;
}

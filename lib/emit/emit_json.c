/* The tables as one JSON document, and as a line for each row. */
#include <traceprof/version.h>

#include "emission.h"
#include "model.h"
#include "spell.h"
#include "tables.h"

#define SCHEMA 1

static void put_value(tp_buffer *out, const tp_cell *cell)
{
    switch (cell->kind) {
    case TP_CELL_NONE:
        tp_spell(out, "null");
        break;
    case TP_CELL_TEXT:
        tp_spell_json(out, cell->as.text);
        break;
    case TP_CELL_INTEGER:
        tp_spell_integer(out, cell->as.integer);
        break;
    case TP_CELL_UNSIGNED:
        tp_spell_unsigned(out, cell->as.number);
        break;
    case TP_CELL_REAL:
        tp_spell_real(out, cell->as.real);
        break;
    }
}

static void put_members(tp_buffer *out, const tp_row_walk *walk, int any)
{
    for (size_t i = 0; i < walk->cell_count; i++) {
        if (walk->cells[i].place == TP_CSV_ONLY)
            continue;
        tp_spell(out, any ? ",\"" : "\"");
        tp_spell(out, walk->cells[i].name);
        tp_spell(out, "\":");
        put_value(out, &walk->cells[i]);
        any = 1;
    }
}

/* What the figures are, without which they cannot be read. */
static void put_head(tp_emission *e)
{
    const tp_profile *p = e->profile;
    static const char *const times[] = { [TP_TIMES_RAW] = "raw", [TP_TIMES_COMPENSATED] = "compensated" };
    tp_spell(e->out, "\"format\":\"traceprof\",\"version\":");
    tp_spell_unsigned(e->out, SCHEMA);
    tp_spell(e->out, ",\"creator\":\"traceprof " TP_VERSION_STRING "\",\"name\":");
    tp_spell_json(e->out, e->options->name);
    tp_spell(e->out, ",\"dialect\":\"");
    tp_spell(e->out, tp_dialect_name(tp_profile_origin(p).dialect));
    tp_spell(e->out, "\",\"calls_are\":");
    tp_spell(e->out, !tp_profile_has_calls(p)    ? "null"
                   : tp_profile_has_samples(p) ? "\"samples\""
                                               : "\"calls\"");
    tp_spell(e->out, ",\"times\":\"");
    tp_spell(e->out, times[tp_profile_times(p)]);
    tp_spell(e->out, "\",\"other_times\":");
    if (tp_profile_has_both_times(p))
        tp_spell(e->out, tp_profile_times(p) == TP_TIMES_RAW ? "\"compensated\"" : "\"raw\"");
    else
        tp_spell(e->out, "null");
    tp_spell(e->out, ",\"tree\":");
    tp_spell(e->out, p->thread_count == 0 ? "null" : tp_emit_is_estimate(p) ? "\"estimated\"" : "\"exact\"");
    tp_spell(e->out, ",\"tick\":");
    tp_spell_real(e->out, p->unit);
}

static tp_status put_array(tp_emission *e, tp_emit_table table)
{
    tp_row_walk walk;
    int there;
    tp_spell(e->out, ",\n\"");
    tp_spell(e->out, tp_table_name(table));
    tp_spell(e->out, "\":[");
    tp_row_walk_begin(&walk, e->profile, table);
    tp_status status = tp_row_walk_next(&walk, &there);
    for (int any = 0; status == TP_OK && there; any = 1) {
        tp_spell(e->out, any ? ",\n{" : "\n{");
        put_members(e->out, &walk, 0);
        tp_spell(e->out, "}");
        status = tp_row_walk_next(&walk, &there);
    }
    tp_row_walk_end(&walk);
    tp_spell(e->out, "\n]");
    return status;
}

tp_status tp_emit_json(tp_emission *e)
{
    tp_status status = TP_OK;
    tp_spell(e->out, "{");
    put_head(e);
    for (int table = TP_TABLE_FUNCTIONS; status == TP_OK && table <= TP_TABLE_PROPERTIES; table++)
        status = put_array(e, (tp_emit_table)table);
    tp_spell(e->out, "\n}\n");
    return status;
}

static tp_status put_lines(tp_emission *e, tp_emit_table table)
{
    tp_row_walk walk;
    int there;
    tp_row_walk_begin(&walk, e->profile, table);
    tp_status status = tp_row_walk_next(&walk, &there);
    while (status == TP_OK && there) {
        tp_spell(e->out, "{\"type\":\"");
        tp_spell(e->out, tp_row_name(table));
        tp_spell(e->out, "\"");
        put_members(e->out, &walk, 1);
        tp_spell(e->out, "}\n");
        status = tp_row_walk_next(&walk, &there);
    }
    tp_row_walk_end(&walk);
    return status;
}

/* Properties first: a reader of lines wants to know what is coming. */
tp_status tp_emit_jsonl(tp_emission *e)
{
    static const tp_emit_table order[] = { TP_TABLE_PROPERTIES, TP_TABLE_PROCESSES, TP_TABLE_THREADS,
                                           TP_TABLE_FUNCTIONS,  TP_TABLE_EDGES,     TP_TABLE_CONTEXTS,
                                           TP_TABLE_COROUTINES };
    tp_status status = TP_OK;
    tp_spell(e->out, "{\"type\":\"profile\",");
    put_head(e);
    tp_spell(e->out, "}\n");
    for (size_t i = 0; status == TP_OK && i < sizeof order / sizeof *order; i++)
        status = put_lines(e, order[i]);
    return status;
}

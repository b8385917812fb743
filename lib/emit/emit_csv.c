/* One table (RFC 4180, but for the ends of lines, which are \n as elsewhere). */
#include <math.h>

#include "emission.h"
#include "spell.h"
#include "tables.h"

static void put_value(tp_buffer *out, const tp_cell *cell)
{
    switch (cell->kind) {
    case TP_CELL_NONE:
        break;
    case TP_CELL_TEXT:
        tp_spell_csv(out, cell->as.text);
        break;
    case TP_CELL_INTEGER:
        tp_spell_integer(out, cell->as.integer);
        break;
    case TP_CELL_UNSIGNED:
        tp_spell_unsigned(out, cell->as.number);
        break;
    case TP_CELL_REAL:
        if (isfinite(cell->as.real))
            tp_spell_real(out, cell->as.real);
        break;
    }
}

static void put_row(tp_buffer *out, const tp_row_walk *walk, int is_head)
{
    int any = 0;
    for (size_t i = 0; i < walk->cell_count; i++) {
        const tp_cell *cell = &walk->cells[i];
        if (cell->place == TP_JSON_ONLY)
            continue;
        if (any)
            tp_spell(out, ",");
        if (is_head)
            tp_spell(out, cell->name);
        else
            put_value(out, cell);
        any = 1;
    }
    tp_spell(out, "\n");
}

tp_status tp_emit_csv(tp_emission *e)
{
    tp_row_walk walk;
    int there;
    tp_row_walk_begin(&walk, e->profile, e->options->table);
    tp_status status = tp_row_walk_next(&walk, &there);
    if (status == TP_OK)
        put_row(e->out, &walk, 1);
    while (status == TP_OK && there) {
        put_row(e->out, &walk, 0);
        status = tp_row_walk_next(&walk, &there);
    }
    tp_row_walk_end(&walk);
    return status;
}

/* A profile as tables: what JSON, JSON lines and CSV say, each in its way. docs/export.md describes the
 * columns. */
#ifndef TP_TABLES_H
#define TP_TABLES_H

#include "emission.h"

typedef enum tp_cell_kind {
    TP_CELL_NONE,
    TP_CELL_TEXT,
    TP_CELL_INTEGER,
    TP_CELL_UNSIGNED,
    TP_CELL_REAL
} tp_cell_kind;

/* Where a cell is said: functions are known by their numbers in JSON, and by their labels in CSV, where no
 * other table is at hand. */
typedef enum tp_cell_place { TP_EVERYWHERE, TP_JSON_ONLY, TP_CSV_ONLY } tp_cell_place;

typedef struct tp_cell {
    const char *name;
    tp_cell_kind kind;
    tp_cell_place place;
    union {
        tp_string text; /* Borrowed. */
        int64_t integer;
        uint64_t number;
        double real;
    } as;
} tp_cell;

#define TP_MOST_CELLS 20

/* A walk over a table's rows. */
typedef struct tp_row_walk {
    const tp_profile *profile;
    tp_emit_table table;
    size_t thread; /* of the next row; contexts only */
    size_t next;   /* the next row, within its thread */
    int has_awaited; /* contexts say what was awaited */
    int64_t *self; /* Owned; own ticks of the contexts of that thread */
    tp_cell cells[TP_MOST_CELLS];
    size_t cell_count;
} tp_row_walk;

/* "functions"; and "function" for one of its rows. */
const char *tp_table_name(tp_emit_table table);
const char *tp_row_name(tp_emit_table table);

void tp_row_walk_begin(tp_row_walk *walk, const tp_profile *profile, tp_emit_table table);
void tp_row_walk_end(tp_row_walk *walk);

/* The next row into walk->cells, whose names are the same in each. *there becomes 0 behind the last; its
 * cells then have names only. */
TP_NODISCARD tp_status tp_row_walk_next(tp_row_walk *walk, int *there);

#endif

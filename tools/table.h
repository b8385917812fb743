/* Tables, in every form that a command can print them. */
#ifndef TP_TABLE_H
#define TP_TABLE_H

#include <stdio.h>

#include <traceprof/traceprof.h>

#include "screen.h"

typedef enum tp_cell_kind {
    TP_CELL_COUNT,
    TP_CELL_TIME,  /* seconds */
    TP_CELL_EACH,  /* seconds that may be far from the table's others, as a call's: these choose the
                    * unit, and it is shown with three digits that count */
    TP_CELL_SHARE, /* 1 is the whole */
    TP_CELL_BAR,   /* a share as a bar, without a title */
    TP_CELL_WORD,  /* a short text */
    TP_CELL_LABEL  /* a function; three columns for machines */
} tp_cell_kind;

/* Where a column is shown. */
enum {
    TP_FOR_PEOPLE = 1,  /* text and md */
    TP_FOR_MACHINES = 2 /* csv, json, jsonl */
};

typedef struct tp_column {
    const char *title; /* for people; a time's unit is put behind it */
    const char *key;   /* for machines: "self"; a time's unit is put behind it, "self_s" */
    tp_cell_kind kind;
    int shown;       /* of TP_FOR_..., 0: nowhere */
    int with_sign;   /* of a difference: + before what is positive */
    int heat;        /* a share that is coloured when it is large */
    int spare;       /* not 0: left out of a text that is too wide, the greatest first */
} tp_column;

/* What a cell lacks. */
enum {
    TP_NOT_KNOWN = 1, /* "-" */
    TP_NOT_ASKED = 2  /* nothing for people: there is no such figure */
};

typedef struct tp_cell {
    int absent; /* not 0: one of these */
    int64_t count;
    double real;
    tp_string word;
    const tp_label *label; /* Borrowed. */
    size_t indent;         /* of a label, for people */
} tp_cell;

typedef struct tp_table {
    const tp_column *columns; /* Borrowed. */
    size_t column_count;
    tp_cell *cells; /* Owned; row by row */
    size_t row_count;
    size_t capacity;
    const char *times; /* what a last column "times" has in each row for machines; NULL: no such column */
} tp_table;

typedef enum tp_format {
    TP_FORMAT_TEXT,
    TP_FORMAT_MD,
    TP_FORMAT_CSV,
    TP_FORMAT_JSON,
    TP_FORMAT_JSONL
} tp_format;

typedef struct tp_style {
    tp_format format;
    const char *unit; /* "auto", "s", "ms", "us", "ns" */
    tp_screen screen;
} tp_style;

/* From --format, --unit and the options of output. 0, or an exit status with the error printed. */
int tp_style_find(tp_style *style, const tp_arguments *arguments);

/* Whether people are to read it: then a heading may stand above the table. */
int tp_style_is_for_people(const tp_style *style);

void tp_table_init(tp_table *table, const tp_column *columns, size_t count);
void tp_table_free(tp_table *table);

/* Appends a row of column_count cells, which the caller fills; NULL without memory. */
tp_cell *tp_table_row(tp_table *table);

TP_NODISCARD tp_status tp_table_print(const tp_table *table, FILE *out, const tp_style *style);

/* A unit of times. */
typedef struct tp_unit {
    const char *name;
    double seconds;
    int decimals; /* as times in it are shown */
} tp_unit;

/* The unit of that name; for "auto" the one that fits the largest of some times, in seconds. */
const tp_unit *tp_unit_find(const char *name, double most);

/* A time with its unit, "1.234 ms", as for headings. */
void tp_put_time(FILE *out, double seconds);

#endif

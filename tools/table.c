#include "table.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "bar.h"
#include "text.h"

#define LEAST_LABEL_WIDTH 24

/* Texts are not padded further, so that one long name does not fill a file with blanks. */
#define MOST_PADDING 100

static const tp_unit units[] = {
    { "s", 1, 3 }, { "ms", 1e-3, 3 }, { "us", 1e-6, 1 }, { "ns", 1e-9, 0 }
};
#define UNIT_COUNT (sizeof units / sizeof *units)

int tp_style_find(tp_style *style, const tp_arguments *arguments)
{
    static const char *const names[] = { "text", "md", "csv", "json", "jsonl" };
    const char *format = tp_argument(arguments, "format"), *name = tp_argument(arguments, "unit");
    *style = (tp_style){ .unit = name != NULL ? name : "auto" };
    for (size_t i = 0; format != NULL && i < sizeof names / sizeof *names; i++) {
        if (strcmp(format, names[i]) == 0)
            style->format = (tp_format)i;
    }
    return tp_screen_find(&style->screen, arguments);
}

int tp_style_is_for_people(const tp_style *style)
{
    return style->format <= TP_FORMAT_MD;
}

void tp_table_init(tp_table *table, const tp_column *columns, size_t count)
{
    *table = (tp_table){ .columns = columns, .column_count = count };
}

void tp_table_free(tp_table *table)
{
    free(table->cells);
    tp_table_init(table, NULL, 0);
}

tp_cell *tp_table_row(tp_table *table)
{
    if (table->row_count == table->capacity) {
        size_t wanted = table->capacity == 0 ? 64 : table->capacity * 2;
        tp_cell *cells = realloc(table->cells, wanted * table->column_count * sizeof *cells);
        if (cells == NULL)
            return NULL;
        table->cells = cells;
        table->capacity = wanted;
    }
    tp_cell *row = table->cells + table->row_count++ * table->column_count;
    memset(row, 0, table->column_count * sizeof *row);
    return row;
}

static const tp_cell *cell_at(const tp_table *table, size_t row, size_t column)
{
    return &table->cells[row * table->column_count + column];
}

typedef struct layout {
    const tp_table *table;
    const tp_style *style;
    const tp_unit *u;
    size_t *widths; /* Owned; by column */
    char *left_out; /* Owned; by column: there is no room for it */
    size_t last;    /* column shown last: it is not padded, and cut to the screen */
    size_t room;    /* for that one; 0: as much as it wants */
} layout;

static int is_shown(const layout *l, size_t column)
{
    int audience = tp_style_is_for_people(l->style) ? TP_FOR_PEOPLE : TP_FOR_MACHINES;
    return (l->table->columns[column].shown & audience) != 0 && !l->left_out[column];
}

static const tp_unit *unit_for(double seconds)
{
    for (size_t i = 0; i + 1 < UNIT_COUNT; i++) {
        if (fabs(seconds) >= units[i].seconds)
            return &units[i];
    }
    return seconds == 0 ? &units[1] : &units[UNIT_COUNT - 1];
}

const tp_unit *tp_unit_find(const char *name, double most)
{
    for (size_t i = 0; i < UNIT_COUNT; i++) {
        if (strcmp(name, units[i].name) == 0)
            return &units[i];
    }
    return unit_for(most);
}

void tp_put_time(FILE *out, double seconds)
{
    const tp_unit *u = unit_for(seconds);
    fprintf(out, "%.*f %s", u->decimals, seconds / u->seconds, u->name);
}

/* The unit of all times in the table: for people the one that fits the largest. */
static const tp_unit *find_unit(const layout *l)
{
    const tp_table *table = l->table;
    double most = 0;
    const tp_unit *asked = tp_unit_find(l->style->unit, 0);
    if (strcmp(l->style->unit, asked->name) == 0)
        return asked;
    if (!tp_style_is_for_people(l->style))
        return &units[0];
    for (size_t r = 0; r < table->row_count; r++) {
        for (size_t c = 0; c < table->column_count; c++) {
            const tp_cell *cell = cell_at(table, r, c);
            if (table->columns[c].kind == TP_CELL_TIME && !cell->absent && is_shown(l, c))
                most = fmax(most, fabs(cell->real));
        }
    }
    return unit_for(most);
}

static int is_time(const tp_column *column)
{
    return column->kind == TP_CELL_TIME || column->kind == TP_CELL_EACH;
}

/* Decimals of a time, in its unit: what is tiny beside the table's other times gets more. */
static int decimals_of(const tp_column *column, double value, const tp_unit *u)
{
    int decimals = u->decimals;
    double least = 100 * pow(10, -u->decimals);
    for (; column->kind == TP_CELL_EACH && value > 0 && value < least && decimals < 9; least /= 10)
        decimals++;
    return decimals;
}

/* A number for people, or what stands in its place. */
static size_t format_number(char *text, size_t room, const tp_column *column, const tp_cell *cell,
                            const tp_unit *u)
{
    const char *sign = "";
    int size = 0;
    if (cell->absent)
        size = snprintf(text, room, "%s", cell->absent == TP_NOT_ASKED ? "" : "-");
    else if (column->kind == TP_CELL_COUNT) {
        sign = column->with_sign && cell->count > 0 ? "+" : "";
        size = snprintf(text, room, "%s%lld", sign, (long long)cell->count);
    } else if (is_time(column)) {
        double value = cell->real / u->seconds;
        sign = column->with_sign && value > 0 ? "+" : "";
        size = snprintf(text, room, "%s%.*f", sign, decimals_of(column, value, u), value);
    } else {
        sign = column->with_sign && cell->real > 0 ? "+" : "";
        size = snprintf(text, room, "%s%.1f%%", sign, cell->real * 100);
    }
    return size < 0 ? 0 : (size_t)size;
}

static int is_number(const tp_column *column)
{
    return column->kind <= TP_CELL_SHARE;
}

static size_t cell_width(const tp_column *column, const tp_cell *cell, const tp_unit *u)
{
    if (is_number(column))
        return format_number(NULL, 0, column, cell, u);
    if (column->kind == TP_CELL_BAR)
        return TP_BAR_WIDTH;
    if (cell->absent)
        return 1;
    return column->kind == TP_CELL_WORD ? tp_string_width(cell->word)
                                        : cell->indent + tp_label_width(cell->label);
}

static size_t title_width(const tp_column *column, const tp_unit *u)
{
    return strlen(column->title) + (is_time(column) ? strlen(u->name) + 1 : 0);
}

static void put_title(FILE *out, const tp_column *column, const tp_unit *u)
{
    fputs(column->title, out);
    if (is_time(column))
        fprintf(out, " %s", u->name);
}

static void pad(FILE *out, size_t width, size_t taken)
{
    for (; taken < width; taken++)
        putc(' ', out);
}

static size_t column_width(const layout *l, size_t column)
{
    const tp_table *table = l->table;
    const tp_column *c = &table->columns[column];
    size_t most = title_width(c, l->u);
    for (size_t r = 0; r < table->row_count; r++) {
        size_t width = cell_width(c, cell_at(table, r, column), l->u);
        if (width > most)
            most = is_number(c) || width < MOST_PADDING ? width : MOST_PADDING;
    }
    return most;
}

/* Columns taken by all that stands before the last one. */
static size_t taken_before_last(const layout *l)
{
    size_t taken = 0;
    for (size_t c = 0; c < l->last; c++)
        taken += is_shown(l, c) ? l->widths[c] + 2 : 0;
    return taken;
}

/* Leaves out the column that is spared most easily. 0: none is. */
static int leave_out(layout *l)
{
    const tp_column *columns = l->table->columns;
    size_t found = 0;
    for (size_t c = 1; c < l->last; c++) {
        if (is_shown(l, c) && columns[c].spare > (found > 0 ? columns[found].spare : 0))
            found = c;
    }
    l->left_out[found] = found > 0;
    return found > 0;
}

/* Labels before the last column get half of what the numbers leave. */
static void fit_labels(layout *l, size_t screen)
{
    for (size_t c = 0; c < l->last; c++) {
        if (!is_shown(l, c) || l->table->columns[c].kind != TP_CELL_LABEL)
            continue;
        size_t others = taken_before_last(l) - l->widths[c];
        size_t half = screen > others ? (screen - others) / 2 : 0;
        if (half < LEAST_LABEL_WIDTH)
            half = LEAST_LABEL_WIDTH;
        if (l->widths[c] > half)
            l->widths[c] = half;
    }
}

static void fit_screen(layout *l, size_t screen)
{
    fit_labels(l, screen);
    while (taken_before_last(l) + LEAST_LABEL_WIDTH > screen && leave_out(l))
        fit_labels(l, screen);
    size_t taken = taken_before_last(l);
    l->room = screen > taken + LEAST_LABEL_WIDTH ? screen - taken : LEAST_LABEL_WIDTH;
}

/* Texts in the last column are not measured: nothing stands behind them. */
static void measure(layout *l)
{
    const tp_table *table = l->table;
    l->u = find_unit(l);
    for (size_t c = 0; c < table->column_count; c++) {
        if (is_shown(l, c))
            l->last = c;
    }
    for (size_t c = 0; c < table->column_count; c++) {
        if (is_shown(l, c) && (c != l->last || is_number(&table->columns[c])))
            l->widths[c] = column_width(l, c);
    }
    if (l->style->format == TP_FORMAT_TEXT && l->style->screen.width > 0)
        fit_screen(l, l->style->screen.width);
}

/* Red for a fifth and more, yellow for a twentieth. */
static const char *heat_of(const layout *l, size_t column, const tp_cell *cell)
{
    int coloured = l->style->format == TP_FORMAT_TEXT && l->style->screen.colour;
    if (!coloured || !l->table->columns[column].heat || cell->absent)
        return "";
    return cell->real >= 0.2 ? "\033[31m" : cell->real >= 0.05 ? "\033[33m" : "";
}

/* Cut to the room there is; the indentation gives way first. Gives the columns it took. */
static size_t put_label(FILE *out, const layout *l, size_t column, const tp_cell *cell,
                        tp_quoting quoting)
{
    size_t room = l->room == 0 ? 0 : column == l->last ? l->room : l->widths[column];
    size_t spare = room > LEAST_LABEL_WIDTH ? room - LEAST_LABEL_WIDTH : 0;
    size_t most = room == 0 ? MOST_PADDING : spare;
    size_t indent = cell->indent < most ? cell->indent : most;
    pad(out, indent, 0);
    return indent + tp_put_label(out, cell->label, quoting, room > indent ? room - indent : 0);
}

static size_t put_bar(FILE *out, const layout *l, size_t column, const tp_cell *cell)
{
    char bar[TP_BAR_ROOM];
    const char *heat = heat_of(l, column, cell);
    size_t taken = tp_bar_format(bar, cell->absent ? 0 : cell->real, l->style->screen.bars);
    fprintf(out, "%s%s%s", heat, bar, *heat != '\0' ? "\033[0m" : "");
    return taken;
}

static void put_cell(FILE *out, const layout *l, size_t column, const tp_cell *cell,
                     tp_quoting quoting)
{
    const tp_column *c = &l->table->columns[column];
    size_t width = l->widths[column];
    if (is_number(c)) {
        char text[400];
        size_t size = format_number(text, sizeof text, c, cell, l->u);
        const char *heat = heat_of(l, column, cell);
        pad(out, width, size);
        fprintf(out, "%s%s%s", heat, text, *heat != '\0' ? "\033[0m" : "");
        return;
    }
    size_t taken = 1;
    if (c->kind == TP_CELL_BAR) {
        taken = put_bar(out, l, column, cell);
    } else if (cell->absent) {
        putc('-', out);
    } else if (c->kind == TP_CELL_WORD) {
        tp_put_string(out, cell->word, quoting);
        taken = tp_string_width(cell->word);
    } else {
        taken = put_label(out, l, column, cell, quoting);
    }
    if (column != l->last)
        pad(out, width, taken);
}

static void put_padded_title(FILE *out, const layout *l, size_t column)
{
    const tp_column *c = &l->table->columns[column];
    size_t width = title_width(c, l->u);
    if (is_number(c))
        pad(out, l->widths[column], width);
    put_title(out, c, l->u);
    if (column != l->last && !is_number(c))
        pad(out, l->widths[column], width);
}

static void print_text(const layout *l, FILE *out)
{
    const tp_table *table = l->table;
    const char *bold = l->style->screen.colour ? "\033[1m" : "";
    fputs(bold, out);
    for (size_t c = 0; c <= l->last; c++) {
        if (!is_shown(l, c))
            continue;
        put_padded_title(out, l, c);
        fputs(c == l->last ? "" : "  ", out);
    }
    fprintf(out, "%s\n", *bold != '\0' ? "\033[0m" : "");
    for (size_t r = 0; r < table->row_count; r++) {
        for (size_t c = 0; c <= l->last; c++) {
            if (!is_shown(l, c))
                continue;
            put_cell(out, l, c, cell_at(table, r, c), TP_PLAIN);
            fputs(c == l->last ? "\n" : "  ", out);
        }
    }
}

static void print_md(const layout *l, FILE *out)
{
    const tp_table *table = l->table;
    for (size_t c = 0; c <= l->last; c++) {
        if (!is_shown(l, c))
            continue;
        fputs("| ", out);
        put_padded_title(out, l, c);
        putc(' ', out);
    }
    fputs("|\n", out);
    for (size_t c = 0; c <= l->last; c++) {
        if (is_shown(l, c))
            fputs(is_number(&table->columns[c]) ? "| ---: " : "| --- ", out);
    }
    fputs("|\n", out);
    for (size_t r = 0; r < table->row_count; r++) {
        for (size_t c = 0; c <= l->last; c++) {
            if (!is_shown(l, c))
                continue;
            fputs("| ", out);
            put_cell(out, l, c, cell_at(table, r, c), TP_MARKDOWN);
            putc(' ', out);
        }
        fputs("|\n", out);
    }
}

/* Sums of hostile files may be too large for a double; JSON has no word for that. */
static int is_unknown(const tp_column *column, const tp_cell *cell, const tp_unit *u)
{
    if (is_time(column))
        return cell->absent || !isfinite(cell->real / u->seconds);
    return cell->absent || (column->kind == TP_CELL_SHARE && !isfinite(cell->real));
}

/* What machines read: one value, without its name. */
static void put_value(FILE *out, const tp_column *column, const tp_cell *cell, const tp_unit *u,
                      tp_quoting quoting)
{
    if (is_unknown(column, cell, u))
        fputs(quoting == TP_JSON ? "null" : "", out);
    else if (column->kind == TP_CELL_COUNT)
        fprintf(out, "%lld", (long long)cell->count);
    else if (is_time(column))
        tp_put_double(out, cell->real / u->seconds);
    else if (column->kind == TP_CELL_SHARE)
        tp_put_double(out, cell->real);
    else
        tp_put_string(out, cell->word, quoting);
}

/* A label is three columns: key prefix and "file", "line", "name". */
static void put_csv_label(FILE *out, const tp_cell *cell)
{
    if (cell->absent) {
        fputs(",,", out);
        return;
    }
    tp_put_string(out, cell->label->file, TP_CSV);
    fprintf(out, ",%lld,", (long long)cell->label->line);
    tp_put_string(out, cell->label->name, TP_CSV);
}

static void end_csv_row(FILE *out, const char *times)
{
    fprintf(out, "%s%s\n", times != NULL ? "," : "", times != NULL ? times : "");
}

static void print_csv(const layout *l, FILE *out)
{
    const tp_table *table = l->table;
    for (size_t c = 0; c <= l->last; c++) {
        const tp_column *column = &table->columns[c];
        if (!is_shown(l, c))
            continue;
        if (column->kind == TP_CELL_LABEL)
            fprintf(out, "%sfile,%sline,%sname", column->key, column->key, column->key);
        else
            fprintf(out, "%s%s%s", column->key, is_time(column) ? "_" : "",
                    is_time(column) ? l->u->name : "");
        fputs(c == l->last ? "" : ",", out);
    }
    end_csv_row(out, table->times != NULL ? "times" : NULL);
    for (size_t r = 0; r < table->row_count; r++) {
        for (size_t c = 0; c <= l->last; c++) {
            if (!is_shown(l, c))
                continue;
            const tp_cell *cell = cell_at(table, r, c);
            if (table->columns[c].kind == TP_CELL_LABEL)
                put_csv_label(out, cell);
            else
                put_value(out, &table->columns[c], cell, l->u, TP_CSV);
            fputs(c == l->last ? "" : ",", out);
        }
        end_csv_row(out, table->times);
    }
}

static void put_json_label(FILE *out, const char *key, const tp_cell *cell)
{
    fprintf(out, "\"%sfile\":", key);
    if (cell->absent) {
        fprintf(out, "null,\"%sline\":null,\"%sname\":null", key, key);
        return;
    }
    tp_put_string(out, cell->label->file, TP_JSON);
    fprintf(out, ",\"%sline\":%lld,\"%sname\":", key, (long long)cell->label->line, key);
    tp_put_string(out, cell->label->name, TP_JSON);
}

static void put_json_row(FILE *out, const layout *l, size_t row)
{
    const char *comma = "";
    putc('{', out);
    for (size_t c = 0; c <= l->last; c++) {
        const tp_column *column = &l->table->columns[c];
        const tp_cell *cell = cell_at(l->table, row, c);
        if (!is_shown(l, c))
            continue;
        fputs(comma, out);
        comma = ",";
        if (column->kind == TP_CELL_LABEL) {
            put_json_label(out, column->key, cell);
            continue;
        }
        fprintf(out, "\"%s%s%s\":", column->key, is_time(column) ? "_" : "",
                is_time(column) ? l->u->name : "");
        put_value(out, column, cell, l->u, TP_JSON);
    }
    if (l->table->times != NULL)
        fprintf(out, ",\"times\":\"%s\"", l->table->times);
    putc('}', out);
}

static void print_json(const layout *l, FILE *out)
{
    int lines = l->style->format == TP_FORMAT_JSONL;
    if (!lines)
        putc('[', out);
    for (size_t r = 0; r < l->table->row_count; r++) {
        if (!lines && r > 0)
            fputs(",\n ", out);
        put_json_row(out, l, r);
        if (lines)
            putc('\n', out);
    }
    if (!lines)
        fputs("]\n", out);
}

tp_status tp_table_print(const tp_table *table, FILE *out, const tp_style *style)
{
    layout l = { .table = table, .style = style };
    l.widths = calloc(table->column_count + 1, sizeof *l.widths);
    l.left_out = calloc(table->column_count + 1, 1);
    if (l.widths == NULL || l.left_out == NULL) {
        free(l.widths);
        free(l.left_out);
        return TP_ENOMEM;
    }
    measure(&l);
    switch (style->format) {
    case TP_FORMAT_TEXT:
        print_text(&l, out);
        break;
    case TP_FORMAT_MD:
        print_md(&l, out);
        break;
    case TP_FORMAT_CSV:
        print_csv(&l, out);
        break;
    case TP_FORMAT_JSON:
    case TP_FORMAT_JSONL:
        print_json(&l, out);
        break;
    }
    free(l.widths);
    free(l.left_out);
    return TP_OK;
}

#include "tables.h"

#include <string.h>

#include "flow.h"
#include "memory.h"
#include "model.h"
#include "names.h"

static const struct {
    const char *table, *row;
} words[] = {
    [TP_TABLE_FUNCTIONS] = { "functions", "function" },
    [TP_TABLE_EDGES] = { "edges", "edge" },
    [TP_TABLE_CONTEXTS] = { "contexts", "context" },
    [TP_TABLE_COROUTINES] = { "coroutines", "coroutine" },
    [TP_TABLE_THREADS] = { "threads", "thread" },
    [TP_TABLE_PROCESSES] = { "processes", "process" },
    [TP_TABLE_PROPERTIES] = { "properties", "property" },
};

const char *tp_table_name(tp_emit_table table)
{
    return words[table].table;
}

const char *tp_row_name(tp_emit_table table)
{
    return words[table].row;
}

static tp_cell *add(tp_row_walk *w, const char *name, tp_cell_kind kind)
{
    tp_cell *cell = &w->cells[w->cell_count++];
    *cell = (tp_cell){ .name = name, .kind = kind };
    return cell;
}

static void add_text(tp_row_walk *w, const char *name, tp_string text)
{
    add(w, name, TP_CELL_TEXT)->as.text = text;
}

static void add_integer(tp_row_walk *w, const char *name, int64_t value)
{
    add(w, name, TP_CELL_INTEGER)->as.integer = value;
}

static void add_unsigned(tp_row_walk *w, const char *name, uint64_t value)
{
    add(w, name, TP_CELL_UNSIGNED)->as.number = value;
}

static void add_real(tp_row_walk *w, const char *name, double value)
{
    add(w, name, TP_CELL_REAL)->as.real = value;
}

/* Numbers of calls are not known to everybody. */
static void add_calls(tp_row_walk *w, const char *name, int64_t value)
{
    add(w, name, tp_profile_has_calls(w->profile) ? TP_CELL_INTEGER : TP_CELL_NONE)->as.integer = value;
}

static void add_edge_time(tp_row_walk *w, const char *name, double value)
{
    add(w, name, tp_profile_has_edge_times(w->profile) ? TP_CELL_REAL : TP_CELL_NONE)->as.real = value;
}

/* A function that the row is about or refers to: its number, or its label. */
typedef struct reference_names {
    const char *number, *file, *line, *name;
} reference_names;

static const reference_names of_function = { "function", "file", "line", "name" };
static const reference_names of_caller = { "caller", "caller_file", "caller_line", "caller_name" };
static const reference_names of_callee = { "callee", "callee_file", "callee_line", "callee_name" };

static void add_reference(tp_row_walk *w, const reference_names *names, uint32_t function)
{
    const tp_label *label = &w->profile->functions[function].label;
    add_unsigned(w, names->number, function);
    w->cells[w->cell_count - 1].place = TP_JSON_ONLY;
    add_text(w, names->file, label->file);
    add_integer(w, names->line, label->line);
    add_text(w, names->name, label->name);
    for (size_t i = w->cell_count - 3; i < w->cell_count; i++)
        w->cells[i].place = TP_CSV_ONLY;
}

/* What other tables know the row as. */
static void add_own_number(tp_row_walk *w, const char *name)
{
    add_unsigned(w, name, w->next);
    w->cells[w->cell_count - 1].place = TP_JSON_ONLY;
}

static void put_function(tp_row_walk *w)
{
    const tp_function *row = &w->profile->functions[w->next];
    add_own_number(w, "function");
    add_text(w, "file", row->label.file);
    add_integer(w, "line", row->label.line);
    add_text(w, "name", row->label.name);
    add_calls(w, "calls", row->calls);
    add_calls(w, "primitive_calls", row->primitive_calls);
    add_real(w, "total", row->total);
    add_real(w, "cumulative", row->cumulative);
    if (tp_profile_has_both_times(w->profile)) {
        add_real(w, "other_total", row->other_total);
        add_real(w, "other_cumulative", row->other_cumulative);
    }
}

static void put_edge(tp_row_walk *w)
{
    const tp_edge *edge = &w->profile->edges[w->next];
    add_reference(w, &of_caller, edge->caller);
    add_reference(w, &of_callee, edge->callee);
    add_calls(w, "calls", edge->calls);
    add(w, "primitive_calls",
        tp_profile_has_calls(w->profile) && tp_profile_has_edge_times(w->profile) ? TP_CELL_INTEGER
                                                                                  : TP_CELL_NONE)
        ->as.integer = edge->primitive_calls;
    add_edge_time(w, "total", edge->total);
    add_edge_time(w, "cumulative", edge->cumulative);
    if (tp_profile_has_both_times(w->profile)) {
        add_edge_time(w, "other_total", edge->other_total);
        add_edge_time(w, "other_cumulative", edge->other_cumulative);
    }
}

static void put_context(tp_row_walk *w)
{
    const tp_context *context = &w->profile->trees[w->thread].contexts[w->next];
    double unit = w->profile->unit;
    add_unsigned(w, "thread", w->thread);
    add_unsigned(w, "context", w->next);
    add(w, "parent", context->parent == TP_NO_INDEX ? TP_CELL_NONE : TP_CELL_UNSIGNED)->as.number =
        context->parent;
    add_reference(w, &of_function, context->function);
    add(w, "calls", tp_profile_has_calls(w->profile) ? TP_CELL_UNSIGNED : TP_CELL_NONE)->as.number =
        context->calls;
    add(w, "nested_calls", tp_profile_has_calls(w->profile) ? TP_CELL_UNSIGNED : TP_CELL_NONE)->as.number =
        context->nested_calls;
    add_integer(w, "ticks", context->inclusive_ticks);
    add_real(w, "total", (double)w->self[w->next] * unit);
    add_real(w, "cumulative", (double)context->inclusive_ticks * unit);
    if (tp_profile_has_both_times(w->profile))
        add_integer(w, "other_ticks", context->other_ticks);
    if (w->has_awaited) {
        add_integer(w, "awaited_ticks", context->awaited_ticks);
        add_real(w, "awaited", (double)context->awaited_ticks * unit);
    }
}

static void put_coroutine(tp_row_walk *w)
{
    const tp_coroutine *row = &w->profile->coroutines[w->next];
    double unit = w->profile->unit;
    add_reference(w, &of_function, row->function);
    add_unsigned(w, "started", row->started);
    add_unsigned(w, "resumes", row->resumes);
    add_integer(w, "active_ticks", row->active_ticks);
    add_integer(w, "awaited_ticks", row->awaited_ticks);
    add_real(w, "active", (double)row->active_ticks * unit);
    add_real(w, "awaited", (double)row->awaited_ticks * unit);
    if (tp_profile_has_both_times(w->profile))
        add_integer(w, "other_active_ticks", row->other_active_ticks);
}

static void put_thread(tp_row_walk *w)
{
    const tp_thread_tree *thread = &w->profile->threads[w->next];
    int has_process = thread->process != TP_NO_INDEX;
    add_unsigned(w, "thread", w->next);
    add_text(w, "name", thread->name);
    add_unsigned(w, "id", thread->id);
    add(w, "pid", has_process ? TP_CELL_INTEGER : TP_CELL_NONE)->as.integer =
        has_process ? w->profile->processes[thread->process].pid : 0;
    add_unsigned(w, "contexts", thread->context_count);
}

static void put_process(tp_row_walk *w)
{
    const tp_process *process = &w->profile->processes[w->next];
    add_integer(w, "pid", process->pid);
    add_integer(w, "parent_pid", process->parent_pid);
    add_text(w, "command", process->command);
    add_real(w, "start", process->start);
    add_real(w, "duration", process->duration);
}

static void put_property(tp_row_walk *w)
{
    const tp_property *property = &w->profile->properties[w->next];
    add_text(w, "name", property->name);
    if (property->kind == TP_TEXT)
        add_text(w, "value", property->text);
    else if (property->kind == TP_INTEGER)
        add_integer(w, "value", property->integer);
    else
        add_real(w, "value", property->real);
}

static void (*const put_row[])(tp_row_walk *walk) = {
    [TP_TABLE_FUNCTIONS] = put_function,   [TP_TABLE_EDGES] = put_edge,
    [TP_TABLE_CONTEXTS] = put_context,     [TP_TABLE_COROUTINES] = put_coroutine,
    [TP_TABLE_THREADS] = put_thread,       [TP_TABLE_PROCESSES] = put_process,
    [TP_TABLE_PROPERTIES] = put_property,
};

static size_t count_rows(const tp_row_walk *w)
{
    const tp_profile *p = w->profile;
    const size_t counts[] = {
        [TP_TABLE_FUNCTIONS] = p->function_count,   [TP_TABLE_EDGES] = p->edge_count,
        [TP_TABLE_CONTEXTS] = w->thread < p->thread_count ? p->trees[w->thread].count : 0,
        [TP_TABLE_COROUTINES] = p->coroutine_count, [TP_TABLE_THREADS] = p->thread_count,
        [TP_TABLE_PROCESSES] = p->process_count,    [TP_TABLE_PROPERTIES] = p->property_count,
    };
    return counts[w->table];
}

void tp_row_walk_begin(tp_row_walk *w, const tp_profile *profile, tp_emit_table table)
{
    *w = (tp_row_walk){ .profile = profile, .table = table };
    w->has_awaited = table == TP_TABLE_CONTEXTS && tp_profile_has_awaited(profile);
}

void tp_row_walk_end(tp_row_walk *w)
{
    tp_free(w->profile->allocator, w->self);
    w->self = NULL;
}

/* Own ticks of the thread that begins. */
static tp_status begin_thread(tp_row_walk *w)
{
    const tp_tree_data *tree = &w->profile->trees[w->thread];
    tp_free(w->profile->allocator, w->self);
    w->self = tp_alloc(w->profile->allocator, tree->count, sizeof *w->self);
    if (w->self == NULL)
        return TP_ENOMEM;
    tp_own_ticks(tree->contexts, tree->count, w->self);
    return TP_OK;
}

/* The cells of a row that says nothing: their names. */
static void name_cells(tp_row_walk *w)
{
    tp_function function = { .calls = 0 };
    tp_edge edge = { .caller = 0 };
    tp_context context = { .parent = TP_NO_INDEX };
    tp_tree_data tree = { .contexts = &context, .count = 1 };
    tp_thread_tree thread = { .process = TP_NO_INDEX };
    tp_coroutine coroutine = { .function = 0 };
    tp_process process = { .pid = 0 };
    tp_property property = { .kind = TP_TEXT };
    tp_profile shape = *w->profile;
    int64_t self = 0;
    tp_row_walk one = { .profile = &shape, .self = &self, .has_awaited = w->has_awaited };
    shape.functions = &function;
    shape.edges = &edge;
    shape.trees = &tree;
    shape.threads = &thread;
    shape.coroutines = &coroutine;
    shape.processes = &process;
    shape.properties = &property;
    put_row[w->table](&one);
    memcpy(w->cells, one.cells, sizeof w->cells);
    w->cell_count = one.cell_count;
}

tp_status tp_row_walk_next(tp_row_walk *w, int *there)
{
    int is_contexts = w->table == TP_TABLE_CONTEXTS;
    while (is_contexts && w->thread < w->profile->thread_count && w->next == count_rows(w)) {
        w->thread++;
        w->next = 0;
    }
    w->cell_count = 0;
    *there = w->next < count_rows(w);
    if (!*there) {
        name_cells(w);
        return TP_OK;
    }
    if (is_contexts && w->next == 0) {
        tp_status status = begin_thread(w);
        if (status != TP_OK)
            return status;
    }
    put_row[w->table](w);
    w->next++;
    return TP_OK;
}

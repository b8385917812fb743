/* The reader of pstats files, and all that can be made of what it has read. */
#include <string.h>

#include "bounds.h"

/* What the header of <traceprof/pstats.h> promises: 16 times the input. A profile of nothing has its
 * first tables all the same. */
#define LEAST_MEMORY ((size_t)16 << 10)
#define MEMORY_FACTOR 16

#define SECONDS 1.0

/* Results go here, so that no reading is optimised away. */
static volatile uint64_t sink;

static void touch_string(tp_string text)
{
    uint64_t sum = text.size;
    for (size_t i = 0; i <= text.size; i++)
        sum += (unsigned char)text.bytes[i];
    if (text.bytes[text.size] != '\0')
        fuzz_fail("a string without its end");
    sink += sum;
}

static void walk_rows(const tp_profile *profile)
{
    size_t functions = tp_profile_function_count(profile);
    for (size_t i = 0; i < functions; i++) {
        const tp_function *f = &tp_profile_functions(profile)[i];
        touch_string(f->label.file);
        touch_string(f->label.name);
        sink += (uint64_t)f->calls + (uint64_t)tp_label_is_library(&f->label);
    }
    for (size_t i = 0; i < tp_profile_edge_count(profile); i++) {
        const tp_edge *e = &tp_profile_edges(profile)[i];
        if (e->caller >= functions || e->callee >= functions)
            fuzz_fail("an edge that leads nowhere");
    }
}

static void walk_trees(const tp_profile *profile)
{
    for (size_t t = 0; t < tp_profile_thread_count(profile); t++) {
        const tp_thread_tree *tree = &tp_profile_threads(profile)[t];
        touch_string(tree->name);
        if (tree->process != TP_NO_INDEX && tree->process >= tp_profile_process_count(profile))
            fuzz_fail("a thread of a process that is not there");
        for (size_t i = 0; i < tree->context_count; i++) {
            const tp_context *c = &tree->contexts[i];
            if (c->function >= tp_profile_function_count(profile) ||
                (c->parent != TP_NO_INDEX && c->parent >= i))
                fuzz_fail("a context out of its tree");
        }
    }
}

static void walk_figures(const tp_profile *profile)
{
    for (size_t i = 0; i < tp_profile_coroutine_count(profile); i++) {
        const tp_coroutine *c = &tp_profile_coroutines(profile)[i];
        if (c->function >= tp_profile_function_count(profile) ||
            (i > 0 && c->function <= c[-1].function))
            fuzz_fail("a coroutine out of its order");
        if (c->started > INT64_MAX || c->resumes > INT64_MAX || c->active_ticks < 0 ||
            c->awaited_ticks < 0 || c->other_active_ticks < 0)
            fuzz_fail("a coroutine's number is negative");
    }
    for (size_t i = 0; i < tp_profile_process_count(profile); i++) {
        const tp_process *p = &tp_profile_processes(profile)[i];
        touch_string(p->command);
        if (p->pid < 0 || p->parent_pid < 0 || !(p->start >= 0) || !(p->duration >= 0))
            fuzz_fail("a process's number is negative");
    }
}

static void walk(const tp_profile *profile)
{
    size_t thread;
    uint32_t path[16];
    walk_rows(profile);
    walk_trees(profile);
    walk_figures(profile);
    for (size_t i = 0; i < tp_profile_property_count(profile); i++) {
        const tp_property *p = &tp_profile_properties(profile)[i];
        touch_string(p->name);
        if (p->kind == TP_TEXT)
            touch_string(p->text);
        if (tp_profile_property(profile, p->name.bytes) != p)
            fuzz_fail("a property that is not found by its name");
    }
    sink += tp_profile_hottest_path(profile, &thread, path, 16);
    sink += strlen(tp_dialect_name(tp_profile_origin(profile).dialect));
}

static int is_same_string(tp_string a, tp_string b)
{
    return a.size == b.size && memcmp(a.bytes, b.bytes, a.size) == 0;
}

/* A number that the dialect does not know is not written. */
static void compare_rows(const tp_profile *a, const tp_profile *b)
{
    int calls = tp_profile_has_calls(a), times = tp_profile_has_edge_times(a);
    int both = tp_profile_has_both_times(a);
    if (tp_profile_function_count(a) != tp_profile_function_count(b) ||
        tp_profile_edge_count(a) != tp_profile_edge_count(b))
        fuzz_fail("rows were lost on the way");
    for (size_t i = 0; i < tp_profile_function_count(a); i++) {
        const tp_function *x = &tp_profile_functions(a)[i], *y = &tp_profile_functions(b)[i];
        if (!is_same_string(x->label.file, y->label.file) ||
            !is_same_string(x->label.name, y->label.name) || x->label.line != y->label.line ||
            (calls && x->calls != y->calls) ||
            (calls && x->primitive_calls != y->primitive_calls) || x->total != y->total ||
            x->cumulative != y->cumulative || x->other_total != y->other_total ||
            x->other_cumulative != y->other_cumulative)
            fuzz_fail("a row has changed on the way");
    }
    for (size_t i = 0; i < tp_profile_edge_count(a); i++) {
        const tp_edge *x = &tp_profile_edges(a)[i], *y = &tp_profile_edges(b)[i];
        if (x->caller != y->caller || x->callee != y->callee || (calls && x->calls != y->calls) ||
            (calls && times && x->primitive_calls != y->primitive_calls) ||
            (times && (x->total != y->total || x->cumulative != y->cumulative)) ||
            (both && (x->other_total != y->other_total || x->other_cumulative != y->other_cumulative)))
            fuzz_fail("an edge has changed on the way");
    }
}

static void compare_trees(const tp_profile *a, const tp_profile *b)
{
    if (tp_profile_thread_count(a) != tp_profile_thread_count(b))
        fuzz_fail("threads were lost on the way");
    for (size_t t = 0; t < tp_profile_thread_count(a); t++) {
        const tp_thread_tree *x = &tp_profile_threads(a)[t], *y = &tp_profile_threads(b)[t];
        if (x->context_count != y->context_count || x->id != y->id || x->process != y->process ||
            !is_same_string(x->name, y->name) ||
            (x->context_count > 0 &&
             memcmp(x->contexts, y->contexts, x->context_count * sizeof *x->contexts) != 0))
            fuzz_fail("a tree has changed on the way");
    }
}

static void compare_figures(const tp_profile *a, const tp_profile *b)
{
    size_t coroutines = tp_profile_coroutine_count(a), processes = tp_profile_process_count(a);
    if (tp_profile_coroutine_count(b) != coroutines || tp_profile_process_count(b) != processes)
        fuzz_fail("coroutines or processes were lost on the way");
    for (size_t i = 0; i < coroutines; i++) {
        const tp_coroutine *x = &tp_profile_coroutines(a)[i], *y = &tp_profile_coroutines(b)[i];
        if (x->function != y->function || x->started != y->started || x->resumes != y->resumes ||
            x->active_ticks != y->active_ticks || x->awaited_ticks != y->awaited_ticks ||
            x->other_active_ticks != y->other_active_ticks)
            fuzz_fail("a coroutine has changed on the way");
    }
    for (size_t i = 0; i < processes; i++) {
        const tp_process *x = &tp_profile_processes(a)[i], *y = &tp_profile_processes(b)[i];
        if (x->pid != y->pid || x->parent_pid != y->parent_pid || x->start != y->start ||
            x->duration != y->duration || !is_same_string(x->command, y->command))
            fuzz_fail("a process has changed on the way");
    }
}

/* What was read is written, and read again as it was. */
static void write_and_read(const tp_profile *profile, uint32_t as_is)
{
    tp_profile *again;
    tp_error error;
    tp_read_options options = TP_READ_OPTIONS_INIT;
    uint8_t *bytes;
    size_t size;
    options.as_is = as_is;
    if (tp_pstats_encode(profile, TP_PSTATS_WHOLE, &bytes, &size) != TP_OK)
        fuzz_fail("a profile cannot be written");
    if (tp_pstats_decode(&again, bytes, size, &options, &error) != TP_OK)
        fuzz_fail(error.message);
    if (tp_profile_times(profile) != tp_profile_times(again) ||
        tp_profile_has_both_times(profile) != tp_profile_has_both_times(again))
        fuzz_fail("the times have changed on the way");
    compare_rows(profile, again);
    compare_trees(profile, again);
    compare_figures(profile, again);
    tp_profile_destroy(again);
    tp_pstats_free(bytes);
}

/* A page takes as long as reading a hundred files. The first input has one in any case: one that failed can be
 * tried alone. */
#define PAGES 64

/* Whatever the names are, a page has two scripts: the data and its own. */
static void write_page(const tp_profile *profile)
{
    static unsigned inputs;
    if (inputs++ % PAGES != 0)
        return;
    static const char end[] = "</script>";
    uint8_t *bytes;
    size_t size, ends = 0;
    tp_report_options options = TP_REPORT_OPTIONS_INIT;
    options.before = profile;
    if (tp_report_encode(profile, &options, &bytes, &size) != TP_OK)
        return;
    for (size_t i = 0; i + sizeof end - 1 <= size; i++)
        ends += memcmp(bytes + i, end, sizeof end - 1) == 0;
    if (ends != 2)
        fuzz_fail("a name has left its place in the page");
    tp_report_free(bytes);
}

/* Profiles made from profiles may fail for a limit, but only so. */
static void walk_made(tp_profile *made, tp_status status)
{
    if (status == TP_OK) {
        walk(made);
        tp_profile_destroy(made);
    } else if (status != TP_ELIMIT) {
        fuzz_fail(tp_status_message(status));
    }
}

static void merge_with_itself(const tp_profile *profile, const tp_allocator *allocator)
{
    tp_merge *merge;
    tp_profile *made = NULL;
    tp_status status = tp_merge_create(&merge, allocator);
    if (status != TP_OK)
        fuzz_fail("no merge");
    for (int i = 0; status == TP_OK && i < 2; i++)
        status = tp_merge_add(merge, profile);
    if (status == TP_OK)
        status = tp_merge_finish(merge, &made, NULL);
    walk_made(made, status);
    tp_merge_destroy(merge);
}

static void reshape(const tp_profile *profile, const tp_allocator *allocator)
{
    tp_profile *made = NULL;
    tp_selection all = TP_SELECTION_INIT;
    tp_status status = tp_profile_select(&made, profile, &all);
    walk_made(made, status);
    status = tp_profile_strip_dirs(&made, profile);
    walk_made(made, status);
    status = tp_profile_invert(&made, profile, 8);
    walk_made(made, status);
    status = tp_profile_estimate_tree(&made, profile, 0.001);
    walk_made(made, status);
    merge_with_itself(profile, allocator);
    write_page(profile);
}

/* Shows the other times, if there are any. */
static void turn(tp_profile *profile)
{
    tp_times shown = tp_profile_times(profile);
    tp_times other = shown == TP_TIMES_RAW ? TP_TIMES_COMPENSATED : TP_TIMES_RAW;
    tp_status status = tp_profile_show_times(profile, other);
    if (status != (tp_profile_has_both_times(profile) ? TP_OK : TP_EARGUMENT))
        fuzz_fail("times that are there and cannot be shown, or the reverse");
    walk(profile);
}

static void decode(const uint8_t *data, size_t size, uint32_t as_is)
{
    counter memory;
    tp_profile *profile;
    tp_error error = { .status = TP_OK };
    tp_read_options options = TP_READ_OPTIONS_INIT;
    counter_init(&memory);
    options.allocator = &memory.allocator;
    options.as_is = as_is;
    clock_t start = stopwatch_start();
    tp_status status = tp_pstats_decode(&profile, data, size, &options, &error);
    counter_check_peak(&memory, size, LEAST_MEMORY, MEMORY_FACTOR);
    if (status == TP_OK) {
        walk(profile);
        write_and_read(profile, as_is);
        reshape(profile, &memory.allocator);
        turn(profile);
        tp_profile_destroy(profile);
    } else if (error.status != status || error.message == NULL || error.offset > size) {
        fuzz_fail("an error that says nothing");
    }
    stopwatch_check(start, SECONDS);
    counter_check_empty(&memory);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    decode(data, size, 0);
    decode(data, size, 1);
    return 0;
}

#include <math.h>
#include <string.h>

#include <traceprof/reshape.h>

#include "assemble.h"
#include "grove.h"
#include "memory.h"

struct tp_merge {
    const tp_allocator *allocator; /* Borrowed. */
    tp_assembly sum;               /* Owned. */
    tp_grove *groves;              /* Owned; one a thread name and process, as in the profile's trees */
    tp_map grove_of;               /* packed pair of process and name -> index */
    tp_map process_of;             /* hash of what tells a process -> index of one with it */
    size_t grove_capacity;
    size_t added;
    int64_t recordings; /* what was added may be sums itself */
    size_t without_tree;
    bool in_part; /* compensated times are not known of all */
};

#define IN_PART "in part"

tp_status tp_merge_create(tp_merge **out, const tp_allocator *allocator)
{
    tp_merge *merge = tp_alloc(allocator, 1, sizeof *merge);
    if (merge == NULL)
        return TP_ENOMEM;
    merge->allocator = allocator;
    tp_map_init(&merge->grove_of, allocator);
    tp_map_init(&merge->process_of, allocator);
    tp_status status = tp_assembly_init(&merge->sum, allocator);
    if (status == TP_OK)
        *out = merge;
    else
        tp_merge_destroy(merge);
    return status;
}

void tp_merge_destroy(tp_merge *merge)
{
    if (merge == NULL)
        return;
    size_t groves = merge->sum.profile == NULL ? 0 : merge->sum.profile->thread_count;
    for (size_t i = 0; merge->groves != NULL && i < groves; i++)
        tp_grove_free(&merge->groves[i]);
    tp_free(merge->allocator, merge->groves);
    tp_map_free(&merge->grove_of);
    tp_map_free(&merge->process_of);
    tp_assembly_free(&merge->sum);
    tp_free(merge->allocator, merge);
}

/* What counts a recording's mishaps adds up, as does its duration; of the start the first counts;
 * other facts are kept while all agree. */
static bool adds_up(const char *name)
{
    return strncmp(name, "calls_", 6) == 0 || strncmp(name, "repairs_", 8) == 0 ||
           strncmp(name, "timer_", 6) == 0 || strcmp(name, "duration") == 0 ||
           strcmp(name, "hook_lost") == 0 || strcmp(name, "compensation_taken") == 0 ||
           strcmp(name, "compensation_clamped") == 0;
}

static bool is_same(const tp_property *a, const tp_property *b)
{
    if (a->kind != b->kind)
        return false;
    switch (a->kind) {
    case TP_TEXT:
        return tp_string_compare(a->text, b->text) == 0;
    case TP_INTEGER:
        return a->integer == b->integer;
    case TP_REAL:
        return a->real == b->real;
    }
    return false;
}

/* False if the property cannot be of the sum. */
static bool merge_property(tp_property *sum, const tp_property *more)
{
    if (more == NULL)
        return adds_up(sum->name.bytes);
    if (is_same(sum, more) && !adds_up(sum->name.bytes))
        return true;
    if (sum->kind != more->kind || sum->kind == TP_TEXT)
        return false;
    if (strcmp(sum->name.bytes, "start") == 0 && sum->kind == TP_REAL) {
        sum->real = fmin(sum->real, more->real);
        return true;
    }
    sum->integer = (int64_t)((uint64_t)sum->integer + (uint64_t)more->integer);
    sum->real += more->real;
    return adds_up(sum->name.bytes);
}

/* What is counted may be so from the second recording on only: until then there was none. */
static tp_status begin_counts(tp_profile *sum, const tp_profile *profile)
{
    tp_status status = TP_OK;
    for (size_t i = 0; status == TP_OK && i < profile->property_count; i++) {
        const tp_property *p = &profile->properties[i];
        if (!adds_up(p->name.bytes) || tp_profile_property(sum, p->name.bytes) != NULL)
            continue;
        if (p->kind == TP_INTEGER)
            status = tp_profile_set_integer(sum, p->name.bytes, 0);
        else if (p->kind == TP_REAL)
            status = tp_profile_set_real(sum, p->name.bytes, 0);
    }
    return status;
}

static tp_status merge_properties(tp_profile *sum, const tp_profile *profile)
{
    size_t kept = 0;
    tp_status status = begin_counts(sum, profile);
    if (status != TP_OK)
        return status;
    for (size_t i = 0; i < sum->property_count; i++) {
        tp_property property = sum->properties[i];
        if (merge_property(&property, tp_profile_property(profile, property.name.bytes)))
            sum->properties[kept++] = property;
    }
    sum->property_count = kept;
    return TP_OK;
}

/* The sum shows what the first of both times does. What has one kind only counts in both, and needs no
 * exchange, whichever it is. */
static void take_kind(tp_profile *sum, const tp_profile *profile)
{
    if (!sum->both_times)
        sum->times = profile->times;
    sum->both_times |= profile->both_times;
}

static bool shows_otherwise(const tp_profile *sum, const tp_profile *profile)
{
    return profile->both_times && profile->times != sum->times;
}

static tp_status add_functions(tp_merge *merge, const tp_profile *profile, uint32_t *index_of)
{
    bool otherwise = shows_otherwise(merge->sum.profile, profile);
    merge->sum.row_guess = 0;
    for (size_t i = 0; i < profile->function_count; i++) {
        tp_function function = profile->functions[i];
        tp_status status = tp_assembly_row(&merge->sum, &index_of[i], &function.label);
        if (otherwise)
            tp_function_swap_times(&function);
        if (status == TP_OK)
            status = tp_assembly_add(&merge->sum, index_of[i], &function);
        if (status != TP_OK)
            return status;
    }
    return TP_OK;
}

static tp_status add_edges(tp_merge *merge, const tp_profile *profile, const uint32_t *index_of)
{
    bool otherwise = shows_otherwise(merge->sum.profile, profile);
    merge->sum.edge_guess = 0;
    for (size_t i = 0; i < profile->edge_count; i++) {
        tp_edge edge = profile->edges[i];
        if (otherwise)
            tp_edge_swap_times(&edge);
        edge.caller = index_of[edge.caller];
        edge.callee = index_of[edge.callee];
        tp_status status = tp_assembly_add_edge(&merge->sum, &edge);
        if (status != TP_OK)
            return status;
    }
    return TP_OK;
}

/* Neither 0, which no map takes, nor alike for those that are not. */
static uint64_t process_key(const tp_process *process, uint32_t command)
{
    uint64_t start, pid = (uint64_t)process->pid;
    memcpy(&start, &process->start, sizeof start);
    uint64_t key = pid << 32 | tp_mix(start ^ ((uint64_t)command << 32 | tp_mix(pid + 1)));
    return key != 0 ? key : 1;
}

static bool is_same_process(const tp_process *a, const tp_process *b)
{
    return a->pid == b->pid && a->start == b->start &&
           tp_string_compare(a->command, b->command) == 0;
}

/* The process's index in the sum. Should two have one key, the second's likes are not found again, and
 * stay apart. */
static tp_status find_process(tp_merge *merge, uint32_t *index, const tp_process *process)
{
    tp_profile *sum = merge->sum.profile;
    uint32_t command;
    tp_status status =
        tp_intern_put(&sum->strings, &command, process->command.bytes, process->command.size);
    if (status != TP_OK)
        return status;
    uint64_t key = process_key(process, command);
    uint32_t found = tp_map_get(&merge->process_of, key);
    if (found != TP_MAP_NONE && is_same_process(&sum->processes[found], process)) {
        *index = found;
        sum->processes[found].duration = fmax(sum->processes[found].duration, process->duration);
        return TP_OK;
    }
    status = tp_profile_add_process(sum, process, index);
    return status == TP_OK && found == TP_MAP_NONE ? tp_map_put(&merge->process_of, key, *index)
                                                   : status;
}

static tp_status add_processes(tp_merge *merge, const tp_profile *profile, uint32_t *process_of)
{
    tp_status status = TP_OK;
    for (size_t i = 0; status == TP_OK && i < profile->process_count; i++)
        status = find_process(merge, &process_of[i], &profile->processes[i]);
    return status;
}

/* The grove of the thread of this name and process, made if there is none. */
static tp_status find_grove(tp_merge *merge, tp_grove **grove, const tp_thread_tree *thread,
                            uint32_t process)
{
    tp_profile *sum = merge->sum.profile;
    uint32_t name;
    tp_status status =
        tp_intern_put(&sum->strings, &name, thread->name.bytes, thread->name.size);
    if (status != TP_OK)
        return status;
    /* TP_NO_INDEX + 1 is 0. */
    uint64_t pair = (uint64_t)(uint32_t)(process + 1) << 32 | ((uint64_t)name + 1);
    uint32_t found = tp_map_get(&merge->grove_of, pair);
    if (found != TP_MAP_NONE) {
        *grove = &merge->groves[found];
        return TP_OK;
    }
    void *array = merge->groves;
    status = tp_reserve(merge->allocator, &array, &merge->grove_capacity, sum->thread_count + 1,
                        sizeof *merge->groves);
    if (status != TP_OK)
        return status;
    merge->groves = array;
    *grove = &merge->groves[sum->thread_count];
    tp_grove_init(*grove, merge->allocator);
    tp_tree_data *tree;
    status = tp_profile_add_tree(sum, &tree, thread->name.bytes, thread->name.size, thread->id);
    if (status != TP_OK)
        return status;
    tree->process = process;
    return tp_map_put(&merge->grove_of, pair, (uint32_t)sum->thread_count - 1);
}

static int64_t rescale(int64_t ticks, double scale)
{
    return scale == 1 ? ticks : (int64_t)llround((double)ticks * scale);
}

/* How a profile's contexts become the sum's. */
typedef struct conversion {
    const uint32_t *function_of;
    double scale; /* one of its ticks in the sum's */
    bool otherwise;
} conversion;

static tp_context convert(const conversion *c, tp_context context)
{
    context.function = c->function_of[context.function];
    context.inclusive_ticks = rescale(context.inclusive_ticks, c->scale);
    context.other_ticks = rescale(context.other_ticks, c->scale);
    context.awaited_ticks = rescale(context.awaited_ticks, c->scale);
    if (c->otherwise)
        tp_context_swap_times(&context);
    return context;
}

static tp_status add_thread(tp_merge *merge, const tp_thread_tree *thread, uint32_t process,
                            const conversion *how)
{
    tp_grove *grove;
    uint32_t *place = tp_alloc(merge->allocator, thread->context_count, sizeof *place);
    tp_status status = place == NULL ? TP_ENOMEM : find_grove(merge, &grove, thread, process);
    for (size_t i = 0; status == TP_OK && i < thread->context_count; i++) {
        tp_context context = convert(how, thread->contexts[i]);
        uint32_t parent =
            context.parent == TP_NO_INDEX ? TP_NO_INDEX : place[context.parent];
        status = tp_grove_add(grove, &place[i], parent, &context);
    }
    tp_free(merge->allocator, place);
    return status;
}

static tp_status add_trees(tp_merge *merge, const tp_profile *profile, const uint32_t *index_of,
                           const uint32_t *process_of)
{
    conversion how = { .function_of = index_of,
                       .scale = profile->unit / merge->sum.profile->unit,
                       .otherwise = shows_otherwise(merge->sum.profile, profile) };
    tp_status status = TP_OK;
    if (profile->thread_count == 0)
        merge->without_tree++;
    for (size_t i = 0; status == TP_OK && i < profile->thread_count; i++) {
        const tp_thread_tree *thread = &profile->threads[i];
        uint32_t process =
            thread->process == TP_NO_INDEX ? TP_NO_INDEX : process_of[thread->process];
        status = add_thread(merge, thread, process, &how);
    }
    return status;
}

static tp_status add_coroutines(tp_profile *sum, const tp_profile *profile,
                                const uint32_t *index_of)
{
    size_t before = sum->coroutine_count;
    tp_status status = tp_copy_coroutines(sum, profile, index_of, profile->unit / sum->unit);
    for (size_t i = before; i < sum->coroutine_count && shows_otherwise(sum, profile); i++)
        tp_coroutine_swap_times(&sum->coroutines[i]);
    return status;
}

/* All that is counted in ticks. Coroutines of one function become one at once: there may be many files. */
static tp_status add_ticks(tp_merge *merge, const tp_profile *profile, const uint32_t *index_of)
{
    tp_profile *sum = merge->sum.profile;
    uint32_t *process_of =
        tp_alloc(merge->allocator, profile->process_count, sizeof *process_of);
    tp_status status = process_of == NULL ? TP_ENOMEM : TP_OK;
    if (sum->unit <= 0 && profile->thread_count + profile->coroutine_count > 0)
        sum->unit = profile->unit;
    if (status == TP_OK)
        status = add_processes(merge, profile, process_of);
    if (status == TP_OK)
        status = add_trees(merge, profile, index_of, process_of);
    tp_free(merge->allocator, process_of);
    if (status == TP_OK)
        status = add_coroutines(sum, profile, index_of);
    return status == TP_OK ? tp_profile_gather_coroutines(sum) : status;
}

static void add_origin(tp_merge *merge, const tp_profile *profile)
{
    tp_origin *sum = &merge->sum.profile->origin;
    const tp_origin *more = &profile->origin;
    if (merge->added == 0)
        sum->dialect = more->dialect;
    else if (sum->dialect != more->dialect)
        sum->dialect = TP_DIALECT_CPROFILE;
    sum->has_extension |= more->has_extension;
    sum->counts_swapped += more->counts_swapped;
    sum->counts_unknown += more->counts_unknown;
    sum->callers_implied += more->callers_implied;
}

/* Whether some of its times are raw among the compensated ones. */
static bool is_in_part(const tp_profile *profile)
{
    const tp_property *how = tp_profile_property(profile, "compensation");
    return !profile->both_times ||
           (how != NULL && how->kind == TP_TEXT && strcmp(how->text.bytes, IN_PART) == 0);
}

tp_status tp_merge_add(tp_merge *merge, const tp_profile *profile)
{
    uint32_t *index_of =
        tp_alloc(merge->allocator, profile->function_count, sizeof *index_of);
    tp_status status = index_of == NULL ? TP_ENOMEM : TP_OK;
    take_kind(merge->sum.profile, profile);
    if (status == TP_OK)
        status = add_functions(merge, profile, index_of);
    if (status == TP_OK)
        status = add_edges(merge, profile, index_of);
    if (status == TP_OK)
        status = add_ticks(merge, profile, index_of);
    tp_free(merge->allocator, index_of);
    if (status == TP_OK && merge->added == 0)
        status = tp_copy_properties(merge->sum.profile, profile);
    else if (status == TP_OK)
        status = merge_properties(merge->sum.profile, profile);
    if (status == TP_OK) {
        merge->in_part |= is_in_part(profile);
        const tp_property *merged = tp_profile_property(profile, "merged");
        merge->recordings += merged != NULL && merged->integer > 0 ? merged->integer : 1;
        add_origin(merge, profile);
        merge->added++;
    }
    return status;
}

static tp_status copy_groves(tp_merge *merge, tp_profile *profile)
{
    tp_status status = TP_OK;
    for (size_t i = 0; status == TP_OK && i < profile->thread_count; i++) {
        status = tp_grove_copy(&merge->groves[i], profile, &profile->trees[i]);
        tp_grove_free(&merge->groves[i]);
    }
    return status;
}

tp_status tp_merge_finish(tp_merge *merge, tp_profile **out, size_t *without_tree)
{
    tp_profile *profile = merge->sum.profile;
    tp_status status = TP_OK;
    if (without_tree != NULL)
        *without_tree = merge->without_tree;
    if (merge->without_tree > 0) {
        for (size_t i = 0; i < profile->thread_count; i++)
            tp_grove_free(&merge->groves[i]);
        profile->thread_count = 0;
    }
    status = copy_groves(merge, profile);
    if (status == TP_OK)
        status = tp_group_edges(profile);
    if (status == TP_OK && merge->added > 1)
        status = tp_profile_set_integer(profile, "merged", merge->recordings);
    if (status == TP_OK && merge->in_part && profile->both_times)
        status = tp_profile_set_text(profile, "compensation", IN_PART, strlen(IN_PART));
    if (status == TP_OK)
        status = tp_profile_finish(profile);
    if (status != TP_OK)
        return status;
    tp_label_set_free(&merge->sum.labels);
    merge->sum.profile = NULL;
    *out = profile;
    return TP_OK;
}

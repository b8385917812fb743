#include "assemble.h"

#include <string.h>

#include "fold.h"
#include "memory.h"

tp_status tp_assembly_init(tp_assembly *assembly, const tp_allocator *allocator)
{
    *assembly = (tp_assembly){ .profile = NULL };
    tp_map_init(&assembly->edge_of, allocator);
    tp_status status = tp_profile_new(&assembly->profile, allocator);
    if (status == TP_OK)
        tp_label_set_init(&assembly->labels, &assembly->profile->strings);
    return status;
}

void tp_assembly_free(tp_assembly *assembly)
{
    if (assembly->profile != NULL)
        tp_label_set_free(&assembly->labels);
    tp_map_free(&assembly->edge_of);
    tp_profile_destroy(assembly->profile);
    assembly->profile = NULL;
}

tp_status tp_assembly_row(tp_assembly *assembly, uint32_t *index, const tp_label *label)
{
    const tp_profile *profile = assembly->profile;
    if (assembly->row_guess < profile->function_count &&
        tp_label_compare(&profile->functions[assembly->row_guess].label, label) == 0) {
        *index = (uint32_t)assembly->row_guess++;
        return TP_OK;
    }
    tp_packed_label packed;
    tp_status status = tp_label_pack(&assembly->labels, &packed, label);
    return status == TP_OK ? tp_assembly_row_packed(assembly, index, &packed) : status;
}

tp_status tp_assembly_row_packed(tp_assembly *assembly, uint32_t *index, const tp_packed_label *label)
{
    size_t before = assembly->labels.count;
    tp_status status = tp_label_set_put_packed(&assembly->labels, index, label);
    if (status != TP_OK)
        return status;
    assembly->row_guess = (size_t)*index + 1;
    if (assembly->labels.count == before)
        return TP_OK;
    tp_function row = { .label = tp_label_set_get(&assembly->labels, *index),
                        .flags = TP_FUNCTION_IMPLIED };
    uint32_t added;
    return tp_profile_add_function(assembly->profile, &added, &row);
}

static bool add_count(int64_t *sum, int64_t more)
{
    if ((more > 0 && *sum > INT64_MAX - more) || (more < 0 && *sum < INT64_MIN - more))
        return false;
    *sum += more;
    return true;
}

tp_status tp_assembly_add(tp_assembly *assembly, uint32_t index, const tp_function *figures)
{
    tp_function *row = &assembly->profile->functions[index];
    if (!add_count(&row->calls, figures->calls) ||
        !add_count(&row->primitive_calls, figures->primitive_calls))
        return TP_ELIMIT;
    row->total += figures->total;
    row->cumulative += figures->cumulative;
    row->other_total += figures->other_total;
    row->other_cumulative += figures->other_cumulative;
    row->flags &= figures->flags; /* one source that has the row is enough */
    return TP_OK;
}

static bool is_edge(const tp_profile *profile, size_t at, uint32_t caller, uint32_t callee)
{
    return at < profile->edge_count && profile->edges[at].caller == caller &&
           profile->edges[at].callee == callee;
}

/* The pair's edge, made if there is none. */
static tp_status find_edge(tp_assembly *assembly, uint32_t *at, uint32_t caller, uint32_t callee)
{
    if (is_edge(assembly->profile, assembly->edge_guess, caller, callee)) {
        *at = (uint32_t)assembly->edge_guess++;
        return TP_OK;
    }
    uint64_t pair = ((uint64_t)caller + 1) << 32 | callee;
    *at = tp_map_get(&assembly->edge_of, pair);
    if (*at != TP_MAP_NONE) {
        assembly->edge_guess = (size_t)*at + 1;
        return TP_OK;
    }
    *at = (uint32_t)assembly->profile->edge_count;
    tp_edge edge = { .caller = caller, .callee = callee };
    tp_status status = tp_profile_add_edge(assembly->profile, &edge);
    return status == TP_OK ? tp_map_put(&assembly->edge_of, pair, *at) : status;
}

tp_status tp_assembly_add_edge(tp_assembly *assembly, const tp_edge *edge)
{
    uint32_t at;
    tp_status status = find_edge(assembly, &at, edge->caller, edge->callee);
    if (status != TP_OK)
        return status;
    tp_edge *sum = &assembly->profile->edges[at];
    if (!add_count(&sum->calls, edge->calls) ||
        !add_count(&sum->primitive_calls, edge->primitive_calls))
        return TP_ELIMIT;
    sum->total += edge->total;
    sum->cumulative += edge->cumulative;
    sum->other_total += edge->other_total;
    sum->other_cumulative += edge->other_cumulative;
    return TP_OK;
}

tp_status tp_copy_properties(tp_profile *to, const tp_profile *from)
{
    tp_status status = TP_OK;
    for (size_t i = 0; status == TP_OK && i < from->property_count; i++) {
        const tp_property *p = &from->properties[i];
        if (p->kind == TP_TEXT)
            status = tp_profile_set_text(to, p->name.bytes, p->text.bytes, p->text.size);
        else if (p->kind == TP_INTEGER)
            status = tp_profile_set_integer(to, p->name.bytes, p->integer);
        else
            status = tp_profile_set_real(to, p->name.bytes, p->real);
    }
    return status;
}

void tp_copy_kind(tp_profile *to, const tp_profile *from)
{
    to->unit = from->unit;
    to->times = from->times;
    to->both_times = from->both_times;
    to->origin = from->origin;
}

tp_status tp_profile_copy(tp_profile **out, const tp_profile *profile)
{
    tp_profile *copy;
    tp_status status = tp_profile_new(&copy, profile->allocator);
    if (status != TP_OK)
        return status;
    tp_copy_kind(copy, profile);
    for (size_t i = 0; status == TP_OK && i < profile->function_count; i++) {
        tp_function row = profile->functions[i];
        uint32_t index;
        status = tp_profile_label(copy, &row.label, &profile->functions[i].label);
        if (status == TP_OK)
            status = tp_profile_add_function(copy, &index, &row);
    }
    for (size_t i = 0; status == TP_OK && i < profile->edge_count; i++)
        status = tp_profile_add_edge(copy, &profile->edges[i]);
    if (status == TP_OK)
        status = tp_copy_coroutines(copy, profile, NULL, 1);
    if (status == TP_OK)
        status = tp_copy_processes(copy, profile);
    if (status == TP_OK)
        status = tp_copy_properties(copy, profile);
    if (status == TP_OK)
        *out = copy;
    else
        tp_profile_destroy(copy);
    return status;
}

/* A counting sort: stable, and linear. */
tp_status tp_group_edges(tp_profile *profile)
{
    size_t count = profile->edge_count, functions = profile->function_count;
    uint32_t *starts = tp_alloc(profile->allocator, functions + 1, sizeof *starts);
    tp_edge *sorted = tp_alloc(profile->allocator, count, sizeof *sorted);
    tp_status status = starts == NULL || sorted == NULL ? TP_ENOMEM : TP_OK;
    if (status == TP_OK) {
        for (size_t i = 0; i < count; i++)
            starts[profile->edges[i].callee + 1]++;
        for (size_t f = 0; f < functions; f++)
            starts[f + 1] += starts[f];
        for (size_t i = 0; i < count; i++)
            sorted[starts[profile->edges[i].callee]++] = profile->edges[i];
        tp_free(profile->allocator, profile->edges);
        profile->edges = sorted;
        profile->edge_capacity = count;
        sorted = NULL;
    }
    tp_free(profile->allocator, starts);
    tp_free(profile->allocator, sorted);
    return status;
}

tp_status tp_profile_add_flat_edge(tp_profile *profile, const tp_flat_edge *from, const uint32_t *index_of)
{
    tp_edge edge = { .caller = index_of[from->caller],
                     .callee = index_of[from->callee],
                     .calls = from->figures.calls,
                     .primitive_calls = from->figures.primitive_calls,
                     .total = (double)from->figures.total * profile->unit,
                     .cumulative = (double)from->figures.cumulative * profile->unit,
                     .other_total = (double)from->figures.other_total * profile->unit,
                     .other_cumulative = (double)from->figures.other_cumulative * profile->unit };
    return tp_profile_add_edge(profile, &edge);
}

static tp_status take_edges(tp_profile *profile, const tp_flat *flat, const uint32_t *index_of)
{
    profile->edge_count = 0;
    for (size_t i = 0; i < flat->edge_count; i++) {
        tp_status status = tp_profile_add_flat_edge(profile, &flat->edges[i], index_of);
        if (status != TP_OK)
            return status;
    }
    return tp_group_edges(profile);
}

/* Rows that stand in a tree get a number that is not TP_NO_INDEX. */
static void mark_used(const tp_profile *profile, uint32_t *index_of)
{
    for (size_t i = 0; i < profile->function_count; i++)
        index_of[i] = TP_NO_INDEX;
    for (size_t t = 0; t < profile->thread_count; t++) {
        for (size_t i = 0; i < profile->trees[t].count; i++)
            index_of[profile->trees[t].contexts[i].function] = 0;
    }
}

/* Fills these rows from the figures and moves them together over the others. */
static void take_functions(tp_profile *profile, const tp_flat *flat, uint32_t *index_of)
{
    uint32_t kept = 0;
    for (uint32_t i = 0; i < profile->function_count; i++) {
        const tp_figures *figures = &flat->functions[i];
        if (index_of[i] == TP_NO_INDEX)
            continue;
        profile->functions[kept] =
            (tp_function){ .label = profile->functions[i].label,
                           .calls = figures->calls,
                           .primitive_calls = figures->primitive_calls,
                           .total = (double)figures->total * profile->unit,
                           .cumulative = (double)figures->cumulative * profile->unit,
                           .other_total = (double)figures->other_total * profile->unit,
                           .other_cumulative =
                               (double)figures->other_cumulative * profile->unit };
        index_of[i] = kept++;
    }
    profile->function_count = kept;
}

tp_status tp_fold_trees(tp_profile *profile)
{
    tp_flat flat;
    tp_flat_init(&flat, profile->allocator);
    uint32_t *index_of = tp_alloc(profile->allocator, profile->function_count, sizeof *index_of);
    tp_status status = index_of == NULL ? TP_ENOMEM : tp_flat_size(&flat, profile->function_count);
    for (size_t t = 0; status == TP_OK && t < profile->thread_count; t++)
        status = tp_flat_add_tree(&flat, profile->trees[t].contexts, profile->trees[t].count);
    if (status == TP_OK) {
        mark_used(profile, index_of);
        take_functions(profile, &flat, index_of);
        status = take_edges(profile, &flat, index_of);
    }
    if (status == TP_OK)
        tp_renumber_coroutines(profile, index_of);
    for (size_t t = 0; status == TP_OK && t < profile->thread_count; t++) {
        for (size_t i = 0; i < profile->trees[t].count; i++) {
            tp_context *context = &profile->trees[t].contexts[i];
            context->function = index_of[context->function];
        }
    }
    tp_free(profile->allocator, index_of);
    tp_flat_free(&flat);
    return status;
}

/* Profiles seen otherwise: without folders, from below. */
#include <traceprof/reshape.h>

#include "assemble.h"
#include "grove.h"
#include "memory.h"

#define STRIPPED "without folders"

static tp_string base_name(tp_string file)
{
    size_t start = file.size;
    while (start > 0 && file.bytes[start - 1] != '/')
        start--;
    return (tp_string){ file.bytes + start, file.size - start };
}

static tp_status strip_rows(tp_assembly *made, const tp_profile *profile, uint32_t *index_of)
{
    tp_status status = TP_OK;
    for (size_t i = 0; status == TP_OK && i < profile->function_count; i++) {
        tp_label label = profile->functions[i].label;
        label.file = base_name(label.file);
        status = tp_assembly_row(made, &index_of[i], &label);
        if (status == TP_OK)
            status = tp_assembly_add(made, index_of[i], &profile->functions[i]);
    }
    for (size_t i = 0; status == TP_OK && i < profile->edge_count; i++) {
        tp_edge edge = profile->edges[i];
        edge.caller = index_of[edge.caller];
        edge.callee = index_of[edge.callee];
        status = tp_assembly_add_edge(made, &edge);
    }
    return status == TP_OK ? tp_group_edges(made->profile) : status;
}

/* An empty one of the same thread. */
static tp_status add_tree_like(tp_profile *made, tp_tree_data **tree, const tp_thread_tree *from)
{
    tp_status status =
        tp_profile_add_tree(made, tree, from->name.bytes, from->name.size, from->id);
    if (status == TP_OK)
        (*tree)->process = from->process;
    return status;
}

/* Siblings that now have the same function are one. */
static tp_status strip_tree(tp_profile *made, const tp_thread_tree *from, const uint32_t *index_of)
{
    tp_grove grove;
    tp_tree_data *tree;
    tp_grove_init(&grove, made->allocator);
    uint32_t *place = tp_alloc(made->allocator, from->context_count, sizeof *place);
    tp_status status = place == NULL ? TP_ENOMEM : TP_OK;
    for (size_t i = 0; status == TP_OK && i < from->context_count; i++) {
        tp_context context = from->contexts[i];
        uint32_t above = context.parent == TP_NO_INDEX ? TP_NO_INDEX : place[context.parent];
        context.function = index_of[context.function];
        status = tp_grove_add(&grove, &place[i], above, &context);
    }
    if (status == TP_OK)
        status = add_tree_like(made, &tree, from);
    if (status == TP_OK)
        status = tp_grove_copy(&grove, made, tree);
    tp_free(made->allocator, place);
    tp_grove_free(&grove);
    return status;
}

tp_status tp_profile_strip_dirs(tp_profile **out, const tp_profile *profile)
{
    tp_assembly made;
    tp_status status = tp_assembly_init(&made, profile->allocator);
    uint32_t *index_of =
        tp_alloc(profile->allocator, profile->function_count, sizeof *index_of);
    if (status == TP_OK)
        status = index_of == NULL ? TP_ENOMEM : strip_rows(&made, profile, index_of);
    if (status == TP_OK)
        tp_copy_kind(made.profile, profile);
    for (size_t t = 0; status == TP_OK && t < profile->thread_count; t++)
        status = strip_tree(made.profile, &profile->threads[t], index_of);
    if (status == TP_OK)
        status = tp_copy_coroutines(made.profile, profile, index_of, 1);
    if (status == TP_OK)
        status = tp_copy_processes(made.profile, profile);
    tp_free(profile->allocator, index_of);
    if (status == TP_OK)
        status = tp_copy_properties(made.profile, profile);
    if (status == TP_OK)
        status = tp_profile_set_text(made.profile, "files", STRIPPED, sizeof STRIPPED - 1);
    if (status == TP_OK)
        status = tp_profile_finish(made.profile);
    if (status == TP_OK) {
        *out = made.profile;
        tp_label_set_free(&made.labels);
        made.profile = NULL;
    }
    tp_assembly_free(&made);
    return status;
}

/* A context's own time goes to its function at the top, and from there down along its callers. */
static tp_status plant_inverted(tp_grove *grove, const tp_thread_tree *from, const tp_ticks *self,
                                size_t depth)
{
    for (size_t i = 0; i < from->context_count; i++) {
        uint32_t at = TP_NO_INDEX, c = (uint32_t)i;
        for (size_t d = 0; d <= depth && c != TP_NO_INDEX; d++, c = from->contexts[c].parent) {
            tp_status status = tp_grove_child(grove, &at, at, from->contexts[c].function);
            if (status != TP_OK)
                return status;
            tp_sprout *sprout = &grove->sprouts[at];
            tp_ticks_add(&sprout->ticks, self[i]);
            sprout->calls += from->contexts[i].calls;
        }
    }
    return TP_OK;
}

static tp_status invert_tree(tp_profile *made, const tp_thread_tree *from, size_t depth)
{
    tp_grove grove;
    tp_tree_data *tree;
    tp_grove_init(&grove, made->allocator);
    tp_ticks *self = tp_alloc(made->allocator, from->context_count, sizeof *self);
    tp_status status = self == NULL ? TP_ENOMEM : TP_OK;
    if (status == TP_OK) {
        tp_contexts_self(from->contexts, from->context_count, self);
        status = plant_inverted(&grove, from, self, depth);
    }
    if (status == TP_OK)
        status = add_tree_like(made, &tree, from);
    if (status == TP_OK)
        status = tp_grove_copy(&grove, made, tree);
    tp_free(made->allocator, self);
    tp_grove_free(&grove);
    return status;
}

tp_status tp_profile_invert(tp_profile **out, const tp_profile *profile, size_t depth)
{
    tp_profile *made;
    tp_status status = tp_profile_copy(&made, profile);
    if (status != TP_OK)
        return status;
    for (size_t t = 0; status == TP_OK && t < profile->thread_count; t++)
        status = invert_tree(made, &profile->threads[t], depth);
    if (status == TP_OK)
        status = tp_profile_finish(made);
    if (status == TP_OK)
        *out = made;
    else
        tp_profile_destroy(made);
    return status;
}

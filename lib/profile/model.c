#include "model.h"

#include <string.h>

#include "memory.h"

tp_status tp_profile_new(tp_profile **out, const tp_allocator *allocator)
{
    tp_profile *profile = tp_alloc(allocator, 1, sizeof *profile);
    if (profile == NULL)
        return TP_ENOMEM;
    profile->allocator = allocator;
    tp_intern_init(&profile->strings, allocator);
    *out = profile;
    return TP_OK;
}

void tp_profile_destroy(tp_profile *profile)
{
    if (profile == NULL)
        return;
    const tp_allocator *allocator = profile->allocator;
    for (size_t i = 0; i < profile->thread_count; i++)
        tp_free(allocator, profile->trees[i].contexts);
    tp_free(allocator, profile->trees);
    tp_free(allocator, profile->threads);
    tp_free(allocator, profile->functions);
    tp_free(allocator, profile->edges);
    tp_free(allocator, profile->properties);
    tp_free(allocator, profile->coroutines);
    tp_free(allocator, profile->processes);
    tp_intern_free(&profile->strings);
    tp_free(allocator, profile);
}

tp_status tp_profile_string(tp_profile *profile, tp_string *string, const char *bytes, size_t size)
{
    uint32_t number;
    tp_status status = tp_intern_put(&profile->strings, &number, bytes, size);
    if (status != TP_OK)
        return status;
    tp_text text = profile->strings.texts[number];
    *string = (tp_string){ text.bytes, text.size };
    return TP_OK;
}

tp_status tp_profile_label(tp_profile *profile, tp_label *copy, const tp_label *label)
{
    copy->line = label->line;
    tp_status status =
        tp_profile_string(profile, &copy->file, label->file.bytes, label->file.size);
    if (status != TP_OK)
        return status;
    return tp_profile_string(profile, &copy->name, label->name.bytes, label->name.size);
}

tp_status tp_profile_one_more(tp_profile *profile, void **array, size_t *capacity, size_t count,
                              size_t size)
{
    if (count >= TP_NO_INDEX - 1)
        return TP_ELIMIT;
    return tp_reserve(profile->allocator, array, capacity, count + 1, size);
}

tp_status tp_profile_add_function(tp_profile *profile, uint32_t *index, const tp_function *function)
{
    void *array = profile->functions;
    tp_status status = tp_profile_one_more(profile, &array, &profile->function_capacity,
                                           profile->function_count, sizeof *function);
    if (status != TP_OK)
        return status;
    profile->functions = array;
    *index = (uint32_t)profile->function_count++;
    profile->functions[*index] = *function;
    return TP_OK;
}

tp_status tp_profile_add_edge(tp_profile *profile, const tp_edge *edge)
{
    void *array = profile->edges;
    tp_status status = tp_profile_one_more(profile, &array, &profile->edge_capacity,
                                           profile->edge_count, sizeof *edge);
    if (status != TP_OK)
        return status;
    profile->edges = array;
    profile->edges[profile->edge_count++] = *edge;
    return TP_OK;
}

tp_status tp_profile_add_tree(tp_profile *profile, tp_tree_data **tree, const char *name,
                              size_t size, uint64_t id)
{
    tp_tree_data added = { .id = id, .process = TP_NO_INDEX };
    tp_status status = tp_intern_put(&profile->strings, &added.name, name, size);
    if (status != TP_OK)
        return status;
    void *array = profile->trees;
    status = tp_profile_one_more(profile, &array, &profile->tree_capacity, profile->thread_count,
                                 sizeof added);
    if (status != TP_OK)
        return status;
    profile->trees = array;
    profile->trees[profile->thread_count] = added;
    *tree = &profile->trees[profile->thread_count++];
    return TP_OK;
}

tp_status tp_tree_add_context(tp_profile *profile, tp_tree_data *tree, const tp_context *context)
{
    void *array = tree->contexts;
    tp_status status =
        tp_profile_one_more(profile, &array, &tree->capacity, tree->count, sizeof *context);
    if (status != TP_OK)
        return status;
    tree->contexts = array;
    tree->contexts[tree->count++] = *context;
    return TP_OK;
}

tp_status tp_profile_finish(tp_profile *profile)
{
    tp_status status = tp_profile_gather_coroutines(profile);
    if (status != TP_OK)
        return status;
    if (!profile->both_times)
        tp_profile_give_others(profile);
    tp_thread_tree *threads =
        tp_alloc(profile->allocator, profile->thread_count, sizeof *threads);
    if (threads == NULL)
        return TP_ENOMEM;
    for (size_t i = 0; i < profile->thread_count; i++) {
        const tp_tree_data *tree = &profile->trees[i];
        tp_text name = profile->strings.texts[tree->name];
        threads[i] = (tp_thread_tree){ .name = { name.bytes, name.size },
                                       .id = tree->id,
                                       .contexts = tree->contexts,
                                       .context_count = tree->count,
                                       .process = tree->process };
    }
    tp_free(profile->allocator, profile->threads);
    profile->threads = threads;
    return TP_OK;
}

int tp_label_compare(const tp_label *a, const tp_label *b)
{
    int order = tp_string_compare(a->file, b->file);
    if (order == 0)
        order = (a->line > b->line) - (a->line < b->line);
    return order != 0 ? order : tp_string_compare(a->name, b->name);
}

static tp_status property_slot(tp_profile *profile, tp_property **slot, const char *name)
{
    for (size_t i = 0; i < profile->property_count; i++) {
        if (strcmp(profile->properties[i].name.bytes, name) == 0) {
            *slot = &profile->properties[i];
            return TP_OK;
        }
    }
    tp_property added = { 0 };
    tp_status status = tp_profile_string(profile, &added.name, name, strlen(name));
    if (status != TP_OK)
        return status;
    void *array = profile->properties;
    status = tp_profile_one_more(profile, &array, &profile->property_capacity,
                                 profile->property_count, sizeof added);
    if (status != TP_OK)
        return status;
    profile->properties = array;
    *slot = &profile->properties[profile->property_count++];
    **slot = added;
    return TP_OK;
}

tp_status tp_profile_set_text(tp_profile *profile, const char *name, const char *text, size_t size)
{
    tp_string copy;
    tp_property *slot;
    tp_status status = tp_profile_string(profile, &copy, text, size);
    if (status == TP_OK)
        status = property_slot(profile, &slot, name);
    if (status == TP_OK)
        *slot = (tp_property){ .name = slot->name, .kind = TP_TEXT, .text = copy };
    return status;
}

tp_status tp_profile_set_integer(tp_profile *profile, const char *name, int64_t value)
{
    tp_property *slot;
    tp_status status = property_slot(profile, &slot, name);
    if (status == TP_OK)
        *slot = (tp_property){ .name = slot->name, .kind = TP_INTEGER, .integer = value };
    return status;
}

tp_status tp_profile_set_real(tp_profile *profile, const char *name, double value)
{
    tp_property *slot;
    tp_status status = property_slot(profile, &slot, name);
    if (status == TP_OK)
        *slot = (tp_property){ .name = slot->name, .kind = TP_REAL, .real = value };
    return status;
}

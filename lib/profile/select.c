/* A part of a profile: which functions a selection speaks of, and the part of trees. What is without a
 * tree is in select_rows.c. */
#include "select.h"

#include <stdio.h>
#include <string.h>

#include "assemble.h"
#include "grove.h"
#include "memory.h"

static bool starts_with(tp_string text, const char *start)
{
    size_t size = strlen(start);
    return text.size >= size && memcmp(text.bytes, start, size) == 0;
}

static bool contains(tp_string text, const char *part)
{
    size_t size = strlen(part);
    for (size_t i = 0; i + size <= text.size; i++) {
        if (memcmp(text.bytes + i, part, size) == 0)
            return true;
    }
    return false;
}

int tp_label_is_library(const tp_label *label)
{
    tp_string file = label->file;
    return file.size == 0 || (file.size == 1 && file.bytes[0] == '~') || starts_with(file, "<") ||
           contains(file, "/site-packages/") || contains(file, "/dist-packages/") ||
           contains(file, "/lib/python") || contains(file, "\\Lib\\");
}

/* The pattern's answer for the label as printed. */
static tp_status matches(tp_pattern *pattern, const tp_label *label, char **text, size_t *room,
                         const tp_allocator *allocator, bool *answer)
{
    size_t size = tp_label_format(label, *text, *room);
    if (size >= *room) {
        void *grown = *text;
        tp_status status = tp_reserve(allocator, &grown, room, size + 1, 1);
        if (status != TP_OK)
            return status;
        *text = grown;
        tp_label_format(label, *text, *room);
    }
    *answer = tp_pattern_search(pattern, *text, size) != 0;
    return TP_OK;
}

static tp_status mark_function(const tp_selection *s, const tp_label *label, char **text,
                               size_t *room, const tp_allocator *allocator, uint8_t *marks)
{
    const struct {
        tp_pattern *pattern;
        uint8_t mark;
    } rules[] = { { s->focus, TP_MARK_FOCUS },
                  { s->ignore, TP_MARK_IGNORE },
                  { s->hide, TP_MARK_HIDE },
                  { s->root, TP_MARK_ROOT } };
    *marks = s->collapse_lib && tp_label_is_library(label) ? TP_MARK_LIBRARY : 0;
    for (size_t i = 0; i < sizeof rules / sizeof *rules; i++) {
        bool answer = false;
        tp_status status = rules[i].pattern == NULL
                               ? TP_OK
                               : matches(rules[i].pattern, label, text, room, allocator, &answer);
        if (status != TP_OK)
            return status;
        if (answer)
            *marks |= rules[i].mark;
    }
    return TP_OK;
}

static tp_status mark_functions(const tp_profile *profile, const tp_selection *s, uint8_t *marks)
{
    char *text = NULL;
    size_t room = 0;
    tp_status status = TP_OK;
    for (size_t i = 0; status == TP_OK && i < profile->function_count; i++)
        status = mark_function(s, &profile->functions[i].label, &text, &room, profile->allocator,
                               &marks[i]);
    tp_free(profile->allocator, text);
    return status;
}

/* What becomes of a context. */
enum {
    DROPPED, /* with all below it */
    OUTSIDE, /* above the root that is asked for */
    FOLDED,  /* its time is its caller's */
    KEPT
};

enum { OUT_OF_FOCUS, IN_FOCUS /* it matches, or one above it */, LEADS_TO_FOCUS };

typedef struct thinner {
    const tp_profile *profile;
    const tp_selection *selection;
    const uint8_t *marks; /* by function */
    const tp_context *contexts;
    size_t count;
    uint8_t *fate;     /* Owned, as all here; by context */
    uint8_t *in_focus;
    uint8_t *rooted;   /* likewise of the root */
    uint32_t *place;   /* where its children go in the grove */
    tp_ticks *ticks;
} thinner;

static void thinner_free(thinner *t)
{
    const tp_allocator *allocator = t->profile->allocator;
    tp_free(allocator, t->fate);
    tp_free(allocator, t->in_focus);
    tp_free(allocator, t->rooted);
    tp_free(allocator, t->place);
    tp_free(allocator, t->ticks);
}

static tp_status thinner_init(thinner *t, const tp_thread_tree *tree)
{
    const tp_allocator *allocator = t->profile->allocator;
    t->contexts = tree->contexts;
    t->count = tree->context_count;
    t->fate = tp_alloc(allocator, t->count, sizeof *t->fate);
    t->in_focus = tp_alloc(allocator, t->count, sizeof *t->in_focus);
    t->rooted = tp_alloc(allocator, t->count, sizeof *t->rooted);
    t->place = tp_alloc(allocator, t->count, sizeof *t->place);
    t->ticks = tp_alloc(allocator, t->count, sizeof *t->ticks);
    bool all = t->fate && t->in_focus && t->rooted && t->place && t->ticks;
    return all ? TP_OK : TP_ENOMEM;
}

/* From the top down: what is dropped takes along all below it; what is out of focus waits for what is
 * below it. */
static void decide_downwards(thinner *t)
{
    const tp_selection *s = t->selection;
    for (size_t i = 0; i < t->count; i++) {
        const tp_context *context = &t->contexts[i];
        uint32_t parent = context->parent;
        bool at_top = parent == TP_NO_INDEX;
        uint8_t mark = t->marks[context->function];
        bool is_called = !at_top && t->fate[parent] != OUTSIDE;
        uint8_t above = is_called ? t->marks[t->contexts[parent].function] : 0;
        t->rooted[i] = (mark & TP_MARK_ROOT) != 0 || (!at_top && t->rooted[parent]);
        bool in_focus = s->focus == NULL || (mark & TP_MARK_FOCUS) != 0 ||
                        (!at_top && t->in_focus[parent] == IN_FOCUS);
        t->in_focus[i] = in_focus ? IN_FOCUS : OUT_OF_FOCUS;
        if ((mark & TP_MARK_IGNORE) != 0 || (!at_top && t->fate[parent] == DROPPED))
            t->fate[i] = DROPPED;
        else if (s->root != NULL && !t->rooted[i])
            t->fate[i] = OUTSIDE;
        else if ((mark & TP_MARK_HIDE) != 0 ||
                 ((mark & TP_MARK_LIBRARY) != 0 && (above & TP_MARK_LIBRARY) != 0))
            t->fate[i] = FOLDED;
        else
            t->fate[i] = KEPT;
    }
}

/* From the bottom up: out of focus, only what leads to a match is kept, without its own time. */
static void decide_upwards(thinner *t)
{
    tp_contexts_self(t->contexts, t->count, t->ticks);
    for (size_t i = t->count; i-- > 0;) {
        uint32_t parent = t->contexts[i].parent;
        if (t->in_focus[i] != IN_FOCUS || t->fate[i] < FOLDED)
            t->ticks[i] = (tp_ticks){ 0 };
        if (t->in_focus[i] == OUT_OF_FOCUS)
            t->fate[i] = DROPPED;
        else if (t->fate[i] != DROPPED && parent != TP_NO_INDEX &&
                 t->in_focus[parent] == OUT_OF_FOCUS)
            t->in_focus[parent] = LEADS_TO_FOCUS;
    }
    tp_contexts_sum(t->contexts, t->count, t->ticks);
}

static tp_status plant(thinner *t, tp_grove *grove)
{
    tp_status status = TP_OK;
    for (size_t i = 0; status == TP_OK && i < t->count; i++) {
        tp_context context = t->contexts[i];
        uint32_t above = context.parent == TP_NO_INDEX ? TP_NO_INDEX : t->place[context.parent];
        t->place[i] = above;
        if (t->fate[i] != KEPT)
            continue;
        context.inclusive_ticks = t->ticks[i].shown;
        context.other_ticks = t->ticks[i].other;
        context.awaited_ticks = t->ticks[i].awaited;
        status = tp_grove_add(grove, &t->place[i], above, &context);
    }
    return status;
}

static tp_status thin_out(tp_profile *part, const tp_profile *profile,
                          const tp_selection *selection, const uint8_t *marks,
                          const tp_thread_tree *tree)
{
    thinner t = { .profile = profile, .selection = selection, .marks = marks };
    tp_grove grove;
    tp_tree_data *made;
    tp_grove_init(&grove, profile->allocator);
    tp_status status = thinner_init(&t, tree);
    if (status == TP_OK) {
        decide_downwards(&t);
        decide_upwards(&t);
        status = plant(&t, &grove);
    }
    if (status == TP_OK && (grove.count > 0 || tree->context_count == 0)) {
        status = tp_profile_add_tree(part, &made, tree->name.bytes, tree->name.size, tree->id);
        if (status == TP_OK)
            made->process = tree->process;
        if (status == TP_OK)
            status = tp_grove_copy(&grove, part, made);
    }
    tp_grove_free(&grove);
    thinner_free(&t);
    return status;
}

static bool is_of_thread(const tp_thread_tree *tree, const tp_selection *selection)
{
    char number[32];
    if (!selection->by_thread || tp_string_compare(tree->name, selection->thread) == 0)
        return true;
    int size = snprintf(number, sizeof number, "%llu", (unsigned long long)tree->id);
    return tp_string_compare((tp_string){ number, (size_t)size }, selection->thread) == 0;
}

static bool is_wanted(const tp_profile *profile, const tp_thread_tree *tree,
                      const tp_selection *selection)
{
    if (selection->by_process && (tree->process == TP_NO_INDEX ||
                                  profile->processes[tree->process].pid != selection->process))
        return false;
    return is_of_thread(tree, selection);
}

/* Of the functions that none but the wanted threads call: figures of others cannot be divided. */
static tp_status copy_own_coroutines(tp_profile *part, const tp_profile *profile,
                                     const tp_selection *selection)
{
    uint32_t *index_of =
        tp_alloc(profile->allocator, profile->function_count, sizeof *index_of);
    if (index_of == NULL)
        return TP_ENOMEM;
    for (uint32_t f = 0; f < profile->function_count; f++)
        index_of[f] = f;
    for (size_t t = 0; t < profile->thread_count; t++) {
        const tp_thread_tree *tree = &profile->threads[t];
        if (is_wanted(profile, tree, selection))
            continue;
        for (size_t i = 0; i < tree->context_count; i++)
            index_of[tree->contexts[i].function] = TP_NO_INDEX;
    }
    tp_status status = tp_copy_coroutines(part, profile, index_of, 1);
    tp_free(profile->allocator, index_of);
    return status;
}

/* All rows, to be thinned out by folding the trees. */
static tp_status copy_labels(tp_profile *part, const tp_profile *profile)
{
    for (size_t i = 0; i < profile->function_count; i++) {
        tp_function row = { .calls = 0 };
        uint32_t index;
        tp_status status = tp_profile_label(part, &row.label, &profile->functions[i].label);
        if (status == TP_OK)
            status = tp_profile_add_function(part, &index, &row);
        if (status != TP_OK)
            return status;
    }
    return TP_OK;
}

static tp_status select_trees(tp_profile *part, const tp_profile *profile,
                              const tp_selection *selection, const uint8_t *marks)
{
    tp_status status = copy_labels(part, profile);
    if (status == TP_OK)
        status = copy_own_coroutines(part, profile, selection);
    for (size_t i = 0; status == TP_OK && i < profile->thread_count; i++) {
        if (is_wanted(profile, &profile->threads[i], selection))
            status = thin_out(part, profile, selection, marks, &profile->threads[i]);
    }
    return status == TP_OK ? tp_fold_trees(part) : status;
}

/* The one that is asked for, or all; the trees of the part still have the profile's numbers. */
static tp_status copy_processes(tp_profile *part, const tp_profile *profile,
                                const tp_selection *selection)
{
    if (!selection->by_process)
        return tp_copy_processes(part, profile);
    uint32_t *index_of = tp_alloc(profile->allocator, profile->process_count, sizeof *index_of);
    tp_status status = index_of == NULL ? TP_ENOMEM : TP_OK;
    for (size_t i = 0; status == TP_OK && i < profile->process_count; i++) {
        if (profile->processes[i].pid == selection->process)
            status = tp_profile_add_process(part, &profile->processes[i], &index_of[i]);
    }
    for (size_t t = 0; status == TP_OK && t < part->thread_count; t++)
        part->trees[t].process = index_of[part->trees[t].process];
    tp_free(profile->allocator, index_of);
    return status;
}

tp_status tp_profile_select(tp_profile **out, const tp_profile *profile,
                            const tp_selection *selection)
{
    tp_profile *part;
    bool has_tree = profile->thread_count > 0;
    if (!has_tree && (selection->by_thread || selection->by_process || selection->root != NULL))
        return TP_EARGUMENT;
    tp_status status = tp_profile_new(&part, profile->allocator);
    if (status != TP_OK)
        return status;
    uint8_t *marks = tp_alloc(profile->allocator, profile->function_count, 1);
    status = marks == NULL ? TP_ENOMEM : mark_functions(profile, selection, marks);
    tp_copy_kind(part, profile);
    if (status == TP_OK)
        status = has_tree ? select_trees(part, profile, selection, marks)
                          : tp_select_rows(part, profile, selection, marks);
    tp_free(profile->allocator, marks);
    if (status == TP_OK)
        status = copy_processes(part, profile, selection);
    if (status == TP_OK)
        status = tp_copy_properties(part, profile);
    if (status == TP_OK)
        status = tp_profile_finish(part);
    if (status == TP_OK)
        *out = part;
    else
        tp_profile_destroy(part);
    return status;
}

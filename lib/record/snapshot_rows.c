/* The table of a snapshot. */
#include "assemble.h"
#include "memory.h"
#include "snapshot.h"

/* The string in the profile. Many functions share a file: *known is what it was the last time. */
static tp_status copy_string(const tp_making *m, tp_string *known, tp_string *copy, uint32_t number)
{
    if (known[number].bytes == NULL) {
        tp_text text = m->session->labels.strings.texts[number];
        tp_status status = tp_profile_string(m->profile, &known[number], text.bytes, text.size);
        if (status != TP_OK)
            return status;
    }
    *copy = known[number];
    return TP_OK;
}

static tp_status add_function(const tp_making *m, tp_string *known, uint32_t number, uint32_t *index)
{
    const tp_figures *figures = &m->flat.functions[number];
    const tp_packed_label *label = &m->session->labels.set.labels[number];
    double unit = m->profile->unit;
    tp_function function = { .label.line = label->line,
                             .calls = figures->calls,
                             .primitive_calls = figures->primitive_calls,
                             .total = (double)figures->total * unit,
                             .cumulative = (double)figures->cumulative * unit,
                             .other_total = (double)figures->other_total * unit,
                             .other_cumulative = (double)figures->other_cumulative * unit };
    tp_status status = copy_string(m, known, &function.label.file, label->file);
    if (status == TP_OK)
        status = copy_string(m, known, &function.label.name, label->name);
    return status == TP_OK ? tp_profile_add_function(m->profile, index, &function) : status;
}

/* The functions that were called, in the order of their labels; *index_of maps the session's numbers
 * to theirs. */
static tp_status add_functions(const tp_making *m, uint32_t *index_of)
{
    tp_session *session = m->session;
    const tp_flat *flat = &m->flat;
    tp_string *known = tp_alloc(session->allocator, session->labels.strings.count, sizeof *known);
    const uint32_t *order = tp_labels_in_order(&session->labels);
    tp_status status = known == NULL || order == NULL ? TP_ENOMEM : TP_OK;
    for (uint32_t i = 0; status == TP_OK && i < session->labels.set.count; i++) {
        uint32_t number = order[i];
        if (number < flat->function_count && flat->functions[number].calls != 0)
            status = add_function(m, known, number, &index_of[number]);
    }
    tp_free(session->allocator, known);
    return status;
}

/* Those of each callee together, by their callers: a chain for each caller in the order of labels, then the
 * stable sort by callee. */
static tp_status add_edges(const tp_making *m, const uint32_t *index_of)
{
    const tp_flat *flat = &m->flat;
    tp_profile *profile = m->profile;
    const tp_allocator *allocator = m->session->allocator;
    uint32_t *first = tp_alloc(allocator, profile->function_count, sizeof *first); /* edge + 1 */
    uint32_t *next = tp_alloc(allocator, flat->edge_count, sizeof *next);
    tp_status status = first == NULL || next == NULL ? TP_ENOMEM : TP_OK;
    for (size_t i = 0; status == TP_OK && i < flat->edge_count; i++) {
        if (flat->edges[i].figures.calls == 0)
            continue;
        uint32_t caller = index_of[flat->edges[i].caller];
        next[i] = first[caller];
        first[caller] = (uint32_t)i + 1;
    }
    for (size_t caller = 0; status == TP_OK && caller < profile->function_count; caller++) {
        for (uint32_t i = first[caller]; status == TP_OK && i != 0; i = next[i - 1])
            status = tp_profile_add_flat_edge(profile, &flat->edges[i - 1], index_of);
    }
    tp_free(allocator, first);
    tp_free(allocator, next);
    return status == TP_OK ? tp_group_edges(profile) : status;
}

/* A row for each coroutine function that was called; m->active lacks the calls beyond the cap that have
 * ended. */
static tp_status add_coroutines(const tp_making *m, const uint32_t *index_of)
{
    const tp_session *session = m->session;
    const tp_flat *flat = &m->flat;
    uint64_t *awaited = tp_alloc(session->allocator, session->labels.set.count, sizeof *awaited);
    if (awaited == NULL)
        return TP_ENOMEM;
    if (session->suspensions != NULL)
        tp_suspensions_add_to(session->suspensions, session, m->now, awaited);
    tp_status status = TP_OK;
    for (uint32_t i = 0; status == TP_OK && i < flat->function_count; i++) {
        if (flat->functions[i].calls == 0 || !tp_labels_is_coroutine(&session->labels, i))
            continue;
        const tp_waits none = { 0 };
        const tp_waits *waits = i < session->waits_capacity ? &session->waits[i] : &none;
        int64_t beyond = (int64_t)waits->beyond_ticks - tp_whole_ticks(waits->beyond_taken * m->scale);
        int64_t other = m->active[i].other + beyond;
        tp_coroutine coroutine = { .function = index_of[i],
                                   .started = (uint64_t)flat->functions[i].calls - waits->resumes,
                                   .resumes = waits->resumes,
                                   .active_ticks =
                                       (int64_t)(m->active[i].ticks + waits->beyond_ticks),
                                   .awaited_ticks = (int64_t)(awaited[i] + waits->awaited),
                                   .other_active_ticks = other > 0 ? other : 0 };
        status = tp_profile_add_coroutine(m->profile, &coroutine);
    }
    tp_free(session->allocator, awaited);
    return status;
}

tp_status tp_making_add_rows(const tp_making *m)
{
    const tp_session *session = m->session;
    tp_profile *profile = m->profile;
    uint32_t *index_of = tp_alloc(session->allocator, m->flat.function_count, sizeof *index_of);
    tp_status status = index_of == NULL ? TP_ENOMEM : add_functions(m, index_of);
    if (status == TP_OK && !session->no_edges)
        status = add_edges(m, index_of);
    if (status == TP_OK && m->active != NULL)
        status = add_coroutines(m, index_of);
    for (size_t t = 0; status == TP_OK && t < profile->thread_count; t++) {
        tp_tree_data *tree = &profile->trees[t];
        for (size_t i = 0; i < tree->count; i++)
            tree->contexts[i].function = index_of[tree->contexts[i].function];
    }
    tp_free(session->allocator, index_of);
    return status;
}

/* Rows put together: those of two files, or those that are one without their folders. */
#include <stdlib.h>
#include <string.h>

#include "merge_sort.h"
#include "pstats_model.h"

/* Where rows come from, and what their labels are called in the result. */
typedef struct source {
    const tp_pstats *stats; /* Borrowed. */
    const uint32_t *map;    /* Borrowed; label's number -> number in the result */
} source;

typedef struct merger {
    source sources[2];
    uint32_t *map; /* Owned. */
    tp_pstats_label *labels;   /* Owned, as is the rest. */
    size_t label_count;
    tp_pstats_row *rows;
    size_t row_count;
    tp_pstats_caller *callers;
    size_t caller_count;
    tp_pstats_caller *fresh; /* callers of the row that is being added */
    uint32_t *fresh_places;  /* label -> its place in `fresh`, or TP_NO_INDEX */
    uint32_t *places;        /* label -> its place in `callers`, likewise, for the present row */
    uint32_t *first, *last, *next; /* result's rows -> chain of the sources' rows */
} merger;

static void merger_free(merger *m)
{
    free(m->map);
    free(m->labels);
    free(m->rows);
    free(m->callers);
    free(m->fresh);
    free(m->fresh_places);
    free(m->places);
    free(m->first);
    free(m->last);
    free(m->next);
}

static uint32_t *new_indices(size_t count)
{
    uint32_t *indices = malloc((count + 1) * sizeof *indices);
    if (indices != NULL)
        memset(indices, 0xFF, (count + 1) * sizeof *indices); /* TP_NO_INDEX */
    return indices;
}

static tp_status merger_init(merger *m, const tp_pstats *a, const tp_pstats *b)
{
    const tp_pstats none = { .row_count = 0 };
    const tp_pstats *second = b != NULL ? b : &none;
    size_t labels = a->label_count + second->label_count;
    size_t rows = a->row_count + second->row_count;
    size_t callers = a->caller_count + second->caller_count;
    *m = (merger){ .label_count = labels };
    if (labels >= TP_NO_INDEX || callers >= TP_NO_INDEX)
        return TP_ELIMIT;
    m->map = new_indices(labels);
    m->labels = calloc(labels + 1, sizeof *m->labels);
    m->rows = calloc(rows + 1, sizeof *m->rows);
    m->callers = calloc(callers + 1, sizeof *m->callers);
    m->fresh = calloc(callers + 1, sizeof *m->fresh);
    m->fresh_places = new_indices(labels);
    m->places = new_indices(labels);
    m->first = new_indices(rows);
    m->last = new_indices(rows);
    m->next = new_indices(rows);
    if (m->map == NULL || m->labels == NULL || m->rows == NULL || m->callers == NULL ||
        m->fresh == NULL || m->fresh_places == NULL || m->places == NULL || m->first == NULL ||
        m->last == NULL || m->next == NULL)
        return TP_ENOMEM;
    memcpy(m->labels, a->labels, a->label_count * sizeof *m->labels);
    if (b != NULL)
        memcpy(m->labels + a->label_count, b->labels, b->label_count * sizeof *m->labels);
    m->sources[0] = (source){ a, m->map };
    m->sources[1] = (source){ b, m->map + a->label_count };
    return TP_OK;
}

static int compare_in_order(const void *context, uint32_t a, uint32_t b)
{
    const tp_pstats_label *labels = context;
    return tp_pstats_compare_labels(&labels[a].text, &labels[b].text);
}

/* Labels that are equal get the number of the first. Sorted, not hashed: no file makes it slow. */
static tp_status unify_labels(merger *m)
{
    size_t count = m->label_count, kept = 0;
    uint32_t *sorted = new_indices(count), *scratch = new_indices(count);
    if (sorted == NULL || scratch == NULL) {
        free(sorted);
        free(scratch);
        return TP_ENOMEM;
    }
    for (uint32_t i = 0; i < count; i++)
        sorted[i] = i;
    tp_merge_sort(sorted, scratch, count, compare_in_order, m->labels);
    for (size_t i = 0, start = 0; i < count; i++) {
        if (compare_in_order(m->labels, sorted[start], sorted[i]) != 0)
            start = i;
        scratch[sorted[i]] = sorted[start];
    }
    for (uint32_t i = 0; i < count; i++) {
        tp_pstats_label label = m->labels[i];
        m->map[i] = scratch[i] == i ? (uint32_t)kept++ : m->map[scratch[i]];
        tp_pstats_label *to = &m->labels[m->map[i]];
        label.row = TP_NO_INDEX;
        label.is_top_level |= scratch[i] != i && to->is_top_level;
        *to = label;
    }
    m->label_count = kept;
    free(sorted);
    free(scratch);
    return TP_OK;
}

/* Gives the result's rows their order, that of their first source. */
static void link_rows(merger *m)
{
    uint32_t number = 0;
    for (size_t s = 0; s < 2 && m->sources[s].stats != NULL; s++) {
        const source *from = &m->sources[s];
        for (size_t i = 0; i < from->stats->row_count; i++, number++) {
            uint32_t label = from->map[from->stats->rows[i].label];
            uint32_t row = m->labels[label].row;
            if (row == TP_NO_INDEX) {
                row = (uint32_t)m->row_count++;
                m->labels[label].row = row;
                m->rows[row].label = label;
                m->first[row] = number;
            } else {
                m->next[m->last[row]] = number;
            }
            m->last[row] = number;
        }
    }
}

static tp_status add_value(tp_pstats_caller *to, const tp_pstats_caller *value)
{
    if (to->is_number != value->is_number)
        return TP_ESTATE;
    to->calls = tp_wide_add(to->calls, value->calls);
    to->primitive_calls = tp_wide_add(to->primitive_calls, value->primitive_calls);
    to->total += value->total;
    to->cumulative += value->cumulative;
    return TP_OK;
}

/* The row's callers under their new labels, in m->fresh; gives their number. Of two that are one
 * now the later counts, in the place of the earlier. */
static size_t rename_callers(merger *m, const source *from, const tp_pstats_row *row)
{
    size_t count = 0;
    for (size_t i = 0; i < row->caller_count; i++) {
        tp_pstats_caller caller = from->stats->callers[row->first_caller + i];
        caller.label = from->map[caller.label];
        uint32_t *place = &m->fresh_places[caller.label];
        if (*place == TP_NO_INDEX)
            *place = (uint32_t)count++;
        m->fresh[*place] = caller;
    }
    for (size_t i = 0; i < count; i++)
        m->fresh_places[m->fresh[i].label] = TP_NO_INDEX;
    return count;
}

static tp_status add_callers(merger *m, tp_pstats_row *to, size_t count)
{
    tp_status status = TP_OK;
    for (size_t i = 0; status == TP_OK && i < count; i++) {
        uint32_t *place = &m->places[m->fresh[i].label];
        if (*place == TP_NO_INDEX) {
            *place = (uint32_t)m->caller_count++;
            m->callers[*place] = m->fresh[i];
            to->caller_count++;
        } else {
            status = add_value(&m->callers[*place], &m->fresh[i]);
        }
    }
    return status;
}

static tp_status join_row(merger *m, tp_pstats_row *to, uint32_t number)
{
    size_t before = m->sources[0].stats->row_count;
    const source *from = &m->sources[number >= before];
    const tp_pstats_row *row = &from->stats->rows[number >= before ? number - before : number];
    to->calls = tp_wide_add(to->calls, row->calls);
    to->primitive_calls = tp_wide_add(to->primitive_calls, row->primitive_calls);
    to->total += row->total;
    to->cumulative += row->cumulative;
    return add_callers(m, to, rename_callers(m, from, row));
}

static tp_status join_rows(merger *m)
{
    tp_status status = TP_OK;
    for (size_t r = 0; status == TP_OK && r < m->row_count; r++) {
        tp_pstats_row *to = &m->rows[r];
        to->first_caller = m->caller_count;
        /* What add() finds new it adds to zeros; all else keeps even the sign of its zeros. */
        if (m->first[r] < m->sources[0].stats->row_count)
            to->total = to->cumulative = -0.0;
        for (uint32_t n = m->first[r]; status == TP_OK && n != TP_NO_INDEX; n = m->next[n])
            status = join_row(m, to, n);
        for (size_t i = to->first_caller; i < m->caller_count; i++)
            m->places[m->callers[i].label] = TP_NO_INDEX;
    }
    return status;
}

static tp_status merge(merger *m)
{
    tp_status status = unify_labels(m);
    if (status != TP_OK)
        return status;
    link_rows(m);
    return join_rows(m);
}

/* The order is forgotten: pstats does, too. */
static void take_result(tp_pstats *stats, merger *m)
{
    free(stats->labels);
    free(stats->rows);
    free(stats->callers);
    free(stats->order);
    stats->labels = m->labels;
    stats->label_count = m->label_count;
    stats->rows = m->rows;
    stats->row_count = m->row_count;
    stats->callers = m->callers;
    stats->caller_count = m->caller_count;
    stats->order = NULL;
    m->labels = NULL;
    m->rows = NULL;
    m->callers = NULL;
}

static void strip_label(tp_string *file)
{
    for (size_t i = file->size; i > 0; i--) {
        if (file->bytes[i - 1] == '/') {
            *file = (tp_string){ file->bytes + i, file->size - i };
            return;
        }
    }
}

tp_status tp_pstats_strip_dirs(tp_pstats *stats)
{
    merger m;
    tp_status status = merger_init(&m, stats, NULL);
    if (status == TP_OK) {
        for (size_t i = 0; i < m.label_count; i++)
            strip_label(&m.labels[i].text.file);
        status = merge(&m);
    }
    if (status == TP_OK) {
        take_result(stats, &m);
        stats->name_width = 0;
        for (size_t i = 0; i < stats->row_count; i++) {
            size_t width = tp_pstats_name_width(&stats->labels[stats->rows[i].label].text);
            stats->name_width = width > stats->name_width ? width : stats->name_width;
        }
        free(stats->callees);
        stats->callees = NULL;
    }
    merger_free(&m);
    return status;
}

/* Files and profiles of `from` go over to `stats`. */
static tp_status move_owned(tp_pstats *stats, tp_pstats *from)
{
    size_t files = stats->file_count + from->file_count;
    size_t profiles = stats->profile_count + from->profile_count;
    char **more_files = realloc(stats->files, files * sizeof *more_files);
    if (more_files == NULL)
        return TP_ENOMEM;
    stats->files = more_files;
    tp_profile **more_profiles = realloc(stats->profiles, profiles * sizeof *more_profiles);
    if (more_profiles == NULL)
        return TP_ENOMEM;
    stats->profiles = more_profiles;
    memcpy(stats->files + stats->file_count, from->files, from->file_count * sizeof *more_files);
    memcpy(stats->profiles + stats->profile_count, from->profiles,
           from->profile_count * sizeof *more_profiles);
    stats->file_count = files;
    stats->profile_count = profiles;
    from->file_count = 0;
    from->profile_count = 0;
    return TP_OK;
}

tp_status tp_pstats_add(tp_pstats *stats, const char *path, tp_error *error)
{
    tp_pstats *added;
    merger m;
    tp_status status = tp_pstats_load(&added, path, stats->times, error);
    if (status != TP_OK)
        return status;
    status = merger_init(&m, stats, added);
    if (status == TP_OK)
        status = merge(&m);
    if (status == TP_OK)
        status = move_owned(stats, added);
    if (status == TP_OK) {
        /* Labels keep their numbers, and the table of callees is out of date from now on: so is
         * that of pstats, which makes it once. */
        take_result(stats, &m);
        stats->calls = tp_wide_add(stats->calls, added->calls);
        stats->primitive_calls = tp_wide_add(stats->primitive_calls, added->primitive_calls);
        stats->total += added->total;
        if (stats->name_width < added->name_width)
            stats->name_width = added->name_width;
    }
    merger_free(&m);
    tp_pstats_destroy(added);
    return status;
}

#include "pstats_sort.h"

#include <stdlib.h>
#include <string.h>

#include "merge_sort.h"

static const tp_pstats_key words[] = {
    { "calls", "call count", TP_SORT_CALLS },
    { "ncalls", "call count", TP_SORT_CALLS },
    { "cumtime", "cumulative time", TP_SORT_CUMULATIVE },
    { "cumulative", "cumulative time", TP_SORT_CUMULATIVE },
    { "filename", "file name", TP_SORT_FILE },
    { "line", "line number", TP_SORT_LINE },
    { "module", "file name", TP_SORT_FILE },
    { "name", "function name", TP_SORT_NAME },
    { "nfl", "name/file/line", TP_SORT_NFL },
    { "pcalls", "primitive call count", TP_SORT_PRIMITIVE_CALLS },
    { "stdname", "standard name", TP_SORT_STDNAME },
    { "time", "internal time", TP_SORT_TIME },
    { "tottime", "internal time", TP_SORT_TIME },
    { NULL, NULL, TP_SORT_CALLS },
};

static const tp_pstats_key sample_words[] = {
    { "samples", "sample count", TP_SORT_CALLS },
    { "nsamples", "sample count", TP_SORT_CALLS },
    { "psamples", "primitive call count", TP_SORT_PRIMITIVE_CALLS },
};

const tp_pstats_key *tp_pstats_keys(void)
{
    return words;
}

static size_t common_size(const char *a, const char *b)
{
    size_t size = 0;
    while (a[size] != '\0' && a[size] == b[size])
        size++;
    return size;
}

/* pstats calls ambiguous only where a word first parts from those before it: "c" and "cum" are,
 * "cu" is not. */
static int is_ambiguous(const char *name, size_t size)
{
    for (const tp_pstats_key *word = words; word->name != NULL; word++) {
        size_t longest = 0;
        for (const tp_pstats_key *before = words; before < word; before++) {
            size_t common = common_size(before->name, word->name);
            longest = common > longest ? common : longest;
        }
        if (longest == size && strncmp(word->name, name, size) == 0)
            return 1;
    }
    return 0;
}

const tp_pstats_key *tp_pstats_key_find(const char *name, size_t size)
{
    if (size == 0 || is_ambiguous(name, size))
        return NULL;
    for (const tp_pstats_key *word = words; word->name != NULL; word++) {
        if (strncmp(word->name, name, size) == 0)
            return word;
    }
    return NULL;
}

static int is_word(const tp_pstats_key *word, const char *name, size_t size)
{
    return strlen(word->name) == size && memcmp(word->name, name, size) == 0;
}

const tp_pstats_key *tp_pstats_sample_key_find(const char *name, size_t size)
{
    for (size_t i = 0; i < sizeof sample_words / sizeof *sample_words; i++) {
        if (is_word(&sample_words[i], name, size))
            return &sample_words[i];
    }
    for (const tp_pstats_key *word = words; word->name != NULL; word++) {
        if (word->key != TP_SORT_CALLS && word->key != TP_SORT_PRIMITIVE_CALLS &&
            is_word(word, name, size))
            return word;
    }
    return NULL;
}

typedef struct sorter {
    const tp_pstats *stats;
    const tp_pstats_key *const *keys;
    size_t key_count;
    const tp_string *names; /* the printed names, where a key needs them */
} sorter;

#define RISING(a, b) (((a) > (b)) - ((a) < (b)))

static int compare_by(const sorter *s, tp_sort_key key, uint32_t left, uint32_t right)
{
    const tp_pstats_row *a = &s->stats->rows[left], *b = &s->stats->rows[right];
    const tp_label *label_a = &s->stats->labels[a->label].text;
    const tp_label *label_b = &s->stats->labels[b->label].text;
    int order;
    switch (key) {
    case TP_SORT_CALLS:
        return tp_wide_compare(b->calls, a->calls);
    case TP_SORT_PRIMITIVE_CALLS:
        return tp_wide_compare(b->primitive_calls, a->primitive_calls);
    case TP_SORT_CUMULATIVE:
        return RISING(b->cumulative, a->cumulative);
    case TP_SORT_TIME:
        return RISING(b->total, a->total);
    case TP_SORT_FILE:
        return tp_pstats_compare_text(label_a->file, label_b->file);
    case TP_SORT_LINE:
        return RISING(label_a->line, label_b->line);
    case TP_SORT_NAME:
        return tp_pstats_compare_text(label_a->name, label_b->name);
    case TP_SORT_NFL:
        order = tp_pstats_compare_text(label_a->name, label_b->name);
        return order != 0 ? order : tp_pstats_compare_labels(label_a, label_b);
    case TP_SORT_STDNAME:
        return tp_pstats_compare_text(s->names[left], s->names[right]);
    case TP_SORT_AWAITED: /* none of pstats' words means it */
        break;
    }
    return 0;
}

static int compare_rows(const void *context, uint32_t a, uint32_t b)
{
    const sorter *s = context;
    int order = 0;
    for (size_t i = 0; order == 0 && i < s->key_count; i++)
        order = compare_by(s, s->keys[i]->key, a, b);
    return order;
}

/* All rows' printed names, one behind the other in *bytes. */
static tp_status write_names(const tp_pstats *stats, tp_string **names, char **bytes)
{
    size_t size = 0;
    for (size_t i = 0; i < stats->row_count; i++)
        size += tp_pstats_name_size(&stats->labels[stats->rows[i].label].text);
    *names = calloc(stats->row_count + 1, sizeof **names);
    *bytes = malloc(size + 1);
    if (*names == NULL || *bytes == NULL)
        return TP_ENOMEM;
    char *at = *bytes;
    for (size_t i = 0; i < stats->row_count; i++) {
        (*names)[i] = (tp_string){
            at, tp_pstats_name_write(&stats->labels[stats->rows[i].label].text, at)
        };
        at += (*names)[i].size;
    }
    return TP_OK;
}

static char *join_texts(const tp_pstats_key *const *keys, size_t count)
{
    size_t size = 1;
    for (size_t i = 0; i < count; i++)
        size += strlen(keys[i]->text) + 2;
    char *text = calloc(size, 1);
    for (size_t i = 0; text != NULL && i < count; i++) {
        strcat(text, i > 0 ? ", " : "");
        strcat(text, keys[i]->text);
    }
    return text;
}

static void sort_rows(uint32_t *order, uint32_t *scratch, const sorter *s)
{
    for (uint32_t i = 0; i < s->stats->row_count; i++)
        order[i] = i;
    tp_merge_sort(order, scratch, s->stats->row_count, compare_rows, s);
}

tp_status tp_pstats_sort(tp_pstats *stats, const tp_pstats_key *const *keys, size_t count)
{
    tp_string *names = NULL;
    char *bytes = NULL;
    tp_status status = TP_OK;
    for (size_t i = 0; status == TP_OK && names == NULL && i < count; i++) {
        if (keys[i]->key == TP_SORT_STDNAME)
            status = write_names(stats, &names, &bytes);
    }
    uint32_t *order = calloc(stats->row_count + 1, sizeof *order);
    uint32_t *scratch = calloc(stats->row_count + 1, sizeof *scratch);
    char *text = join_texts(keys, count);
    if (order == NULL || scratch == NULL || text == NULL)
        status = TP_ENOMEM;
    if (status == TP_OK) {
        sort_rows(order, scratch, &(sorter){ stats, keys, count, names });
        free(stats->order);
        free(stats->order_text);
        stats->order = order;
        stats->order_text = text;
        order = NULL;
        text = NULL;
    }
    free(order);
    free(scratch);
    free(text);
    free(names);
    free(bytes);
    return status;
}

void tp_pstats_reverse(tp_pstats *stats)
{
    if (stats->order == NULL)
        return;
    for (size_t i = 0, j = stats->row_count; i + 1 < j; i++) {
        j--;
        uint32_t row = stats->order[i];
        stats->order[i] = stats->order[j];
        stats->order[j] = row;
    }
}

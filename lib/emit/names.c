#include "names.h"

#include <string.h>

#include "memory.h"
#include "model.h"
#include "spell.h"

typedef struct namer {
    const tp_profile *profile;
    const char *special;
    tp_buffer text;
    tp_naming naming;
} namer;

int tp_is_placeless(const tp_label *label)
{
    return label->line == 0 && label->file.size == 1 && label->file.bytes[0] == '~';
}

static tp_string without_folder(tp_string file)
{
    size_t at = file.size;
    while (at > 0 && file.bytes[at - 1] != '/' && file.bytes[at - 1] != '\\')
        at--;
    return (tp_string){ file.bytes + at, file.size - at };
}

/* " 12" at its end would be taken for a number of its own. */
static void say_name(namer *n, tp_string name)
{
    size_t digits = name.size;
    while (digits > 0 && name.bytes[digits - 1] >= '0' && name.bytes[digits - 1] <= '9')
        digits--;
    int is_apart = n->naming == TP_NAMES_PLACED && digits > 0 && name.bytes[digits - 1] == ' ';
    tp_spell_visible(&n->text, (tp_string){ name.bytes, is_apart ? digits - 1 : name.size }, n->special, 0);
    if (is_apart) {
        tp_spell(&n->text, "\\x20");
        tp_spell_string(&n->text, (tp_string){ name.bytes + digits, name.size - digits });
    }
}

/* At level 0 as short as can be, from there on with more of the label. */
static void say_label(namer *n, const tp_label *label, int level)
{
    n->text.size = 0;
    if (label->name.size == 0)
        tp_spell(&n->text, "<>"); /* nothing would be no name to most readers */
    say_name(n, label->name);
    if (level == 0 || tp_is_placeless(label))
        return;
    if (n->naming == TP_NAMES_IN_FILE) {
        tp_spell(&n->text, ":");
        tp_spell_integer(&n->text, label->line);
        return;
    }
    tp_spell(&n->text, " (");
    tp_spell_visible(&n->text, level == 1 ? without_folder(label->file) : label->file, n->special, 0);
    tp_spell(&n->text, ":");
    tp_spell_integer(&n->text, label->line);
    tp_spell(&n->text, ")");
}

/* Numbers the names of that level in `set`, and counts how many functions have each. Where a name is to
 * be told apart within its file, the file is part of what is counted. */
static tp_status count_names(namer *n, tp_intern *set, uint32_t *number_of, uint32_t *counts, int level)
{
    for (size_t i = 0; i < n->profile->function_count; i++) {
        const tp_label *label = &n->profile->functions[i].label;
        say_label(n, label, level);
        if (n->naming == TP_NAMES_IN_FILE) {
            tp_buffer_put(&n->text, "\n", 1);
            tp_spell_string(&n->text, label->file);
        }
        if (n->text.status != TP_OK)
            return n->text.status;
        tp_status status = tp_intern_put(set, &number_of[i], (const char *)n->text.bytes, n->text.size);
        if (status != TP_OK)
            return status;
        counts[number_of[i]]++;
    }
    return TP_OK;
}

/* Marks in `levels` what is ambiguous at the level. */
static tp_status raise_ambiguous(namer *n, uint8_t *levels, int level)
{
    size_t count = n->profile->function_count;
    const tp_allocator *allocator = n->profile->allocator;
    tp_intern set;
    tp_intern_init(&set, allocator);
    uint32_t *number_of = tp_alloc(allocator, count, sizeof *number_of);
    uint32_t *counts = tp_alloc(allocator, count, sizeof *counts);
    tp_status status = number_of == NULL || counts == NULL
                           ? TP_ENOMEM
                           : count_names(n, &set, number_of, counts, level);
    for (size_t i = 0; status == TP_OK && i < count; i++) {
        if (levels[i] == level && counts[number_of[i]] > 1)
            levels[i]++;
    }
    tp_free(allocator, counts);
    tp_free(allocator, number_of);
    tp_intern_free(&set);
    return status;
}

static tp_status find_levels(namer *n, uint8_t *levels)
{
    if (n->naming == TP_NAMES_PLACED) {
        memset(levels, 2, n->profile->function_count);
        return TP_OK;
    }
    tp_status status = raise_ambiguous(n, levels, 0);
    if (status == TP_OK && n->naming == TP_NAMES_ALONE)
        status = raise_ambiguous(n, levels, 1);
    return status;
}

static tp_status keep_names(namer *n, tp_names *names, const uint8_t *levels)
{
    tp_status status = TP_OK;
    for (size_t i = 0; status == TP_OK && i < n->profile->function_count; i++) {
        say_label(n, &n->profile->functions[i].label, levels[i]);
        status = n->text.status;
        if (status == TP_OK)
            status = tp_intern_put(&names->strings, &names->number_of[i],
                                   (const char *)n->text.bytes, n->text.size);
    }
    return status;
}

tp_status tp_names_init(tp_names *names, const tp_profile *profile, tp_naming naming, const char *special)
{
    namer n = { .profile = profile, .special = special, .naming = naming };
    tp_buffer_init(&n.text, profile->allocator);
    tp_intern_init(&names->strings, profile->allocator);
    names->number_of = tp_alloc(profile->allocator, profile->function_count, sizeof *names->number_of);
    uint8_t *levels = tp_alloc(profile->allocator, profile->function_count, 1);
    tp_status status = names->number_of == NULL || levels == NULL ? TP_ENOMEM : find_levels(&n, levels);
    if (status == TP_OK)
        status = keep_names(&n, names, levels);
    tp_free(profile->allocator, levels);
    tp_buffer_free(&n.text);
    if (status != TP_OK)
        tp_names_free(names);
    return status;
}

void tp_names_free(tp_names *names)
{
    const tp_allocator *allocator = names->strings.allocator;
    tp_free(allocator, names->number_of);
    tp_intern_free(&names->strings);
    names->number_of = NULL;
}

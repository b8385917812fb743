/* Collapsed stacks: "main (app.py:3);parse (app.py:9) 1200", a line for each path, its own weight behind the
 * last blank. Our own exports come back as they were; of other tools' frames those that say where they are
 * as py-spy does have a file and a line, all others are names.
 *
 * A weight has no unit. It is taken as nanoseconds. */
#include <string.h>

#include "assemble.h"
#include "grove.h"
#include "label_set.h"
#include "lines.h"
#include "memory.h"

/* A thread's tree while it grows. */
typedef struct stem {
    tp_grove grove;
    uint32_t name; /* in the profile's strings */
    uint32_t process;
    uint64_t id;
} stem;

typedef struct collapsed {
    tp_profile *profile;
    tp_lines *lines;
    tp_label_set labels; /* numbers are indices of functions */
    stem *stems;         /* Owned. */
    size_t stem_count;
    size_t stem_capacity;
    uint64_t total; /* of all weights */
} collapsed;

static int is_no_place(tp_string file, int64_t line)
{
    return line == 0 && file.size == 1 && file.bytes[0] == '~';
}

/* "name (file:12)". The first bracket behind a blank counts: files have such ("Program Files (x86)"), names
 * of functions hardly. Only what would be written so again. */
static bool split_frame(tp_label *label, tp_string frame)
{
    if (frame.size < 2 || frame.bytes[frame.size - 1] != ')')
        return false;
    const char *end = frame.bytes + frame.size - 1, *digits = end;
    while (digits > frame.bytes && digits[-1] >= '0' && digits[-1] <= '9')
        digits--;
    const char *number = digits;
    bool negative = digits > frame.bytes && digits[-1] == '-';
    const char *colon = digits - negative - 1;
    if (digits == end || (*digits == '0' && (end - digits > 1 || negative)) || colon < frame.bytes ||
        *colon != ':' || !tp_take_number(&label->line, &number, end))
        return false;
    const char *open = frame.bytes + 2;
    while (open < colon && !(open[0] == '(' && open[-1] == ' '))
        open++;
    if (open >= colon)
        return false;
    label->line = negative ? -label->line : label->line;
    label->file = (tp_string){ open + 1, (size_t)(colon - open - 1) };
    label->name = (tp_string){ frame.bytes, (size_t)(open - 1 - frame.bytes) };
    return !is_no_place(label->file, label->line);
}

static tp_status function_of(collapsed *c, uint32_t *function, tp_string frame)
{
    size_t before = c->labels.count;
    tp_label label;
    tp_status status = tp_lines_text(c->lines, &frame);
    if (status != TP_OK)
        return status;
    if (!split_frame(&label, frame))
        label = (tp_label){ .file = { "~", 1 }, .name = frame };
    status = tp_label_set_put(&c->labels, function, &label);
    if (status != TP_OK || c->labels.count == before)
        return status;
    tp_function row = { .label = tp_label_set_get(&c->labels, *function) };
    return tp_profile_add_function(c->profile, function, &row);
}

/* What follows `word` in "[word 12 more]"; false if that is not what it is. */
static bool take_bracket(tp_string frame, const char *word, int64_t *number, tp_string *more)
{
    size_t size = strlen(word);
    const char *end = frame.bytes + frame.size;
    if (frame.size < size + 2 || memcmp(frame.bytes, word, size) != 0 || end[-1] != ']')
        return false;
    const char *at = frame.bytes + size;
    end--;
    if (!tp_take_number(number, &at, end) || (at < end && *at != ' '))
        return false;
    *more = at < end ? (tp_string){ at + 1, (size_t)(end - at - 1) } : (tp_string){ "", 0 };
    return true;
}

static tp_status find_process(collapsed *c, uint32_t *process, int64_t pid)
{
    tp_process added = { .pid = pid, .command = { "", 0 } };
    for (uint32_t i = 0; i < c->profile->process_count; i++) {
        if (c->profile->processes[i].pid == pid) {
            *process = i;
            return TP_OK;
        }
    }
    return tp_profile_add_process(c->profile, &added, process);
}

/* Mostly the thread of the line before. */
static tp_status find_stem(collapsed *c, stem **found, tp_string name, uint64_t id, uint32_t process)
{
    uint32_t number;
    tp_status status = tp_lines_text(c->lines, &name);
    if (status == TP_OK)
        status = tp_intern_put(&c->profile->strings, &number, name.bytes, name.size);
    if (status != TP_OK)
        return status;
    for (size_t i = c->stem_count; i-- > 0;) {
        stem *s = &c->stems[i];
        if (s->id == id && s->name == number && s->process == process) {
            *found = s;
            return TP_OK;
        }
    }
    void *array = c->stems;
    if (c->stem_count >= 1024) /* as many as a recording of ours keeps apart */
        return tp_lines_fail(c->lines, TP_ELIMIT, NULL, "too many threads");
    status = tp_reserve(c->lines->allocator, &array, &c->stem_capacity, c->stem_count + 1, sizeof *c->stems);
    if (status != TP_OK)
        return status;
    c->stems = array;
    *found = &c->stems[c->stem_count++];
    **found = (stem){ .name = number, .id = id, .process = process };
    tp_grove_init(&(*found)->grove, c->lines->allocator);
    return TP_OK;
}

/* The next frame of the path at *at, which is moved on behind its semicolon. */
static tp_string next_frame(const char **at, const char *end)
{
    const char *semicolon = memchr(*at, ';', (size_t)(end - *at));
    const char *stop = semicolon != NULL ? semicolon : end;
    tp_string frame = { *at, (size_t)(stop - *at) };
    *at = semicolon != NULL ? semicolon + 1 : end;
    return frame;
}

/* "[pid 12]" and "[thread 1 MainThread]" at the beginning of a path. */
static tp_status take_thread(collapsed *c, stem **found, const char **at, const char *end)
{
    int64_t pid, id = 0;
    uint32_t process = TP_NO_INDEX;
    tp_string name = { "", 0 }, more;
    const char *behind = *at;
    if (take_bracket(next_frame(&behind, end), "[pid ", &pid, &more) && more.size == 0) {
        tp_status status = find_process(c, &process, pid);
        if (status != TP_OK)
            return status;
        *at = behind;
    }
    behind = *at;
    if (behind < end && take_bracket(next_frame(&behind, end), "[thread ", &id, &more)) {
        name = more;
        *at = behind;
    }
    return find_stem(c, found, name, (uint64_t)id, process);
}

static tp_status add_frame(collapsed *c, tp_grove *grove, uint32_t *at, tp_string frame)
{
    tp_context none = { .calls = 0 };
    if (frame.size == 0)
        return tp_lines_fail(c->lines, TP_EFORMAT, frame.bytes, "a frame without a name");
    tp_status status = function_of(c, &none.function, frame);
    return status == TP_OK ? tp_grove_add(grove, at, *at, &none) : status;
}

static tp_status read_path(collapsed *c, tp_string path, int64_t weight)
{
    const char *at = path.bytes, *end = path.bytes + path.size;
    uint32_t sprout = TP_NO_INDEX;
    stem *s = NULL;
    tp_status status = take_thread(c, &s, &at, end);
    while (status == TP_OK && at < end)
        status = add_frame(c, &s->grove, &sprout, next_frame(&at, end));
    if (status != TP_OK)
        return status;
    if (sprout == TP_NO_INDEX || end[-1] == ';')
        return tp_lines_fail(c->lines, TP_EFORMAT, end, "a frame without a name");
    /* Once more to where it is: a frame that stands for deeper recursion takes no time from its own level. */
    tp_context own = { .function = s->grove.sprouts[sprout].function, .inclusive_ticks = weight };
    return tp_grove_add(&s->grove, &sprout, s->grove.sprouts[sprout].parent, &own);
}

static tp_status read_line(collapsed *c)
{
    tp_string line = c->lines->line;
    const char *end = line.bytes + line.size, *blank = end;
    int64_t weight;
    if (line.size == 0)
        return TP_OK;
    if (memchr(line.bytes, '\0', line.size) != NULL)
        return tp_lines_fail(c->lines, TP_EFORMAT, NULL, "a line of collapsed stacks with a NUL");
    while (blank > line.bytes && blank[-1] != ' ')
        blank--;
    const char *digits = blank;
    if (blank <= line.bytes + 1 || !tp_take_number(&weight, &digits, end) || digits != end)
        return tp_lines_fail(c->lines, TP_EFORMAT, blank, "a line of collapsed stacks without a whole number");
    if ((uint64_t)weight > (uint64_t)INT64_MAX - c->total)
        return tp_lines_fail(c->lines, TP_ELIMIT, blank, "the sum of weights is too large");
    c->total += (uint64_t)weight;
    return read_path(c, (tp_string){ line.bytes, (size_t)(blank - 1 - line.bytes) }, weight);
}

/* Own weights become inclusive ones. */
static void sum_up(tp_tree_data *tree)
{
    for (size_t i = tree->count; i-- > 0;) {
        uint32_t parent = tree->contexts[i].parent;
        if (parent != TP_NO_INDEX)
            tree->contexts[parent].inclusive_ticks += tree->contexts[i].inclusive_ticks;
    }
}

static tp_status add_threads(collapsed *c)
{
    tp_status status = TP_OK;
    for (size_t i = 0; status == TP_OK && i < c->stem_count; i++) {
        tp_tree_data *tree;
        tp_text name = c->profile->strings.texts[c->stems[i].name];
        status = tp_profile_add_tree(c->profile, &tree, name.bytes, name.size, c->stems[i].id);
        if (status != TP_OK)
            break;
        tree->process = c->stems[i].process;
        status = tp_grove_copy(&c->stems[i].grove, c->profile, tree);
        sum_up(tree);
        tp_grove_free(&c->stems[i].grove);
    }
    return status;
}

tp_status tp_read_collapsed(tp_profile *profile, tp_lines *lines)
{
    collapsed c = { .profile = profile, .lines = lines };
    tp_status status = TP_OK;
    tp_label_set_init(&c.labels, &profile->strings);
    profile->unit = 1e-9;
    profile->origin.dialect = TP_DIALECT_COLLAPSED;
    while (status == TP_OK && tp_lines_next(lines))
        status = read_line(&c);
    tp_label_set_free(&c.labels);
    if (status == TP_OK)
        status = add_threads(&c);
    for (size_t i = 0; i < c.stem_count; i++)
        tp_grove_free(&c.stems[i].grove);
    tp_free(lines->allocator, c.stems);
    return status == TP_OK ? tp_fold_trees(profile) : status;
}

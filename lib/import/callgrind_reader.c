/* Callgrind's format (https://valgrind.org/docs/manual/cl-format.html), whoever wrote it: functions with
 * their own cost, and calls with their numbers and inclusive cost. One event is read, time where there is
 * one. Objects, instructions and jumps are passed over; a function that was inlined counts for the one that
 * it is in. */
#include <string.h>

#include "assemble.h"
#include "callgrind_rows.h"
#include "lines.h"
#include "memory.h"


#define MOST_COLUMNS 32

typedef struct grind_reader {
    tp_profile *profile;
    tp_lines *lines;
    tp_assembly *assembly;
    tp_map files, functions; /* "(7)" in the file, plus 1 -> number of the string */
    uint32_t file, called_file;  /* names now in force: numbers of the profile's strings */
    uint32_t function;           /* TP_NO_INDEX: none yet */
    uint32_t callee;
    int64_t calls;   /* of the "calls=" line before; -1: there was none */
    uint32_t positions, column; /* numbers before a line's costs; the event's among those */
    int64_t last_line;          /* for relative positions */
    double scale;               /* seconds that one of the event is */
    bool has_events, skips_line;
} grind_reader;

static tp_status fail(grind_reader *g, tp_status status, const char *at, const char *message)
{
    return tp_lines_fail(g->lines, status, at, message);
}

static bool begins_with(tp_string line, const char *word)
{
    size_t size = strlen(word);
    return line.size >= size && memcmp(line.bytes, word, size) == 0;
}

static tp_string behind(tp_string line, size_t size)
{
    return (tp_string){ line.bytes + size, line.size - size };
}

static tp_string trimmed(tp_string text)
{
    while (text.size > 0 && (text.bytes[0] == ' ' || text.bytes[0] == '\t'))
        text = behind(text, 1);
    while (text.size > 0 && (text.bytes[text.size - 1] == ' ' || text.bytes[text.size - 1] == '\t'))
        text.size--;
    return text;
}

/* The next word, and the rest of the text in its place. */
static tp_string next_word(tp_string *text)
{
    *text = trimmed(*text);
    size_t size = 0;
    while (size < text->size && text->bytes[size] != ' ' && text->bytes[size] != '\t')
        size++;
    tp_string word = { text->bytes, size };
    *text = behind(*text, size);
    return word;
}

static bool is_word(tp_string text, const char *word)
{
    return text.size == strlen(word) && memcmp(text.bytes, word, text.size) == 0;
}

/* Seconds that one of the event is, 0: it is no time. */
static double seconds_of(tp_string event)
{
    static const struct {
        const char *name;
        double seconds;
    } times[] = {
        { "ns", 1e-9 },         { "nanoseconds", 1e-9 },  { "Nanoseconds", 1e-9 },
        { "us", 1e-6 },         { "microseconds", 1e-6 }, { "Microseconds", 1e-6 },
        { "ms", 1e-3 },         { "milliseconds", 1e-3 }, { "Milliseconds", 1e-3 },
        { "Time_(10ns)", 1e-8 } /* Xdebug's */,           { "Time_(1us)", 1e-6 },
    };
    for (size_t i = 0; i < sizeof times / sizeof *times; i++) {
        if (is_word(event, times[i].name))
            return times[i].seconds;
    }
    return 0;
}

/* The first that is a time, else the first of all, one a nanosecond. */
static tp_status read_events(grind_reader *g, tp_string names)
{
    tp_string name, chosen = { NULL, 0 };
    double chosen_scale = 0;
    uint32_t chosen_column = 0;
    for (uint32_t column = 0; (name = next_word(&names)).size > 0; column++) {
        double scale = seconds_of(name);
        if (column >= MOST_COLUMNS)
            return fail(g, TP_ELIMIT, name.bytes, "too many events");
        if (chosen.bytes != NULL && (scale <= 0 || chosen_scale > 0))
            continue;
        chosen = name;
        chosen_scale = scale;
        chosen_column = column;
    }
    if (chosen.bytes == NULL)
        return fail(g, TP_EFORMAT, NULL, "no events are named");
    if (g->has_events && g->column != chosen_column)
        return fail(g, TP_EFORMAT, NULL, "parts of other events");
    g->column = chosen_column;
    g->scale = chosen_scale > 0 ? chosen_scale : 1e-9;
    g->has_events = true;
    tp_status status = tp_lines_text(g->lines, &chosen);
    return status == TP_OK ? tp_profile_set_text(g->profile, "event", chosen.bytes, chosen.size) : status;
}

static tp_status read_positions(grind_reader *g, tp_string names)
{
    uint32_t count = 0;
    tp_string name, last = { "", 0 };
    while ((name = next_word(&names)).size > 0 && count <= MOST_COLUMNS) {
        last = name;
        count++;
    }
    if (count == 0 || count > MOST_COLUMNS || !is_word(last, "line"))
        return fail(g, TP_EUNSUPPORTED, NULL, "costs are not given by line");
    g->positions = count;
    return TP_OK;
}

static tp_status read_command(grind_reader *g, tp_string text)
{
    text = trimmed(text);
    tp_status status = tp_lines_text(g->lines, &text);
    return status == TP_OK ? tp_profile_set_text(g->profile, "command", text.bytes, text.size) : status;
}

/* "(7) name", "(7)" or "name". Gives the number of a string: one name may be long, and meant on every line. */
static tp_status read_name(grind_reader *g, tp_map *map, tp_string text, uint32_t *name)
{
    int64_t number = -1;
    uint32_t string = TP_MAP_NONE;
    text = trimmed(text);
    const char *at = text.bytes + 1, *end = text.bytes + text.size;
    if (text.size > 2 && text.bytes[0] == '(' && tp_take_number(&number, &at, end) && at < end &&
        *at == ')' && number < INT64_MAX) {
        text = trimmed((tp_string){ at + 1, (size_t)(end - at - 1) });
        string = tp_map_get(map, (uint64_t)number + 1);
        if (text.size == 0 && string == TP_MAP_NONE)
            return fail(g, TP_EFORMAT, NULL, "a number that no name was given to");
    } else {
        number = -1;
    }
    if (text.size > 0 || string == TP_MAP_NONE) {
        tp_status status = tp_lines_text(g->lines, &text);
        if (status == TP_OK)
            status = tp_intern_put(&g->profile->strings, &string, text.bytes, text.size);
        if (status == TP_OK && number >= 0)
            status = tp_map_put(map, (uint64_t)number + 1, string);
        if (status != TP_OK)
            return status;
    }
    *name = string;
    return TP_OK;
}

/* Functions have line 0 until all is read: their lines are known by their costs. */
static tp_status read_function(grind_reader *g, tp_string text, uint32_t file, uint32_t *function)
{
    tp_packed_label label = { .file = file };
    tp_status status = read_name(g, &g->functions, text, &label.name);
    return status == TP_OK ? tp_assembly_row_packed(g->assembly, function, &label) : status;
}

static tp_status read_calls(grind_reader *g, tp_string text)
{
    const char *at = text.bytes, *end = text.bytes + text.size;
    if (g->function == TP_NO_INDEX || g->callee == TP_NO_INDEX)
        return fail(g, TP_EFORMAT, NULL, "calls of no function");
    if (!tp_take_number(&g->calls, &at, end))
        return fail(g, TP_EFORMAT, at, "calls without a number");
    return TP_OK;
}

/* "12", "+3", "-3", "*"; addresses ("0x12") are of no interest. */
static bool take_position(grind_reader *g, tp_string word, bool is_line)
{
    int64_t number;
    const char *at = word.bytes, *end = word.bytes + word.size;
    bool is_relative = word.size > 1 && (*at == '+' || *at == '-');
    if (is_word(word, "*") || !is_line)
        return true;
    at += is_relative;
    if (!tp_take_number(&number, &at, end) || at != end)
        return false;
    if (!is_relative)
        g->last_line = number;
    else if (word.bytes[0] == '-')
        g->last_line = number > g->last_line ? 0 : g->last_line - number;
    else
        g->last_line = number > INT64_MAX - g->last_line ? INT64_MAX : g->last_line + number;
    return true;
}

/* A cost of more than 53 bits is no whole number any more, but near. */
static bool take_cost(tp_string word, double *cost)
{
    int64_t number;
    const char *at = word.bytes, *end = word.bytes + word.size;
    if (!tp_take_number(&number, &at, end) || at != end)
        return false;
    *cost = (double)number;
    return true;
}

static tp_status add_cost(grind_reader *g, double seconds)
{
    tp_function own = { .calls = 0, .total = seconds };
    tp_edge edge = { .caller = g->function, .callee = g->callee, .calls = g->calls, .cumulative = seconds };
    tp_status status;
    if (g->calls < 0) {
        tp_function *row = &g->assembly->profile->functions[g->function];
        if (row->label.line == 0)
            row->label.line = g->last_line;
        return tp_assembly_add(g->assembly, g->function, &own);
    }
    g->calls = -1;
    status = tp_assembly_add_edge(g->assembly, &edge);
    return status == TP_ELIMIT ? fail(g, status, NULL, "too many calls") : status;
}

/* Costs that are nothing may be left out at the end. */
static tp_status read_cost(grind_reader *g, tp_string line)
{
    double cost = 0;
    tp_string word;
    if (g->function == TP_NO_INDEX || !g->has_events)
        return fail(g, TP_EFORMAT, NULL, "a cost of no function or no event");
    for (uint32_t i = 0; i < g->positions; i++) {
        word = next_word(&line);
        if (word.size == 0 || !take_position(g, word, i == g->positions - 1))
            return fail(g, TP_EFORMAT, word.bytes, "not a position");
    }
    for (uint32_t i = 0; (word = next_word(&line)).size > 0; i++) {
        double one;
        if (!take_cost(word, &one))
            return fail(g, TP_EFORMAT, word.bytes, "not a cost");
        if (i == g->column)
            cost = one;
    }
    return add_cost(g, cost * g->scale);
}

static tp_status read_assignment(grind_reader *g, tp_string line)
{
    if (begins_with(line, "fn=")) {
        g->called_file = g->file;
        return read_function(g, behind(line, 3), g->file, &g->function);
    }
    if (begins_with(line, "cfn=")) {
        uint32_t file = g->called_file;
        g->called_file = g->file; /* for the next call, unless it says another */
        return read_function(g, behind(line, 4), file, &g->callee);
    }
    if (begins_with(line, "fl=")) {
        tp_status status = read_name(g, &g->files, behind(line, 3), &g->file);
        g->called_file = g->file;
        return status;
    }
    if (begins_with(line, "cfi=") || begins_with(line, "cfl="))
        return read_name(g, &g->files, behind(line, 4), &g->called_file);
    if (begins_with(line, "fi=") || begins_with(line, "fe=")) {
        uint32_t inlined; /* its number may be needed later */
        return read_name(g, &g->files, behind(line, 3), &inlined);
    }
    if (begins_with(line, "calls="))
        return read_calls(g, behind(line, 6));
    if (begins_with(line, "jump=") || begins_with(line, "jcnd=")) {
        g->skips_line = true; /* the place it starts from */
        return TP_OK;
    }
    if (begins_with(line, "ob=") || begins_with(line, "cob="))
        return TP_OK;
    return fail(g, TP_EFORMAT, NULL, "not a line of callgrind's");
}

static bool is_cost(char first)
{
    return (first >= '0' && first <= '9') || first == '+' || first == '-' || first == '*';
}

static tp_status read_line(grind_reader *g)
{
    tp_string line = g->lines->line;
    if (line.size > 0 && memchr(line.bytes, '\0', line.size) != NULL)
        return fail(g, TP_EFORMAT, NULL, "a line with a NUL");
    if (line.size == 0 || line.bytes[0] == '#')
        return TP_OK;
    if (g->skips_line && is_cost(line.bytes[0])) {
        g->skips_line = false;
        return TP_OK;
    }
    if (is_cost(line.bytes[0]))
        return read_cost(g, line);
    if (begins_with(line, "events:"))
        return read_events(g, behind(line, 7));
    if (begins_with(line, "positions:"))
        return read_positions(g, behind(line, 10));
    if (begins_with(line, "cmd:"))
        return read_command(g, behind(line, 4));
    const char *sign = memchr(line.bytes, '=', line.size), *colon = memchr(line.bytes, ':', line.size);
    if (colon != NULL && (sign == NULL || colon < sign))
        return TP_OK; /* a header: version, creator, pid, thread, part, desc, event, summary, totals, ... */
    return read_assignment(g, line);
}

tp_status tp_read_callgrind(tp_profile *profile, tp_lines *lines)
{
    tp_assembly assembly = { .profile = profile };
    grind_reader g = { .profile = profile, .lines = lines, .assembly = &assembly, .function = TP_NO_INDEX,
                       .callee = TP_NO_INDEX, .calls = -1, .positions = 1, .scale = 1e-9 };
    tp_status status = tp_intern_put(&profile->strings, &g.file, "???", 3);
    g.called_file = g.file;
    tp_map_init(&assembly.edge_of, lines->allocator);
    tp_label_set_init(&assembly.labels, &profile->strings);
    tp_map_init(&g.files, lines->allocator);
    tp_map_init(&g.functions, lines->allocator);
    profile->origin.dialect = TP_DIALECT_CALLGRIND;
    while (status == TP_OK && tp_lines_next(lines))
        status = read_line(&g);
    if (status == TP_OK && !g.has_events)
        status = fail(&g, TP_EFORMAT, NULL, "no events are named");
    tp_map_free(&g.files);
    tp_map_free(&g.functions);
    tp_label_set_free(&assembly.labels);
    tp_map_free(&assembly.edge_of);
    if (status != TP_OK)
        return status;
    status = tp_callgrind_rows(profile);
    return status == TP_ELIMIT ? fail(&g, status, NULL, "too many calls") : status;
}

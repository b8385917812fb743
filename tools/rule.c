#include "rule.h"

#include <string.h>

#include "characters.h"

/* Enough for nanoseconds, and small enough that exact arithmetic on percentages fits 128 bits. */
#define MOST_PLACES 9

static const char expected_metric[] =
    "a metric: calls, pcalls, tottime, cumtime, percall, self% or cum%";

static const struct {
    const char *name;
    tp_metric metric;
} metrics[] = {
    /* The first name of each is that in reports. */
    { "calls", TP_CALLS },
    { "ncalls", TP_CALLS },
    { "pcalls", TP_PRIMITIVE_CALLS },
    { "primitive", TP_PRIMITIVE_CALLS },
    { "tottime", TP_OWN_TIME },
    { "self", TP_OWN_TIME },
    { "cumtime", TP_CUMULATIVE_TIME },
    { "cumulative", TP_CUMULATIVE_TIME },
    { "percall", TP_TIME_PER_CALL },
    { "self%", TP_OWN_SHARE },
    { "tottime%", TP_OWN_SHARE },
    { "cum%", TP_CUMULATIVE_SHARE },
    { "cumtime%", TP_CUMULATIVE_SHARE },
};

static const struct {
    const char *name;
    double seconds;
} units[] = {
    { "", 1 }, { "s", 1 }, { "ms", 1e-3 }, { "us", 1e-6 }, { "ns", 1e-9 }, { "min", 60 },
};

static const char *const operators[] = {
    [TP_GREATER] = ">",     [TP_GREATER_EQUAL] = ">=", [TP_LESS] = "<",
    [TP_LESS_EQUAL] = "<=", [TP_EQUAL] = "==",         [TP_UNEQUAL] = "!=",
};

/* A part of the text that is being parsed, [from, to). */
typedef struct part {
    const char *text;
    size_t from, to;
} part;

static bool fail(tp_rule_error *error, size_t offset, const char *expected)
{
    *error = (tp_rule_error){ offset, expected };
    return false;
}

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\r';
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static part trim(part p)
{
    while (p.from < p.to && is_blank(p.text[p.from]))
        p.from++;
    while (p.to > p.from && is_blank(p.text[p.to - 1]))
        p.to--;
    return p;
}

static bool is_word(part p, const char *word)
{
    size_t size = strlen(word);
    return p.to - p.from == size && memcmp(p.text + p.from, word, size) == 0;
}

static tp_span span_of(part p)
{
    return (tp_span){ p.text + p.from, p.to - p.from };
}

/* Digits with at most one dot between them; p->from is moved on over them. */
static bool parse_digits(tp_rule *rule, part *p, tp_rule_error *error)
{
    size_t start = p->from;
    int dots = 0;
    for (; p->from < p->to; p->from++) {
        char c = p->text[p->from];
        if (c == '.' && dots == 0 && p->from > start && p->from + 1 < p->to &&
            is_digit(p->text[p->from + 1])) {
            dots = 1;
            continue;
        }
        if (!is_digit(c))
            break;
        int digit = c - '0';
        if (rule->digits > (INT64_MAX - digit) / 10 || rule->places + dots > MOST_PLACES)
            return fail(error, start, "a smaller number, with at most 9 places behind the point");
        rule->digits = rule->digits * 10 + digit;
        rule->places += dots;
    }
    return p->from > start || fail(error, start, "a number");
}

static bool parse_time_unit(tp_rule *rule, part p, tp_rule_error *error)
{
    for (size_t i = 0; i < sizeof units / sizeof *units; i++) {
        if (is_word(p, units[i].name)) {
            rule->unit = units[i].seconds;
            return true;
        }
    }
    return fail(error, p.from, rule->relation == TP_ABSOLUTE
                                   ? "a unit of time: s, ms, us, ns or min"
                                   : "%, or a unit of time: s, ms, us, ns or min");
}

static bool parse_unit(tp_rule *rule, part p, tp_rule_error *error)
{
    if (rule->relation == TP_OFFSET && is_word(p, "%")) {
        rule->relation = TP_PERCENT;
        return true;
    }
    if (tp_metric_is_count(rule->metric)) {
        if (p.from != p.to)
            return fail(error, p.from, rule->relation == TP_ABSOLUTE
                                           ? "no unit behind a number of calls"
                                           : "% or no unit behind a number of calls");
        return true;
    }
    if (tp_metric_is_share(rule->metric)) {
        if (p.from != p.to && !is_word(p, "%"))
            return fail(error, p.from, "% or no unit behind a share");
        return true;
    }
    return parse_time_unit(rule, p, error);
}

static bool parse_value(tp_rule *rule, part p, tp_rule_error *error)
{
    bool negative = false;
    rule->unit = 1;
    if (p.from < p.to && (p.text[p.from] == '+' || p.text[p.from] == '-')) {
        rule->relation = TP_OFFSET;
        negative = p.text[p.from++] == '-';
    }
    size_t number = p.from;
    if (!parse_digits(rule, &p, error) || !parse_unit(rule, trim(p), error))
        return false;
    if (tp_metric_is_count(rule->metric) && rule->relation != TP_PERCENT && rule->places > 0)
        return fail(error, number, "a whole number of calls");
    if (negative)
        rule->digits = -rule->digits;
    return true;
}

static bool parse_metric(tp_rule *rule, part p, tp_rule_error *error)
{
    for (size_t i = 0; i < sizeof metrics / sizeof *metrics; i++) {
        if (!is_word(p, metrics[i].name))
            continue;
        rule->metric = metrics[i].metric;
        if (rule->scope == TP_WHOLE_PROFILE && rule->metric > TP_CUMULATIVE_TIME)
            return fail(error, p.from, "calls, pcalls, tottime or cumtime of total");
        return true;
    }
    return fail(error, p.from, expected_metric);
}

/* Finds ":LINE(" in FILE:LINE(NAME); where the colon is, or p.to. */
static size_t find_line(part p)
{
    if (p.from == p.to || p.text[p.to - 1] != ')')
        return p.to;
    for (size_t i = p.to; i-- > p.from;) {
        if (p.text[i] != ':')
            continue;
        size_t at = i + 1;
        at += at < p.to && p.text[at] == '-';
        size_t digits = at;
        while (at < p.to && is_digit(p.text[at]))
            at++;
        if (at > digits && at < p.to && p.text[at] == '(')
            return i;
    }
    return p.to;
}

/* The number behind the colon; *open becomes the place of the bracket behind it. */
static bool parse_line(tp_rule *rule, part p, size_t colon, size_t *open, tp_rule_error *error)
{
    size_t at = colon + 1;
    bool negative = p.text[at] == '-';
    for (at += negative; is_digit(p.text[at]); at++) {
        if (rule->line > INT64_MAX / 10 - 1)
            return fail(error, colon + 1, "a smaller number of a line");
        rule->line = rule->line * 10 + (p.text[at] - '0');
    }
    if (negative)
        rule->line = -rule->line;
    rule->has_line = true;
    *open = at;
    return true;
}

static size_t find_last(part p, char wanted)
{
    for (size_t i = p.to; i-- > p.from;) {
        if (p.text[i] == wanted)
            return i;
    }
    return p.to;
}

/* FILE:LINE(NAME), FILE:NAME, {NAME} or NAME. */
static bool parse_parts(tp_rule *rule, part p, tp_rule_error *error)
{
    part name = p;
    size_t colon = find_line(p), open;
    if (p.text[p.from] == '{' && p.text[p.to - 1] == '}') {
        rule->in_braces = true;
        rule->name = span_of((part){ p.text, p.from + 1, p.to - 1 });
        return true;
    }
    if (colon < p.to) {
        if (!parse_line(rule, p, colon, &open, error))
            return false;
        name = (part){ p.text, open + 1, p.to - 1 };
    } else if ((colon = find_last(p, ':')) < p.to) {
        name.from = colon + 1;
    }
    if (colon == p.from)
        return fail(error, p.from, "a file before the colon");
    if (name.from >= name.to)
        return fail(error, name.from, "the name of a function");
    if (colon < p.to)
        rule->file = span_of((part){ p.text, p.from, colon });
    rule->name = span_of(name);
    return true;
}

static bool parse_pattern(tp_rule *rule, part p, tp_rule_error *error)
{
    if (p.from == p.to) {
        rule->scope = TP_EACH_FUNCTION;
        return true;
    }
    if (is_word(p, "total")) {
        rule->scope = TP_WHOLE_PROFILE;
        return true;
    }
    rule->scope = TP_MATCHING_FUNCTIONS;
    if (p.text[p.from] == '"') {
        p.from++;
        p.to--;
        if (p.from >= p.to)
            return fail(error, p.from, "a pattern between the quotes");
    }
    return parse_parts(rule, p, error);
}

static bool is_operator(char c)
{
    return c == '<' || c == '>' || c == '=' || c == '!';
}

/* The last run of operator characters: no value holds any, patterns may. */
static bool find_operator(tp_rule *rule, part *found, part p, tp_rule_error *error)
{
    static const char expected[] = "an operator: >, >=, <, <=, == or !=";
    *found = p;
    while (found->to > p.from && !is_operator(p.text[found->to - 1]))
        found->to--;
    if (found->to == p.from)
        return fail(error, p.to, expected);
    found->from = found->to;
    while (found->from > p.from && is_operator(p.text[found->from - 1]))
        found->from--;
    for (int i = 0; i < (int)(sizeof operators / sizeof *operators); i++) {
        if (is_word(*found, operators[i])) {
            rule->op = (tp_operator)i;
            return true;
        }
    }
    return fail(error, found->from, expected);
}

/* Where the pattern in quotes ends that p begins with; p.from when it does not. */
static bool skip_quoted(size_t *end, part p, tp_rule_error *error)
{
    *end = p.from;
    if (p.text[p.from] != '"')
        return true;
    const char *quote = memchr(p.text + p.from + 1, '"', p.to - p.from - 1);
    if (quote == NULL)
        return fail(error, p.to, "a closing quote");
    *end = (size_t)(quote - p.text) + 1;
    return *end == p.to || is_blank(p.text[*end]) ||
           fail(error, *end, "a blank behind the closing quote");
}

/* Read from the end, for a pattern may hold blanks. */
bool tp_rule_parse(tp_rule *rule, const char *text, size_t size, tp_rule_error *error)
{
    part whole = trim((part){ text, 0, size }), op;
    size_t quoted;
    *rule = (tp_rule){ .text = span_of(whole) };
    if (whole.from == whole.to)
        return fail(error, whole.from, "a rule: [PATTERN] METRIC OP VALUE");
    if (!skip_quoted(&quoted, whole, error) ||
        !find_operator(rule, &op, (part){ text, quoted, whole.to }, error))
        return false;
    part left = trim((part){ text, quoted, op.from }), metric = left;
    while (metric.from < metric.to && !is_blank(text[metric.to - 1]))
        metric.to--;
    metric = (part){ text, metric.to, left.to };
    part pattern = trim((part){ text, whole.from, metric.from });
    if (quoted > whole.from && pattern.to > quoted)
        return fail(error, left.from, expected_metric);
    return parse_pattern(rule, pattern, error) && parse_metric(rule, metric, error) &&
           parse_value(rule, trim((part){ text, op.to, whole.to }), error);
}

bool tp_rule_parse_time(double *seconds, const char *text)
{
    tp_rule rule = { .metric = TP_OWN_TIME };
    tp_rule_error error;
    if (!parse_value(&rule, trim((part){ text, 0, strlen(text) }), &error) ||
        rule.relation != TP_ABSOLUTE)
        return false;
    *seconds = tp_rule_value(&rule);
    return true;
}

size_t tp_rule_column(const char *text, size_t offset)
{
    size_t column = 1;
    uint32_t code;
    for (size_t at = 0; at < offset; column++)
        at += tp_character_next(&code, text + at, offset - at);
    return column;
}

bool tp_rule_matches(const tp_rule *rule, const tp_label *label)
{
    tp_span file = { label->file.bytes, label->file.size };
    tp_span name = { label->name.bytes, label->name.size };
    if (rule->scope != TP_MATCHING_FUNCTIONS)
        return rule->scope == TP_EACH_FUNCTION;
    if (rule->in_braces) {
        if (file.size != 1 || file.bytes[0] != '~' || name.size < 2 || name.bytes[0] != '<' ||
            name.bytes[name.size - 1] != '>')
            return false;
        name = (tp_span){ name.bytes + 1, name.size - 2 };
    }
    if (rule->has_line && rule->line != label->line)
        return false;
    tp_span in = rule->file, called = rule->name;
    return (in.bytes == NULL || tp_glob_match_path(in.bytes, in.size, file.bytes, file.size)) &&
           tp_glob_match(called.bytes, called.size, name.bytes, name.size);
}

double tp_rule_value(const tp_rule *rule)
{
    double power = 1;
    for (int i = 0; i < rule->places; i++)
        power *= 10;
    return (double)rule->digits / power * (rule->relation == TP_PERCENT ? 1 : rule->unit);
}

const char *tp_metric_name(tp_metric metric)
{
    size_t i = 0;
    while (metrics[i].metric != metric)
        i++;
    return metrics[i].name;
}

bool tp_metric_is_count(tp_metric metric)
{
    return metric == TP_CALLS || metric == TP_PRIMITIVE_CALLS;
}

bool tp_metric_needs_counts(tp_metric metric)
{
    return tp_metric_is_count(metric) || metric == TP_TIME_PER_CALL;
}

bool tp_metric_is_share(tp_metric metric)
{
    return metric == TP_OWN_SHARE || metric == TP_CUMULATIVE_SHARE;
}

/* What breaks the build, in one line: "[PATTERN] METRIC OP VALUE"; see docs/check.md. */
#ifndef TP_RULE_H
#define TP_RULE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <traceprof/traceprof.h>

/* Bytes of something else; no NUL behind them. */
typedef struct tp_span {
    const char *bytes;
    size_t size;
} tp_span;

typedef enum tp_metric {
    TP_CALLS,
    TP_PRIMITIVE_CALLS,
    TP_OWN_TIME,
    TP_CUMULATIVE_TIME,
    TP_TIME_PER_CALL, /* cumulative, by primitive calls */
    TP_OWN_SHARE,     /* in percent of the profile's time */
    TP_CUMULATIVE_SHARE
} tp_metric;

typedef enum tp_operator {
    TP_GREATER,
    TP_GREATER_EQUAL,
    TP_LESS,
    TP_LESS_EQUAL,
    TP_EQUAL,
    TP_UNEQUAL
} tp_operator;

typedef enum tp_scope { TP_EACH_FUNCTION, TP_MATCHING_FUNCTIONS, TP_WHOLE_PROFILE } tp_scope;

/* What a value is measured from. */
typedef enum tp_relation { TP_ABSOLUTE, TP_OFFSET, TP_PERCENT } tp_relation;

typedef struct tp_rule {
    tp_span text; /* Borrowed, as all spans here: without blanks and comments around it */
    tp_scope scope;
    tp_span file; /* bytes NULL: any */
    tp_span name;
    bool in_braces; /* the name as tables print it: {...} is ~:<...> */
    bool has_line;
    int64_t line;
    tp_metric metric;
    tp_operator op;
    tp_relation relation;
    int64_t digits; /* the value is digits / 10^places, in units */
    int places;
    double unit; /* seconds; 1 for what is no time */
} tp_rule;

/* Where a rule is wrong, and what was expected there; static storage. */
typedef struct tp_rule_error {
    size_t offset;
    const char *expected;
} tp_rule_error;

/* Parses one rule; the text is borrowed for as long as the rule is used. */
bool tp_rule_parse(tp_rule *rule, const char *text, size_t size, tp_rule_error *error);

/* A time without a sign: "1.5ms". */
bool tp_rule_parse_time(double *seconds, const char *text);

/* The number of characters before an offset, plus one. */
size_t tp_rule_column(const char *text, size_t offset);

/* Whether the pattern matches; a rule without one matches every function. */
bool tp_rule_matches(const tp_rule *rule, const tp_label *label);

/* The value as a double: seconds, percent, or a number of calls. */
double tp_rule_value(const tp_rule *rule);

/* The metric's name in reports. */
const char *tp_metric_name(tp_metric metric);

/* Whether it is a number of calls, and whether numbers of calls are needed to know it. */
bool tp_metric_is_count(tp_metric metric);
bool tp_metric_needs_counts(tp_metric metric);
bool tp_metric_is_share(tp_metric metric);

#endif

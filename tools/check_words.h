/* What a report says about findings, in words; each form of report escapes them in its own way. */
#ifndef TP_CHECK_WORDS_H
#define TP_CHECK_WORDS_H

#include <stdio.h>

#include "verdict.h"

/* Where words go: every character, made visible, passes through `put`. */
typedef struct tp_writer {
    FILE *out; /* Borrowed. */
    void (*put)(FILE *out, const char *character);
} tp_writer;

void tp_say(const tp_writer *writer, const char *text);
void tp_say_span(const tp_writer *writer, const char *bytes, size_t size);
void tp_say_count(const tp_writer *writer, size_t count);

/* "file:line(name)", "{name}" for builtins, "total". */
void tp_say_function(const tp_writer *writer, const tp_function *function);

/* Each figure alone; the last two say nothing where the rule is absolute. */
void tp_say_actual(const tp_writer *writer, const tp_rule *rule, const tp_finding *finding);
void tp_say_limit(const tp_writer *writer, const tp_rule *rule, const tp_finding *finding);
void tp_say_base(const tp_writer *writer, const tp_rule *rule, const tp_finding *finding);
void tp_say_change(const tp_writer *writer, const tp_rule *rule, const tp_finding *finding);

/* "FUNCTION: calls 150, limit 110, baseline 100, change +50 (+50.0%)" */
void tp_say_finding(const tp_writer *writer, const tp_rule *rule, const tp_finding *finding);

/* "2 functions are not in the baseline: ..." */
void tp_say_new(const tp_writer *writer, const tp_judgement *judgement);

/* "3 rules, 1 broken", and where there are two kinds of times "; times are compensated" */
void tp_say_closing(const tp_writer *writer, const tp_judgement *judgement);

#endif

/* A text file line by line, and the readers of such files. */
#ifndef TP_LINES_H
#define TP_LINES_H

#include <stdbool.h>

#include <traceprof/profile.h>
#include <traceprof/status.h>

typedef struct tp_lines {
    const char *bytes; /* Borrowed. */
    size_t size;
    size_t next;    /* where the next line begins */
    tp_string line; /* the present one, without its end */
    size_t start;   /* where it begins */
    const tp_allocator *allocator; /* Borrowed. */
    char *scratch;  /* Owned. */
    size_t scratch_capacity;
    tp_error error; /* the first failure */
} tp_lines;

void tp_lines_open(tp_lines *lines, const uint8_t *bytes, size_t size, const tp_allocator *allocator);
void tp_lines_close(tp_lines *lines);

/* Goes to the next line; false behind the last. */
bool tp_lines_next(tp_lines *lines);

/* Records a failure at a place in the present line, unless there was one before. Gives its status. */
tp_status tp_lines_fail(tp_lines *lines, tp_status status, const char *at, const char *message);

/* The text as the library has it: a byte that is no UTF-8 is a surrogate, as Python has it. It is good until
 * the next call, or as long as the input where nothing is to be changed. */
TP_NODISCARD tp_status tp_lines_text(tp_lines *lines, tp_string *text);

/* A whole number, decimal digits alone, at most INT64_MAX; *at is moved on over it. False: there is none. */
bool tp_take_number(int64_t *number, const char **at, const char *end);

/* Each fills a new profile; what is wrong is in the lines. */
typedef tp_status tp_line_reader(tp_profile *profile, tp_lines *lines);
tp_line_reader tp_read_collapsed, tp_read_callgrind;

#endif

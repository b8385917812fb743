/* Text for people and for machines: names as they come are neither safe for a terminal nor valid in
 * JSON. */
#ifndef TP_TEXT_H
#define TP_TEXT_H

#include <stdio.h>

#include <traceprof/traceprof.h>

/* How a string is put. */
typedef enum tp_quoting {
    TP_PLAIN,    /* control characters and lone surrogates as escapes: \n, \x1b, \udc80 */
    TP_MARKDOWN, /* as plain, and what means something in a table of Markdown escaped */
    TP_CSV,      /* in double quotes where RFC 4180 wants them; otherwise as it is */
    TP_JSON      /* with its quotes */
} tp_quoting;

/* One character of plain text as Markdown: "__init__" and "<lambda>" are to be read as they are. */
void tp_put_markdown(FILE *out, const char *character);

void tp_put_string(FILE *out, tp_string string, tp_quoting quoting);

/* Columns that the string takes when put as plain text. */
size_t tp_string_width(tp_string string);

/* How many of its bytes fit into so many columns, in whole characters. */
size_t tp_string_fit(tp_string string, size_t width);

/* A label as "file:line(name)", at most `width` columns if that is not 0: then the file's beginning is
 * left out and marked by "...". Gives the columns it took. */
size_t tp_put_label(FILE *out, const tp_label *label, tp_quoting quoting, size_t width);
size_t tp_label_width(const tp_label *label);

/* The shortest decimal that gives the same double again. */
void tp_put_double(FILE *out, double value);

/* A finite decimal number. 0 if the text is none. */
int tp_parse_number(double *value, const char *text);

#endif

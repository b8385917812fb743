/* Names of functions for formats that tell functions apart by name: Python has many __init__. */
#ifndef TP_NAMES_H
#define TP_NAMES_H

#include "emission.h"
#include "intern.h"

typedef enum tp_naming {
    /* "parse"; where another function has that name "parse (reader.py:12)", and where even that is
     * ambiguous the whole path. */
    TP_NAMES_ALONE,
    /* "parse"; where the same file has another of that name "parse:12". */
    TP_NAMES_IN_FILE,
    /* "parse (lib/reader.py:12)" always, but "<built-in ...>" as it is. */
    TP_NAMES_PLACED
} tp_naming;

typedef struct tp_names {
    tp_intern strings;  /* Owned. */
    uint32_t *number_of; /* Owned; in `strings`, one for each function */
} tp_names;

/* Names are valid UTF-8 of one line; `special` characters are escaped, too. */
TP_NODISCARD tp_status tp_names_init(tp_names *names, const tp_profile *profile, tp_naming naming,
                                     const char *special);
void tp_names_free(tp_names *names);

static inline tp_string tp_name_of(const tp_names *names, size_t function)
{
    tp_text text = names->strings.texts[names->number_of[function]];
    return (tp_string){ text.bytes, text.size };
}

/* Whether the label is pstats' for what has no place in a file. */
int tp_is_placeless(const tp_label *label);

#endif

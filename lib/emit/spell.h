/* Text into a buffer: numbers and strings as files of text have them, whatever the locale. */
#ifndef TP_SPELL_H
#define TP_SPELL_H

#include <traceprof/profile.h>

#include "buffer.h"

void tp_spell(tp_buffer *out, const char *text);
void tp_spell_string(tp_buffer *out, tp_string text);
void tp_spell_unsigned(tp_buffer *out, uint64_t value);
void tp_spell_integer(tp_buffer *out, int64_t value);

/* The shortest decimal that gives the same double again; "null" for what is not finite. */
void tp_spell_real(tp_buffer *out, double value);

/* With its quotes (RFC 8259). Lone surrogates and what is no character are escapes. */
void tp_spell_json(tp_buffer *out, tp_string text);

/* In double quotes where RFC 4180 wants them. Lone surrogates and stray bytes are shown as \udc80. */
void tp_spell_csv(tp_buffer *out, tp_string text);

/* For formats without escapes: valid UTF-8 of one line. Control characters, lone surrogates, stray bytes
 * and the ASCII characters in `special` become \n, \x1b, \udc80. At most about `most` bytes, then "..."; 0: no
 * limit. */
void tp_spell_visible(tp_buffer *out, tp_string text, const char *special, size_t most);

#endif

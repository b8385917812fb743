/* What Python makes of text: its blanks, its numbers, its repr. */
#ifndef TP_PYTHON_TEXT_H
#define TP_PYTHON_TEXT_H

#include <stdint.h>
#include <stdio.h>

/* str.split()'s next word at or behind *at, which is moved on behind it; *size is its length. NULL
 * when there are no more. */
const char *tp_python_word(const char **at, size_t *size);

/* str.strip(): where the text begins; *size is its length. */
const char *tp_python_strip(const char *text, size_t *size);

/* int(text), stopped at the ends of int64_t; 0: not an integer. Only ASCII digits are known. */
int tp_python_int(int64_t *value, const char *text, size_t size);

/* float(text); 0: not a number; -1: no memory to tell. */
int tp_python_float(double *value, const char *text, size_t size);

/* A copy of `size` bytes that end at a blank or NUL, in which what is no UTF-8 has become
 * surrogates, three bytes each, as on Python's way in ("surrogateescape"). Owned by the caller; NULL
 * without memory. */
char *tp_python_decode(const char *text, size_t size);

/* repr() of a string, decoded or not. Code points that Unicode has not assigned yet are taken for
 * printable. */
void tp_python_put_repr(FILE *out, const char *text);

/* repr() of a float from 0 to 1. */
void tp_python_put_float(FILE *out, double value);

#endif

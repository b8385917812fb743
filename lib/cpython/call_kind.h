/* Kinds of calls, as to what recording one costs. */
#ifndef TP_CALL_KIND_H
#define TP_CALL_KIND_H

#include "engine.h"

typedef enum tp_call_kind {
    TP_KIND_PYTHON,    /* a Python function, by an instruction for calls */
    TP_KIND_SLOT,      /* a Python function, by C code or by any other instruction: an operator, a property */
    TP_KIND_GENERATOR, /* begun or resumed */
    TP_KIND_COROUTINE, /* likewise */
    TP_KIND_FUNCTION,  /* a builtin function, or a method bound to its object */
    TP_KIND_METHOD,    /* a method of a type */
    TP_KIND_LONG,      /* a builtin that is not told apart at a glance */
    TP_KIND_COUNT
} tp_call_kind;

/* An event comes with its place in the bytecode, as an int object. One that is not small is made for the event.
 * Added to a kind: so are those of the place that calls, and those of what is called. */
#define TP_KIND_FAR_SITE 1u
#define TP_KIND_FAR_BODY 2u
#define TP_KIND_NUMBER(kind, far) ((unsigned)(kind) * 4 + (far))

/* As files spell it. */
const char *tp_call_kind_name(tp_call_kind kind);

/* The greatest offset whose int object is there already. */
size_t tp_nearest_offset(void);

/* The resolver's `kind`. Keeps exceptions as they are. */
unsigned tp_call_kind_of(void *recording, const void *key, void *subject, const void *above);

#endif

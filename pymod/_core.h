/* What the files of ctraceprof._core share. */
#ifndef CTRACEPROF_CORE_H
#define CTRACEPROF_CORE_H

#include <Python.h>

#include <traceprof/traceprof.h>
#include <traceprof/cpython.h>

/* Named after 3.13's, where they came. */
#ifndef Py_BEGIN_CRITICAL_SECTION
#define Py_BEGIN_CRITICAL_SECTION(object) {
#define Py_END_CRITICAL_SECTION() }
#endif

typedef struct core_state {
    tp_engine *engine;          /* Owned. */
    PyTypeObject *profiler_type; /* Owned, as the next three. */
    PyTypeObject *entry_type;
    PyTypeObject *subentry_type;
    PyTypeObject *bound_type;
} core_state;

/* The module state of a type made by this module or derived from one; NULL with an exception. */
core_state *core_state_of_type(PyTypeObject *type);

/* Sets OSError, MemoryError or ValueError; path is bytes. Gives NULL. */
PyObject *core_raise_error(const tp_error *error, PyObject *path);

/* The same for a status that is not TP_OK; gives it back. */
tp_status core_raise_status(tp_status status);

/* entries.c: profiler_entry and profiler_subentry, the list that getstats() gives. */
int core_add_entries(PyObject *module, core_state *state);
PyObject *core_make_entries(const core_state *state, const tp_recording *recording,
                            const tp_profile *profile);

/* records.c: what Profile.stats() is made of. */
PyObject *core_make_records(const tp_profile *profile);

/* bind.c: the callables that bind() gives. */
int core_add_bound(PyObject *module, core_state *state);
PyObject *core_bind(PyObject *module, PyObject *callable);

/* merge_files.c: the function merge. */
extern const char core_merge_doc[];
PyObject *core_merge(PyObject *module, PyObject *args);

/* termination.c: the function hear_termination; what the handler says when it was called. */
extern const char core_hear_termination_doc[];
PyObject *core_hear_termination(PyObject *module, PyObject *unused);
void core_has_heard(void);

/* The class Profiler. */
typedef struct core_profiler {
    PyObject_HEAD
    PyObject *holder; /* Owned; a capsule that owns the recording. NULL until __init__ */
    PyObject *added;  /* Owned tuple or NULL; sums.c */
    int subcalls;     /* as given to the constructor */
    int builtins;
    int as_measured;  /* times are given as they were measured */
} core_profiler;

/* A method's work while the recording cannot go. */
typedef PyObject *(*core_work)(PyObject *self, tp_recording *recording, PyObject *args);
PyObject *core_hold_and(core_work work, PyObject *self, PyObject *args);

#define CORE_DEFINE_METHOD(name, work)                    \
    PyObject *name(PyObject *self, PyObject *args)        \
    {                                                     \
        return core_hold_and(work, self, args);           \
    }

/* None stands for what is otherwise so; -1 with an exception. */
int core_flag_or(PyObject *value, int otherwise);

/* sums.c: what was added to a profile. Adding takes the profile over in any case, and loses nothing for want
 * of memory; -1 with MemoryError. */
int core_add_profile(PyObject *self, tp_profile *profile);

/* *profile, what was recorded, becomes the sum of that and what was added; it stays, with an exception, where
 * that fails. */
TP_NODISCARD tp_status core_with_added(PyObject *self, tp_profile **profile);
void core_forget_added(PyObject *self);

/* views.c: what was recorded so far and what was added, with both times; the second with those shown that the
 * constructor was asked for. Not TP_OK: an exception is set. */
TP_NODISCARD tp_status core_take_both(PyObject *self, tp_recording *recording, tp_profile **profile);
TP_NODISCARD tp_status core_take_profile(PyObject *self, tp_recording *recording, tp_profile **profile);

/* Methods. */
extern const char core_getstats_doc[], core_records_doc[], core_dictionary_doc[], core_write_doc[];
extern const char core_page_doc[], core_encode_doc[];
PyObject *core_getstats(PyObject *self, PyObject *unused);
PyObject *core_records(PyObject *self, PyObject *unused);
PyObject *core_dictionary(PyObject *self, PyObject *args);
PyObject *core_write(PyObject *self, PyObject *args);
PyObject *core_page(PyObject *self, PyObject *args);
PyObject *core_encode(PyObject *self, PyObject *args);

/* totals.c */
extern const char core_totals_doc[];
PyObject *core_totals(PyObject *self, PyObject *unused);

/* patterns.c: patterns as an argument gives them, their bytes and the objects that hold these. */
typedef struct core_patterns {
    PyObject *holders; /* Owned list of bytes, NULL if there are none */
    tp_string *texts;  /* Owned. */
    size_t count;
} core_patterns;

/* A single str, or an iterable of str; None is no pattern. -1 with an exception that names the argument.
 * Free the list in any case. */
int core_parse_patterns(core_patterns *list, const char *argument, PyObject *value);
void core_free_patterns(core_patterns *list);

/* profiler.c: the class Profiler. */
int core_add_profiler(PyObject *module, core_state *state);

#endif

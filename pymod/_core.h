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
    PyTypeObject *profiler_type; /* Owned, as all that follow. */
    PyTypeObject *entry_type;
    PyTypeObject *subentry_type;
    PyTypeObject *bound_type;
    PyTypeObject *calls_type;
    PyTypeObject *call_type;
    PyTypeObject *steps_type;
    PyTypeObject *async_steps_type;
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

/* calls.c: the calls of a decorated function, and one of them. */
typedef struct core_calls core_calls;
typedef struct core_call core_call;
int core_add_calls(PyObject *module, core_state *state);

/* Calls each with the argument; exceptions go to sys.unraisablehook. */
void core_report(PyObject *reports, PyObject *argument);

/* Whether a call that begins here is none of a profiled one's, nor of a report's. */
int core_is_own_call(core_calls *calls);

/* From here on nothing sets an exception, and what there is stays: errors are told as warnings. A call that is
 * not running yet, a new reference, or NULL: it is not its turn. start says whether it runs. Between start and
 * stop, exit and enter leave the present context and come back. end hands its profile over. */
core_call *core_take_call(core_calls *calls);
int core_start_call(core_call *call);
void core_stop_call(core_call *call);
void core_enter_call(core_call *call);
void core_exit_call(core_call *call);
void core_end_call(core_call *call);

/* steps.c: what stands between a decorated generator or coroutine and who drives it. */
int core_add_steps(PyObject *module, core_state *state);

/* A call that is made step by step. */
typedef struct core_course {
    core_calls *calls; /* Owned. */
    core_call *call;   /* Owned; NULL before the first step, and if it is not to be profiled */
    int is_over;       /* whether it is to be profiled is no longer asked */
    int is_running;    /* as it is between two steps, for what it has started */
    int has_ended;     /* the generator or coroutine, by itself or not */
    int has_returned;
} core_course;

typedef enum core_kind { CORE_GENERATOR, CORE_COROUTINE, CORE_ASYNC_STEP } core_kind;

/* The iterator over it, or the awaitable's. A step of an async generator has no calls but its owner's course. */
PyObject *core_new_steps(const core_state *state, core_kind kind, core_calls *calls, PyObject *inner);
void core_lend_course(PyObject *steps, core_course *course, PyObject *owner);

int core_traverse_course(const core_course *course, visitproc visit, void *arg);
void core_clear_course(core_course *course);

/* async_steps.c: the same for async generators. */
int core_add_async_steps(PyObject *module, core_state *state);

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

/* What owns the profiler's recording, a new reference; NULL if __init__ was not called. Whoever works with the
 * recording needs one: __init__ may be called again meanwhile, on another thread or by Python code that the work
 * leads to. */
PyObject *core_holder(PyObject *self);
tp_recording *core_recording(PyObject *holder);

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

/* sums.c: what was added to a profile. take: what it recorded and what was added to it, as a capsule that is never
 * changed (a new reference), the same as before if that is all that there is. add: is_to_wait: it is added up with
 * others later, when another one is added or the profile is read. Nothing is lost for want of memory; -1 with
 * MemoryError. */
TP_NODISCARD tp_status core_take_shared(PyObject *self, tp_recording *recording, PyObject **capsule);
const tp_profile *core_shared(PyObject *capsule);
int core_add_shared(PyObject *self, PyObject *capsule, int is_to_wait);

/* *profile, what was recorded, becomes the sum of that and what was added; it stays, with an exception, where
 * that fails. */
TP_NODISCARD tp_status core_with_added(PyObject *self, tp_profile **profile);

/* -1 with an exception, and all as it was: MemoryError. */
int core_forget_added(PyObject *self);

/* Another Profiler that is to count as what it has recorded when this one is read, and that has nothing added
 * itself; and: what it has recorded is added, and it counts no more. */
int core_watch(PyObject *self, PyObject *other);
int core_absorb(PyObject *self, PyObject *other);

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
extern const char core_sizeof_doc[];
PyObject *core_sizeof(PyObject *self, PyObject *unused);
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

#include "calibration.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "call_kind.h"
#include "calibration_program.h"
#include "company.h"
#include "locked.h"
#include "recorder.h"

#define LOOPS 250 /* of a program: some 10 us without a recording */
#define MOST_ROUNDS 6
#define LEAST_ROUNDS 3
#define LONGEST 0.028 /* seconds; no new round after that */
#define MODULE "<ctraceprof: calibration>"
#define WAIT_STEP 1000     /* microseconds */
#define LONGEST_WAIT 10000 /* steps */
#define LONGEST_REASON 80

typedef struct program {
    PyObject *function;        /* Borrowed from the module. */
    double calls;              /* that a run makes */
    uint64_t off[MOST_ROUNDS]; /* ticks of a run: without a recording, */
    uint64_t on[MOST_ROUNDS];  /* with one, */
    uint64_t first[MOST_ROUNDS]; /* and with one that has not seen it before */
} program;

typedef struct bench {
    tp_recording *recording; /* Owned, as the next. */
    tp_recording *other;
    PyObject *module; /* Owned; its namespace */
    program programs[TP_WORK_COUNT];
    size_t rounds;
    uint64_t paired[MOST_ROUNDS]; /* TP_WORK_PYTHON with both */
    tp_measured measured;
} bench;

/* Of a function in a recording. */
typedef struct seen {
    uint64_t calls;
    uint64_t ticks;
} seen;

static uint64_t read_clock(const bench *b)
{
    return tp_clock_read(b->recording->clock);
}

static tp_status run(bench *b, size_t work, uint64_t *ticks)
{
    uint64_t begin = read_clock(b);
    PyObject *result = PyObject_CallNoArgs(b->programs[work].function);
    *ticks = read_clock(b) - begin;
    Py_XDECREF(result);
    return result == NULL ? TP_EPYTHON : TP_OK;
}

/* Runs twice: the first run finds code that has just been changed for a recording, or back. */
static tp_status run_twice(bench *b, size_t work, uint64_t *first, uint64_t *second)
{
    tp_status status = run(b, work, first);
    return status == TP_OK ? run(b, work, second) : status;
}

static tp_status run_off(bench *b)
{
    tp_status status = TP_OK;
    for (size_t i = 0; status == TP_OK && i < TP_WORK_COUNT; i++) {
        uint64_t *ticks = &b->programs[i].off[b->rounds];
        status = run_twice(b, i, ticks, ticks);
    }
    return status;
}

static const tp_track *track_of(const bench *b)
{
    const tp_session *session = b->recording->session;
    return session->track_count > 0 ? session->tracks[0] : NULL;
}

/* What the first recording has of the function of that name, which is called in one place. */
static seen look_at(const bench *b, const char *name)
{
    const tp_track *track = track_of(b);
    PyObject *function = PyDict_GetItemString(b->module, name);
    if (track == NULL || function == NULL || !PyFunction_Check(function))
        return (seen){ 0 };
    uint64_t code = (uint64_t)(uintptr_t)PyFunction_GET_CODE(function);
    uint32_t number = tp_map_get(&track->tree.first_of_key, code);
    if (number == TP_MAP_NONE)
        return (seen){ 0 };
    const tp_node *node = tp_tree_node(&track->tree, number);
    return (seen){ .calls = node->calls, .ticks = node->ticks };
}

static double mean_since(const bench *b, const char *name, seen before)
{
    seen after = look_at(b, name);
    uint64_t calls = after.calls - before.calls;
    return calls > 0 ? (double)(after.ticks - before.ticks) / (double)calls : 0;
}

static void note_inside(const bench *b, double *least, double mean)
{
    if (b->rounds == 0 || mean < *least)
        *least = mean;
}

/* The second runs, which count, and what is to be seen of them in the recording. */
static tp_status run_on_again(bench *b, size_t work)
{
    program *p = &b->programs[work];
    seen nothing = look_at(b, "f0"), waits = look_at(b, "waits");
    uint64_t searches = track_of(b) == NULL ? 0 : track_of(b)->searches;
    tp_status status = run(b, work, &p->on[b->rounds]);
    if (status != TP_OK)
        return status;
    if (work == TP_WORK_PYTHON)
        note_inside(b, &b->measured.inside, mean_since(b, "f0", nothing));
    if (work == TP_WORK_COROUTINE)
        note_inside(b, &b->measured.inside_coroutine, mean_since(b, "waits", waits));
    if (work == TP_WORK_SEARCH && track_of(b) != NULL)
        b->measured.searches = (double)(track_of(b)->searches - searches) / p->calls;
    return TP_OK;
}

static tp_status run_on(bench *b)
{
    tp_status status = TP_OK;
    for (size_t i = 0; status == TP_OK && i < TP_WORK_PROGRAM; i++) {
        status = run(b, i, &b->programs[i].first[b->rounds]);
        if (status == TP_OK)
            status = run_on_again(b, i);
    }
    return status;
}

/* Runs with a recording more, in which nothing has been recorded yet. */
static tp_status run_with(bench *b, tp_recording *recording, size_t work, uint64_t *ticks)
{
    tp_status status = tp_recording_clear(recording);
    if (status == TP_OK)
        status = tp_recording_start(recording);
    if (status != TP_OK)
        return status;
    status = run_twice(b, work, ticks, ticks);
    return tp_recording_stop(recording) == TP_OK ? status : TP_EPYTHON;
}

static tp_status run_round(bench *b)
{
    tp_status status = run_off(b);
    if (status == TP_OK)
        status = tp_recording_clear(b->recording);
    if (status == TP_OK)
        status = tp_recording_start(b->recording);
    if (status != TP_OK)
        return status;
    status = run_on(b);
    if (status == TP_OK)
        status = run_with(b, b->other, TP_WORK_PYTHON, &b->paired[b->rounds]);
    if (tp_recording_stop(b->recording) != TP_OK)
        return TP_EPYTHON;
    if (status == TP_OK)
        status = run_with(b, b->other, TP_WORK_PROGRAM, &b->programs[TP_WORK_PROGRAM].on[b->rounds]);
    b->rounds += status == TP_OK;
    return status;
}

static tp_status run_rounds(bench *b)
{
    double unit = tp_clock_unit(b->recording->clock);
    uint64_t begin = read_clock(b);
    tp_status status = TP_OK;
    while (status == TP_OK && b->rounds < MOST_ROUNDS &&
           (b->rounds < LEAST_ROUNDS || (double)(read_clock(b) - begin) * unit < LONGEST))
        status = run_round(b);
    return status;
}

static uint64_t least(const uint64_t *ticks, size_t count)
{
    uint64_t found = ticks[0];
    for (size_t i = 1; i < count; i++)
        found = ticks[i] < found ? ticks[i] : found;
    return found;
}

/* How much more it is in the median round, which is the one that half the others are not above. */
static double spread_of(const program *p, size_t rounds, double cost)
{
    for (size_t i = 0; i < rounds; i++) {
        double more = (double)p->on[i] - (double)p->off[i];
        size_t below = 0;
        for (size_t k = 0; k < rounds; k++)
            below += (double)p->on[k] - (double)p->off[k] <= more && k != i;
        if (below == rounds / 2)
            return more > cost ? more - cost : 0;
    }
    return 0;
}

static void evaluate(bench *b)
{
    tp_measured *m = &b->measured;
    const program *plain = &b->programs[TP_WORK_PLAIN];
    double off = (double)least(plain->off, b->rounds), on = (double)least(plain->on, b->rounds);
    m->stretch = off > 0 ? on / off : 1;
    for (size_t i = 0; i < TP_WORK_COUNT; i++) {
        const program *p = &b->programs[i];
        double cost = (double)least(p->on, b->rounds) - (double)least(p->off, b->rounds);
        double calls = p->calls > 0 ? p->calls : 1;
        m->spread[i] = spread_of(p, b->rounds, cost) / calls;
        m->cost[i] = cost / calls;
    }
    double three = m->cost[TP_WORK_PYTHON] + m->cost[TP_WORK_PYTHON_2] + m->cost[TP_WORK_PYTHON_3];
    m->cost[TP_WORK_PYTHON] = three / 3;
    m->cost[TP_WORK_SLOT] = (m->cost[TP_WORK_SLOT] + m->cost[TP_WORK_SLOT_2]) / 2;
    m->cost[TP_WORK_GENERATOR] = (m->cost[TP_WORK_GENERATOR] + m->cost[TP_WORK_GENERATOR_2]) / 2;
    /* The coroutine itself takes a part of what a round takes: the rest is no less than this. */
    const program *coroutine = &b->programs[TP_WORK_COROUTINE];
    m->inside_coroutine -= (double)least(coroutine->off, b->rounds) / coroutine->calls;
    if (m->inside_coroutine < m->inside)
        m->inside_coroutine = m->inside;
    const program *python = &b->programs[TP_WORK_PYTHON];
    const program *nodes = &b->programs[TP_WORK_NODES];
    m->company = ((double)least(b->paired, b->rounds) - (double)least(python->on, b->rounds)) / python->calls;
    m->cost[TP_WORK_NODES] =
        ((double)least(nodes->first, b->rounds) - (double)least(nodes->on, b->rounds)) / nodes->calls;
}

static tp_status derive(bench *b, tp_calibration *calibration)
{
    evaluate(b);
    tp_costs *costs = &calibration->costs;
    tp_costs_derive(costs, &b->measured);
    double functions;
    tp_session *session = b->other->session; /* it has recorded the program twice, and the first did not count */
    tp_costs later = *costs;
    later.fresh = 0;
    tp_status status = tp_session_set_costs(session, &later);
    if (status != TP_OK)
        return status;
    status = tp_session_functions(session, &functions);
    if (status != TP_OK)
        return status;
    double expected = tp_session_cost(session) / 2;
    tp_costs_set_variety(costs, b->measured.cost[TP_WORK_PROGRAM], expected, functions);
    status = tp_session_set_costs(session, costs);
    if (status != TP_OK)
        return status;
    calibration->text =
        tp_costs_describe(costs, &b->measured, tp_clock_unit(b->recording->clock));
    return calibration->text == NULL ? TP_ENOMEM : TP_OK;
}

static tp_status put_integer(PyObject *module, const char *name, size_t value)
{
    PyObject *object = PyLong_FromSize_t(value);
    int failed = object == NULL || PyDict_SetItemString(module, name, object) != 0;
    Py_XDECREF(object);
    return failed ? TP_EPYTHON : TP_OK;
}

/* Runs the source, and finds the programs. */
static tp_status load(bench *b, size_t nearest_offset)
{
    b->module = PyDict_New();
    if (b->module == NULL ||
        PyDict_SetItemString(b->module, "__builtins__", PyEval_GetBuiltins()) != 0 ||
        put_integer(b->module, "ROUNDS", LOOPS) != TP_OK ||
        put_integer(b->module, "NEAR", nearest_offset) != TP_OK)
        return TP_EPYTHON;
    PyObject *code = Py_CompileString(calibration_program, MODULE, Py_file_input);
    PyObject *result = code == NULL ? NULL : PyEval_EvalCode(code, b->module, b->module);
    Py_XDECREF(code);
    if (result == NULL)
        return TP_EPYTHON;
    Py_DECREF(result);
    PyObject *works = PyDict_GetItemString(b->module, "works");
    for (Py_ssize_t i = 0; i < TP_WORK_COUNT; i++) {
        PyObject *pair = PyList_GetItem(works, i);
        if (pair == NULL || !PyArg_ParseTuple(pair, "Od", &b->programs[i].function, &b->programs[i].calls))
            return TP_EPYTHON;
    }
    return TP_OK;
}

static tp_status open_bench(bench *b, const tp_recording *wanted)
{
    tp_recording_options options = TP_RECORDING_OPTIONS_INIT;
    options.clock = tp_clock_get_kind(wanted->clock);
    options.no_builtins = !wanted->builtins;
    tp_status status = load(b, wanted->engine->nearest_offset);
    if (status == TP_OK)
        status = tp_recording_create(&b->recording, wanted->engine, &options);
    if (status == TP_OK)
        status = tp_recording_create(&b->other, wanted->engine, &options);
    return status;
}

/* Functions and their namespaces hold each other; garbage may never be collected. */
static void clear_module(PyObject *module)
{
    PyObject *spaces = PyDict_GetItemString(module, "SPACES");
    for (Py_ssize_t i = 0; spaces != NULL && i < PyList_GET_SIZE(spaces); i++)
        PyDict_Clear(PyList_GET_ITEM(spaces, i));
    PyDict_Clear(module);
}

static void close_bench(bench *b)
{
    PyObject *exception = PyErr_GetRaisedException();
    tp_recording_destroy(b->recording);
    tp_recording_destroy(b->other);
    if (b->module != NULL)
        clear_module(b->module);
    Py_XDECREF(b->module);
    PyErr_SetRaisedException(exception);
}

/* What a signal's handler does is for after this; it may well be to enable this same profile. What tells of a
 * fault is not held. */
static void hold_signals(sigset_t *before)
{
    static const int faults[] = { SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGTRAP, SIGABRT, SIGSYS };
    sigset_t held;
    sigfillset(&held);
    for (size_t i = 0; i < sizeof faults / sizeof *faults; i++)
        sigdelset(&held, faults[i]);
    pthread_sigmask(SIG_BLOCK, &held, before);
}

static tp_status measure(const tp_recording *recording, tp_calibration *calibration)
{
    bench *b = PyMem_RawCalloc(1, sizeof *b);
    if (b == NULL)
        return TP_ENOMEM;
    int collects = PyGC_Disable(); /* the program's garbage is no part of what is measured */
    sigset_t before;
    hold_signals(&before);
    tp_status status = open_bench(b, recording);
    if (status == TP_OK)
        status = run_rounds(b);
    if (status == TP_OK)
        status = derive(b, calibration);
    close_bench(b);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (collects)
        PyGC_Enable();
    PyMem_RawFree(b);
    return status;
}

/* An exception that is set now may be what a signal's handler has raised, if another thread got the signal: it
 * is the caller's. But what is too deep in a recursion, or has no memory for this, may still be recorded. */
static tp_status settle(tp_calibration *calibration, tp_status status, PyObject *exception)
{
    calibration->found = status == TP_OK;
    calibration->reason = status == TP_OK ? NULL : "no memory or no stack to calibrate with";
    if (PyErr_Occurred() == NULL || PyErr_ExceptionMatches(PyExc_MemoryError) ||
        PyErr_ExceptionMatches(PyExc_RecursionError)) {
        PyErr_SetRaisedException(exception);
        return TP_OK;
    }
    Py_XDECREF(exception);
    return TP_EPYTHON;
}

/* Another thread is at it, which takes a moment: nothing of that is to be recorded. */
static void wait_for_other(const tp_engine *engine)
{
    unsigned long self = PyThread_get_thread_ident(), first = TP_LOAD(engine->calibrating);
    PyThread_type_lock never = first == 0 || first == self ? NULL : PyThread_allocate_lock();
    if (never == NULL)
        return;
    PyThread_acquire_lock(never, WAIT_LOCK);
    for (int i = 0; i < LONGEST_WAIT; i++) {
        unsigned long other = TP_LOAD(engine->calibrating);
        if (other == 0 || other == self)
            break;
        Py_BEGIN_ALLOW_THREADS
        (void)PyThread_acquire_lock_timed(never, WAIT_STEP, 0);
        Py_END_ALLOW_THREADS
    }
    PyThread_release_lock(never);
    PyThread_free_lock(never);
}

tp_calibration *tp_calibration_of(const tp_recording *recording)
{
    tp_clock_kind kind = tp_clock_get_kind(recording->clock);
    if (recording->timer != NULL || kind >= TP_CALIBRATED_CLOCKS || kind == TP_CLOCK_AUTO)
        return NULL;
    return &recording->engine->calibrations[kind][recording->builtins];
}

/* Whether it is this thread that calibrates from now on. */
static bool claim(tp_engine *engine)
{
#ifdef TP_FREE_THREADED
    unsigned long nobody = 0;
    return atomic_compare_exchange_strong(&engine->calibrating, &nobody, PyThread_get_thread_ident());
#else
    if (engine->calibrating != 0)
        return false;
    engine->calibrating = PyThread_get_thread_ident();
    return true;
#endif
}

tp_status tp_calibrate(tp_recording *recording)
{
    tp_engine *engine = recording->engine;
    tp_status status = TP_OK;
    wait_for_other(engine);
    tp_calibration *calibration = tp_calibration_of(recording);
    if (calibration == NULL || calibration->found || !claim(engine))
        return TP_OK;
    if (engine->running > 0 || engine->busy > 0 || tp_is_finalizing() || tp_company_is_there(engine)) {
        calibration->reason = "the program was being watched, or ending, as this began";
    } else {
        PyObject *exception = PyErr_GetRaisedException();
        status = settle(calibration, measure(recording, calibration), exception);
    }
    TP_STORE(engine->calibrating, 0);
    return status;
}

void tp_calibration_apply(tp_recording *recording)
{
    const tp_calibration *calibration = tp_calibration_of(recording);
    /* That cannot fail: the costs have been accepted before. */
    if (calibration != NULL && calibration->found)
        (void)(tp_session_set_costs(recording->session, &calibration->costs) == TP_OK);
}

#define LONGEST_COUNT 32 /* of a kind's name and number */

static tp_status describe_calls(const tp_recording *recording, tp_profile *profile)
{
    uint64_t calls[TP_CALL_KINDS];
    char text[TP_KIND_COUNT * LONGEST_COUNT];
    size_t used = 0;
    tp_session_calls(recording->session, calls);
    for (unsigned kind = 0; kind < TP_KIND_COUNT; kind++) {
        uint64_t sum = 0;
        for (unsigned far = 0; far < TP_KIND_NUMBER(1, 0); far++)
            sum += calls[TP_KIND_NUMBER(kind, far)];
        int size = snprintf(text + used, sizeof text - used, "%s%s %llu", used > 0 ? "\n" : "",
                            tp_call_kind_name(kind), (unsigned long long)sum);
        used += size > 0 ? (size_t)size : 0;
    }
    return tp_profile_set_text(profile, "compensation_calls", text, used);
}

tp_status tp_calibration_describe(const tp_recording *recording, tp_profile *profile)
{
    const tp_calibration *calibration = tp_calibration_of(recording);
    if (calibration != NULL && calibration->found) {
        tp_status status = tp_profile_set_text(profile, "compensation_costs", calibration->text,
                                               strlen(calibration->text));
        return status == TP_OK ? describe_calls(recording, profile) : status;
    }
    char text[LONGEST_REASON];
    const char *reason = recording->timer != NULL    ? "a timer of the caller's"
                         : calibration == NULL        ? "a clock that is not calibrated"
                         : calibration->reason == NULL ? "nothing was recorded"
                                                        : calibration->reason;
    int size = snprintf(text, sizeof text, "off: %s", reason);
    return tp_profile_set_text(profile, "compensation", text, (size_t)size);
}

void tp_calibrations_free(tp_engine *engine)
{
    for (size_t i = 0; i < TP_CALIBRATED_CLOCKS; i++) {
        PyMem_RawFree(engine->calibrations[i][0].text);
        PyMem_RawFree(engine->calibrations[i][1].text);
    }
}

#include "filter.h"

#include <string.h>

#include "buffer.h"
#include "contexts.h"
#include "identity.h"
#include "watch.h"

typedef enum verdict { RECORDED, LEFT_OUT, UNDECIDED } verdict;

static uint64_t key_of(const void *code)
{
    return (uint64_t)(uintptr_t)code;
}

static void free_filter(tp_filter *filter)
{
    tp_filter_patterns_free(&filter->include);
    tp_filter_patterns_free(&filter->exclude);
    tp_map_free(&filter->decided);
    PyMem_RawFree(filter);
}

static bool is_equal(const tp_filter *left, const tp_filter *right)
{
    return tp_filter_patterns_equal(&left->include, &right->include) &&
           tp_filter_patterns_equal(&left->exclude, &right->exclude);
}

tp_status tp_filter_acquire(tp_filter **out, tp_engine *engine, const tp_recording_options *options)
{
    *out = NULL;
    if (options->include_count == 0 && options->exclude_count == 0)
        return TP_OK;
    tp_filter *filter = PyMem_RawCalloc(1, sizeof *filter);
    if (filter == NULL)
        return TP_ENOMEM;
    tp_map_init(&filter->decided, NULL);
    tp_status status = tp_filter_patterns_create(&filter->include, options->include,
                                                 options->include_count);
    if (status == TP_OK)
        status = tp_filter_patterns_create(&filter->exclude, options->exclude,
                                           options->exclude_count);
    if (status != TP_OK) {
        free_filter(filter);
        return status;
    }
    tp_filter *known = engine->filters;
    while (known != NULL && !is_equal(known, filter))
        known = known->next;
    if (known != NULL) {
        free_filter(filter);
        filter = known;
    } else {
        filter->next = engine->filters;
        engine->filters = filter;
    }
    filter->references++;
    *out = filter;
    return TP_OK;
}

/* Those that no recording has, unless the next recording's restart is saved by one. */
static void sweep(tp_engine *engine)
{
    tp_filter **link = &engine->filters;
    while (*link != NULL) {
        tp_filter *filter = *link;
        if (filter->references > 0 || filter->covers) {
            link = &filter->next;
            continue;
        }
        *link = filter->next;
        free_filter(filter);
    }
}

void tp_filter_release(tp_engine *engine, tp_filter *filter)
{
    if (filter == NULL)
        return;
    filter->references--;
    sweep(engine);
}

void tp_filters_free(tp_engine *engine)
{
    tp_filters_note_restart(engine);
}

void tp_filter_begin(const tp_recording *recording)
{
    if (recording->filter == NULL)
        return;
    recording->filter->running++;
    if (recording->engine->running_filtered++ == 0)
        tp_hooks_note(recording->engine);
}

void tp_filter_end(const tp_recording *recording)
{
    if (recording->filter == NULL)
        return;
    recording->filter->running--;
    if (--recording->engine->running_filtered == 0)
        tp_hooks_note(recording->engine);
}

/* An item of a dict that is a str, without an exception if there is none; a new reference. */
static PyObject *text_in(PyObject *dict, const char *name)
{
    PyObject *found = NULL;
    if (dict == NULL || !PyDict_Check(dict) || PyDict_GetItemStringRef(dict, name, &found) < 0)
        PyErr_Clear();
    if (found != NULL && !PyUnicode_Check(found))
        Py_CLEAR(found);
    return found;
}

/* The name that "python -m" knows the main module by; NULL for a script. A new reference. */
static PyObject *name_of_main(PyObject *globals)
{
    PyObject *spec = NULL, *attributes = NULL, *name = NULL;
    if (PyDict_GetItemStringRef(globals, "__spec__", &spec) > 0 && spec != Py_None)
        attributes = PyObject_GenericGetDict(spec, NULL);
    name = text_in(attributes, "name");
    if (name != NULL && PyUnicode_CompareWithASCIIString(name, "__main__") == 0)
        Py_CLEAR(name); /* of a folder or zip file */
    Py_XDECREF(attributes);
    Py_XDECREF(spec);
    return name;
}

static bool is_main(PyObject *name)
{
    return PyUnicode_CompareWithASCIIString(name, "__main__") == 0 ||
           PyUnicode_CompareWithASCIIString(name, "__mp_main__") == 0;
}

/* The module in whose namespace the code runs, if it is what runs now, or NULL; a new reference. Code
 * itself does not know. */
static PyObject *module_of(const PyObject *code, bool *main)
{
    PyFrameObject *frame = PyEval_GetFrame();
    if (frame == NULL)
        return NULL;
    PyObject *running = (PyObject *)PyFrame_GetCode(frame);
    Py_DECREF(running); /* The frame has it. */
    if (running != code)
        return NULL;
    PyObject *globals = PyFrame_GetGlobals(frame);
    PyObject *name = text_in(globals, "__name__");
    if (name != NULL && is_main(name)) {
        *main = true;
        Py_SETREF(name, name_of_main(globals));
    }
    Py_XDECREF(globals);
    return name;
}

static bool is_left_out(const tp_filter *filter, const tp_place *place)
{
    if (filter->include.count > 0 && !tp_filter_patterns_match(&filter->include, place))
        return true;
    return tp_filter_patterns_match(&filter->exclude, place);
}

static verdict judge(const tp_recording *recording, PyCodeObject *code)
{
    verdict found = UNDECIDED;
    PyObject *file_holder = NULL, *module_holder = NULL;
    tp_place place = { .is_main = false };
    PyObject *module = module_of((PyObject *)code, &place.is_main);
    if (tp_borrow_bytes(code->co_filename, &file_holder, &place.file) == TP_OK &&
        (module == NULL || tp_borrow_bytes(module, &module_holder, &place.module) == TP_OK))
        found = is_left_out(recording->filter, &place) ? LEFT_OUT : RECORDED;
    if (found != UNDECIDED)
        tp_identity_meet(recording->engine, place.file);
    Py_XDECREF(module);
    Py_XDECREF(file_holder);
    Py_XDECREF(module_holder);
    PyErr_Clear();
    return found;
}

/* The first time. Without memory nothing is decided: the call goes unrecorded, as one that is lost. */
TP_NOINLINE static verdict decide_now(tp_recording *recording, PyCodeObject *code)
{
    tp_filter *filter = recording->filter;
    PyObject *exception = PyErr_GetRaisedException();
    tp_recording_begin_busy(recording);
    verdict found = judge(recording, code);
    if (found == UNDECIDED || !tp_watch_code(recording->engine, code) ||
        tp_map_put(&filter->decided, key_of(code), (uint32_t)found) != TP_OK) {
        tp_session_fail(recording->session);
        found = UNDECIDED;
    }
    tp_recording_end_busy(recording);
    PyErr_SetRaisedException(exception);
    return found;
}

static verdict decide(tp_recording *recording, PyObject *code)
{
    const tp_filter *filter = recording->filter;
    uint32_t known = tp_map_get(&filter->decided, key_of(code));
    if (TP_LIKELY(known != TP_MAP_NONE))
        return (verdict)known;
    if (PyCode_Check(code))
        return decide_now(recording, (PyCodeObject *)code);
    /* What events are fired for as if it were code has no file. */
    return filter->include.count > 0 ? LEFT_OUT : RECORDED;
}

bool tp_filter_decide(tp_recording *recording, PyObject *code)
{
    return decide(recording, code) != RECORDED;
}

void tp_filters_be_patient(tp_engine *engine)
{
    engine->patience = TP_PATIENCE;
}

bool tp_filters_switch_off(tp_engine *engine, PyObject *code)
{
    if (engine->running_filtered == 0 || engine->running_filtered < engine->running)
        return false;
    if (engine->patience > 0) {
        engine->patience--;
        return false;
    }
    if (tp_contexts_is_carrier(code, engine->carrier))
        return false;
    const tp_recording *first = engine->active;
    for (tp_recording *r = engine->active; r != NULL; r = r->next_active) {
        if (r->running && decide(r, code) != LEFT_OUT)
            return false;
    }
    if (engine->active != first) /* to decide may have let go of the lock */
        return false;
    for (tp_filter *f = engine->filters; f != NULL; f = f->next)
        f->covers = f->running > 0;
    engine->switched_off = true;
    return true;
}

bool tp_filters_hide_from(const tp_engine *engine, const tp_filter *filter)
{
    return engine->switched_off && (filter == NULL || !filter->covers);
}

void tp_filters_note_restart(tp_engine *engine)
{
    engine->switched_off = false;
    for (tp_filter *f = engine->filters; f != NULL; f = f->next)
        f->covers = false;
    sweep(engine);
}

void tp_filters_forget(tp_engine *engine, const void *code)
{
    for (tp_filter *f = engine->filters; f != NULL; f = f->next)
        tp_map_take(&f->decided, key_of(code));
}

static tp_status describe(tp_profile *profile, const char *key, const tp_filter_patterns *patterns)
{
    tp_buffer text;
    if (patterns->count == 0)
        return TP_OK;
    tp_buffer_init(&text, NULL);
    for (size_t i = 0; i < patterns->count; i++) {
        tp_buffer_put(&text, "\n", i > 0);
        tp_buffer_put(&text, patterns->items[i].given.bytes, patterns->items[i].given.size);
    }
    tp_status status = text.status;
    if (status == TP_OK)
        status = tp_profile_set_text(profile, key, (const char *)text.bytes, text.size);
    tp_buffer_free(&text);
    return status;
}

tp_status tp_filter_describe(const tp_filter *filter, tp_profile *profile)
{
    if (filter == NULL)
        return TP_OK;
    tp_status status = describe(profile, "include", &filter->include);
    return status == TP_OK ? describe(profile, "exclude", &filter->exclude) : status;
}

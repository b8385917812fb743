/* Threads: which there are, and what is recorded on each. */
#include <stdatomic.h>

#include "engine.h"
#include "greenlets.h"
#include "recorder.h"
#include "state_guard.h"
#include "track.h"

_Thread_local tp_here_entry tp_here;

/* Threads that have a track of their own in one recording. A program may start a million, one after the
 * other: beyond this, a new one records where one that has ended did. */
#define MAX_TRACKS 1000
#define SHARED_NAME "(several threads)"

/* Events of a new thread after which its name is no longer asked for. threading learns of a thread by
 * some ten calls on that thread itself. */
#define NAME_ATTEMPTS 64

/* Events from the beginning of greenlet's import after which it is no longer expected. */
#define GREENLET_ATTEMPTS 100000

/* Engines get numbers that are never used twice in a process, so
 * that a thread's entry cannot be taken for that of another engine. */
static atomic_uint_least64_t last_engine_id;

void tp_engine_renew(tp_engine *engine)
{
    engine->id = atomic_fetch_add(&last_engine_id, 1) + 1;
    tp_hooks_note(engine);
}

void tp_threads_sweep(tp_engine *engine)
{
    while (engine->retired != NULL) {
        tp_attachment *next = engine->retired->next_of_recording;
        PyMem_RawFree(engine->retired);
        engine->retired = next;
    }
}

void tp_threads_free(tp_engine *engine)
{
    tp_threads_sweep(engine);
    while (engine->threads != NULL) {
        tp_thread *thread = engine->threads;
        engine->threads = thread->next;
        PyObject *before = thread->tracer_before;
        thread->tracer_before = NULL;
        if (!tp_state_guard_keeps(thread))
            PyMem_RawFree(thread);
        Py_XDECREF(before);
    }
}

/* Whether the thread's state still exists; its address alone might be another's by now. */
static bool is_alive(const tp_thread *thread)
{
#ifdef TP_FREE_THREADED
    return !thread->ended; /* states cannot be looked at: they may go at any time */
#else
    PyThreadState *state = PyInterpreterState_ThreadHead(PyInterpreterState_Get());
    while (state != NULL && state != thread->state)
        state = PyThreadState_Next(state);
    return state != NULL && PyThreadState_GetID(state) == thread->state_id;
#endif
}

/* What threading calls a thread, or NULL without an exception: new bytes. Looked up without calling
 * Python code, which recordings on this thread would see. A program without threading has the main
 * thread only. */
static PyObject *thread_name(unsigned long ident)
{
    PyObject *modules = NULL, *threading = NULL, *active = NULL, *thread = NULL;
    if (PySys_GetOptionalAttrString("modules", &modules) > 0 && PyDict_Check(modules))
        (void)PyDict_GetItemStringRef(modules, "threading", &threading);
    Py_XDECREF(modules);
    PyErr_Clear();
    if (threading == NULL)
        return PyBytes_FromString("MainThread");
    active = PyObject_GetAttrString(threading, "_active");
    PyObject *key = PyLong_FromUnsignedLong(ident);
    if (active != NULL && PyDict_Check(active) && key != NULL)
        (void)PyDict_GetItemRef(active, key, &thread);
    PyObject *attribute = thread == NULL ? NULL : PyUnicode_FromString("_name");
    PyObject *name = attribute == NULL ? NULL : PyObject_GenericGetAttr(thread, attribute);
    PyObject *bytes = name == NULL || !PyUnicode_Check(name)
                          ? NULL
                          : PyUnicode_AsEncodedString(name, "utf-8", "surrogatepass");
    Py_XDECREF(attribute);
    Py_XDECREF(name);
    Py_XDECREF(thread);
    Py_XDECREF(key);
    Py_XDECREF(active);
    Py_DECREF(threading);
    PyErr_Clear();
    return bytes;
}

void tp_thread_refresh(tp_thread *thread)
{
    const tp_attachment *only = thread->first;
    tp_track *track = NULL, *track_builtin = NULL;
    if (only != NULL && only->next_on_thread == NULL && !thread->guarded &&
        !tp_thread_has_chores(thread) &&
        tp_clock_get_kind(only->recording->clock) == TP_CLOCK_COUNTER) {
        track = only->track;
        track_builtin = only->recording->builtins ? only->track : NULL;
    }
#ifdef TP_FREE_THREADED
    if (thread == &tp_nobody)
        return;
    if (only != NULL && !only->recording->engine->lock_free)
        track = track_builtin = NULL;
    atomic_store_explicit(&thread->idle, only == NULL && !tp_thread_has_chores(thread),
                          memory_order_relaxed);
    /* Another thread may have made the track anew: who finds it here finds it so. */
    atomic_store_explicit(&thread->fast, track, memory_order_release);
    atomic_store_explicit(&thread->fast_builtin, track_builtin, memory_order_release);
#else
    thread->fast = track;
    thread->fast_builtin = track_builtin;
#endif
}

/* A thread's entry that is nobody's any more. */
static tp_thread *find_free(tp_engine *engine)
{
    tp_thread *thread = engine->threads;
    while (thread != NULL && (thread->all != NULL || is_alive(thread)))
        thread = thread->next;
    return thread;
}

static tp_thread *find_here(tp_engine *engine, uint64_t state_id)
{
    tp_thread *thread = engine->threads;
    while (thread != NULL && thread->state_id != state_id)
        thread = thread->next;
    return thread;
}

tp_thread *tp_thread_find(tp_engine *engine)
{
    return find_here(engine, PyThreadState_GetID(PyThreadState_Get()));
}

/* The calling thread's entry, made if there is none; NULL without memory. */
static tp_thread *make_here(tp_engine *engine)
{
    PyThreadState *state = PyThreadState_Get();
    uint64_t state_id = PyThreadState_GetID(state);
    tp_thread *thread = find_here(engine, state_id);
    if (thread != NULL)
        return thread;
#ifdef TP_FREE_THREADED
    if (tp_here.cleared_state_id == state_id)
        return NULL; /* nothing would tell of its end */
#endif
    thread = find_free(engine);
    if (thread != NULL) {
        /* A thread of C code that is not in Python just now has no state, and may still know the entry
         * as its own: it must look again. */
        tp_engine_renew(engine);
    } else {
        thread = PyMem_RawCalloc(1, sizeof *thread);
        if (thread == NULL)
            return NULL;
        thread->next = engine->threads;
        engine->threads = thread;
    }
    thread->ident = PyThread_get_thread_ident();
    thread->state = state;
    thread->state_id = state_id;
    thread->name_attempts = thread->greenlet_attempts = 0;
    thread->traced = thread->telling = false;
    thread->in_context = thread->guarded = false;
    thread->strand = 0;
#ifdef TP_FREE_THREADED
    thread->ended = false;
#endif
    Py_CLEAR(thread->tracer_before);
#ifdef TP_FREE_THREADED
    if (!tp_state_guard(engine, state, thread)) {
        thread->ended = true;
        thread->state_id = 0; /* no state's */
        return NULL;
    }
#endif
    return thread;
}

static void unlink_on_thread(tp_attachment *attachment)
{
    tp_attachment **link = &attachment->thread->first;
    while (*link != attachment)
        link = &(*link)->next_on_thread;
    *link = attachment->next_on_thread;
    attachment->linked = false;
    tp_thread_refresh(attachment->thread);
}

static void link_on_thread(tp_attachment *attachment)
{
    tp_thread *thread = attachment->thread;
    attachment->next_on_thread = thread->first;
    attachment->linked = true;
    thread->in_context |= attachment->recording->scope == TP_SCOPE_CONTEXT;
    thread->first = attachment;
    tp_thread_refresh(thread);
}

static void unlink_of_thread(tp_attachment *attachment)
{
    tp_attachment **link = &attachment->thread->all;
    while (*link != attachment)
        link = &(*link)->next_of_thread;
    *link = attachment->next_of_thread;
}

/* The attachment goes, but for its memory: a hook that is busy goes on from where it was. */
void tp_attachment_retire(tp_attachment *attachment)
{
    tp_engine *engine = attachment->recording->engine;
    if (attachment->linked)
        unlink_on_thread(attachment);
    unlink_of_thread(attachment);
    attachment->next_of_recording = engine->retired;
    engine->retired = attachment;
}

bool tp_threads_may_use(const tp_recording *recording)
{
    const tp_attachment *a = recording->engine->retired;
    while (a != NULL && a->recording != recording)
        a = a->next_of_recording;
    return a != NULL;
}

/* The track of a thread that has ended, taken from it; NULL if all are alive. */
static tp_track *take_attached(tp_recording *recording)
{
    tp_attachment **link = &recording->attachments;
    while (*link != NULL && is_alive((*link)->thread))
        link = &(*link)->next_of_recording;
    tp_attachment *ended = *link;
    if (ended == NULL)
        return NULL;
    tp_track *track = ended->track;
    *link = ended->next_of_recording;
    tp_attachment_retire(ended);
    tp_engine_renew(recording->engine); /* as for an entry */
    tp_track_close(track);
    return track;
}

/* The same of one that ended before the recording was started for the last time. An entry with a living
 * thread's id is that thread's. */
static tp_track *take_former(const tp_recording *recording)
{
    const tp_session *session = recording->session;
    for (size_t i = 0; i < session->track_count; i++) {
        tp_track *track = session->tracks[i];
        const tp_attachment *user = recording->attachments;
        while (user != NULL && user->track != track)
            user = user->next_of_recording;
        const tp_thread *thread = find_here(recording->engine, track->id);
        if (user == NULL && (thread == NULL || !is_alive(thread)))
            return track;
    }
    return NULL;
}

static tp_track *take_ended(tp_recording *recording)
{
    tp_track *track = take_attached(recording);
    if (track == NULL)
        track = take_former(recording);
    return track != NULL &&
                   tp_track_set_name(track, SHARED_NAME, sizeof SHARED_NAME - 1) == TP_OK
               ? track
               : NULL;
}

/* The session's track for this thread: from an earlier start here, or a new one. A thread that has no
 * name yet is asked again. */
static tp_status find_track(tp_recording *recording, tp_thread *thread, tp_track **track)
{
    *track = tp_session_find_track(recording->session, thread->state_id);
    if (*track == NULL && tp_session_track_count(recording->session) >= MAX_TRACKS)
        *track = take_ended(recording);
    if (*track != NULL)
        return TP_OK;
    PyObject *name = thread_name(thread->ident);
    const char *bytes = name != NULL ? PyBytes_AS_STRING(name) : "";
    size_t size = name != NULL ? (size_t)PyBytes_GET_SIZE(name) : 0;
    tp_status status =
        tp_session_add_track(recording->session, track, bytes, size, thread->state_id);
    if (status == TP_OK && name == NULL)
        thread->name_attempts = NAME_ATTEMPTS;
    Py_XDECREF(name);
    return status;
}

static tp_status attach(tp_recording *recording, tp_thread *thread)
{
    tp_attachment *attachment = PyMem_RawCalloc(1, sizeof *attachment);
    if (attachment == NULL)
        return TP_ENOMEM;
    uint64_t starts = recording->starts;
    tp_status status = find_track(recording, thread, &attachment->track);
    if (status != TP_OK) {
        PyMem_RawFree(attachment);
        return status;
    }
    /* To find the name may have let go of the lock, and of the track. */
    if (!recording->running || recording->starts != starts) {
        PyMem_RawFree(attachment);
        return TP_OK;
    }
    attachment->recording = recording;
    attachment->thread = thread;
    attachment->look = thread->look;
    attachment->next_of_recording = recording->attachments;
    recording->attachments = attachment;
    attachment->next_of_thread = thread->all;
    thread->all = attachment;
    link_on_thread(attachment);
    tp_greenlets_watch(recording->engine, thread);
    if (recording->engine->busy == 0)
        tp_threads_sweep(recording->engine);
    return TP_OK;
}

void tp_thread_set_here(tp_engine *engine, tp_thread *thread)
{
    static const uint64_t nothing = 0;
    tp_here.engine_id = engine->id;
    tp_here.thread = thread;
    tp_here.interpreter = PyInterpreterState_Get();
    tp_here.context_count = &nothing;
    tp_here.context_version = TP_NO_VERSION;
}

tp_status tp_thread_attach(tp_recording *recording)
{
    tp_engine *engine = recording->engine;
    tp_thread *thread = make_here(engine);
    if (thread == NULL)
        return TP_ENOMEM;
    tp_status status = attach(recording, thread);
    if (status == TP_OK)
        tp_thread_set_here(engine, thread);
    return status;
}

static tp_attachment *find_attachment(const tp_recording *recording, const tp_thread *thread)
{
    tp_attachment *a = recording->attachments;
    while (a != NULL && a->thread != thread)
        a = a->next_of_recording;
    return a;
}

/* What could not be attached for want of memory is not recorded, and counts as lost calls would: the
 * session says so at the end. */
static void attach_or_fail(tp_recording *recording, tp_thread *thread)
{
    if (attach(recording, thread) != TP_OK)
        tp_session_fail(recording->session);
}

static void attach_everywhere(tp_engine *engine, tp_thread *thread)
{
    for (tp_recording *r = engine->active; r != NULL; r = r->next_active) {
        if (r->running && r->scope == TP_SCOPE_PROCESS && find_attachment(r, thread) == NULL)
            attach_or_fail(r, thread);
    }
}

tp_thread *tp_thread_arrive(tp_engine *engine)
{
    if (tp_here.engine_id == engine->id)
        return tp_here.thread;
    PyObject *exception = PyErr_GetRaisedException();
    tp_thread *thread = engine->running_everywhere > 0
                            ? make_here(engine)
                            : find_here(engine, PyThreadState_GetID(PyThreadState_Get()));
    if (thread == NULL)
        thread = tp_nobody_of(engine);
    else if (engine->running_everywhere > 0)
        attach_everywhere(engine, thread);
    tp_thread_set_here(engine, thread);
#ifdef TP_FREE_THREADED
    /* The entry may become another's at any time. */
    if (tp_here.cleared_state_id == PyThreadState_GetID(PyThreadState_Get()))
        tp_here.engine_id = 0;
#endif
    if (thread->all != NULL)
        tp_greenlets_watch(engine, thread);
    PyErr_SetRaisedException(exception);
    return thread;
}

tp_thread *tp_thread_own(tp_engine *engine, tp_thread *thread)
{
    if (thread != tp_nobody_of(engine))
        return thread;
    tp_thread *own = make_here(engine);
    if (own == NULL)
        return thread;
    tp_here.thread = own;
    return own;
}

void tp_thread_begin_look(tp_thread *thread)
{
    thread->look++;
}

/* Whether calls of contexts are open, whatever context the thread is in. */
static bool has_open_contexts(const tp_thread *thread)
{
    const tp_attachment *a = thread->all;
    while (a != NULL && (a->recording->scope != TP_SCOPE_CONTEXT || tp_track_depth(a->track) == 0))
        a = a->next_of_thread;
    return a != NULL;
}

void tp_thread_end_look(tp_thread *thread)
{
    tp_attachment **link = &thread->first;
    if (thread->guarded)
        thread->guarded = has_open_contexts(thread);
    thread->in_context = false;
    while (*link != NULL) {
        tp_attachment *a = *link;
        bool in_context = a->recording->scope == TP_SCOPE_CONTEXT;
        if (in_context && a->look != thread->look) {
            thread->guarded |= tp_track_depth(a->track) > 0;
            a->linked = false;
            *link = a->next_on_thread;
        } else {
            thread->in_context |= in_context;
            link = &a->next_on_thread;
        }
    }
    tp_thread_refresh(thread);
}

void tp_thread_link_context(tp_recording *recording, tp_thread *thread)
{
    if (thread == tp_nobody_of(recording->engine)) {
        tp_session_fail(recording->session);
        return;
    }
    tp_attachment *attachment = find_attachment(recording, thread);
    if (attachment == NULL)
        attach_or_fail(recording, thread);
    else if (!attachment->linked)
        link_on_thread(attachment);
    if (attachment != NULL)
        attachment->look = thread->look;
}

static void name_again(tp_thread *thread)
{
    PyObject *name = thread_name(thread->ident);
    thread->name_attempts = name != NULL ? 0 : thread->name_attempts - 1;
    for (tp_attachment *a = thread->first; name != NULL && a != NULL; a = a->next_on_thread)
        if (tp_track_set_name(a->track, PyBytes_AS_STRING(name),
                              (size_t)PyBytes_GET_SIZE(name)) != TP_OK)
            tp_session_fail(a->recording->session);
    Py_XDECREF(name);
}

void tp_thread_expect_greenlets(tp_engine *engine)
{
    tp_thread *thread = tp_thread_arrive(engine);
    if (thread->all == NULL)
        return;
    thread->greenlet_attempts = GREENLET_ATTEMPTS;
    tp_thread_refresh(thread);
}

void tp_thread_do_chores(tp_engine *engine, tp_thread *thread)
{
    PyObject *exception = PyErr_GetRaisedException();
    if (thread->name_attempts > 0)
        name_again(thread);
    if (thread->greenlet_attempts > 0) {
        thread->greenlet_attempts--;
        tp_greenlets_look(engine);
        tp_greenlets_watch(engine, thread);
        if (thread->traced)
            thread->greenlet_attempts = 0;
    }
    tp_thread_refresh(thread);
    PyErr_SetRaisedException(exception);
}

void tp_thread_detach_all(tp_recording *recording)
{
    tp_engine *engine = recording->engine;
    tp_threads_pause(recording);
    while (recording->attachments != NULL) {
        tp_attachment *attachment = recording->attachments;
        recording->attachments = attachment->next_of_recording;
        tp_attachment_retire(attachment);
    }
    if (engine->busy == 0)
        tp_threads_sweep(engine);
}

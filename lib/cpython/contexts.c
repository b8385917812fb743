#include "contexts.h"

#include <stddef.h>

#include "locked.h"
#include "state_guard.h"

struct tp_ticket {
    atomic_size_t references;
    tp_recording *recording; /* Borrowed; NULL once it has stopped */
};

/* The value of the ContextVar: who records. Never changed, as contexts share it. */
typedef struct members {
    PyObject_VAR_HEAD
    tp_ticket *tickets[];
} members;

static void release_ticket(tp_ticket *ticket)
{
    if (ticket != NULL && --ticket->references == 0)
        PyMem_RawFree(ticket);
}

static void members_dealloc(PyObject *self)
{
    PyTypeObject *type = Py_TYPE(self);
    for (Py_ssize_t i = 0; i < Py_SIZE(self); i++)
        release_ticket(((members *)self)->tickets[i]);
    type->tp_free(self);
    Py_DECREF(type);
}

static PyType_Slot members_slots[] = {
    { Py_tp_dealloc, (void *)(uintptr_t)members_dealloc },
    { 0, NULL },
};

static PyType_Spec members_spec = {
    .name = "ctraceprof.members",
    .basicsize = offsetof(members, tickets),
    .itemsize = sizeof(tp_ticket *),
    .flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_DISALLOW_INSTANTIATION | Py_TPFLAGS_IMMUTABLETYPE,
    .slots = members_slots,
};

tp_status tp_contexts_create(tp_engine *engine)
{
    engine->members_type = (PyTypeObject *)PyType_FromSpec(&members_spec);
    engine->context_var =
        engine->members_type == NULL ? NULL : PyContextVar_New("ctraceprof", NULL);
    engine->carrier =
        engine->context_var == NULL ? NULL : PyUnicode_InternFromString("_restore_context");
    return engine->carrier != NULL ? TP_OK : TP_EPYTHON;
}

void tp_contexts_destroy(tp_engine *engine)
{
    Py_CLEAR(engine->carrier);
    Py_CLEAR(engine->context_var);
    Py_CLEAR(engine->members_type);
}

/* Who records in the present context: a new reference, or NULL without an exception. */
static members *present_members(const tp_engine *engine)
{
    PyObject *value = NULL;
    if (PyContextVar_Get(engine->context_var, NULL, &value) != 0) {
        PyErr_Clear();
        return NULL;
    }
    if (value != NULL && !Py_IS_TYPE(value, engine->members_type))
        Py_CLEAR(value);
    return (members *)value;
}

static bool has(const members *list, const tp_ticket *ticket)
{
    Py_ssize_t i = list == NULL ? 0 : Py_SIZE(list);
    while (i > 0 && list->tickets[i - 1] != ticket)
        i--;
    return i > 0;
}

/* What is to be left out of a list: what has stopped, what is in another, and one more. */
typedef struct omission {
    const members *list;     /* may be NULL, as may be the next */
    const tp_ticket *ticket;
} omission;

static bool stays(const tp_ticket *ticket, omission but)
{
    return ticket->recording != NULL && ticket != but.ticket && !has(but.list, ticket);
}

static Py_ssize_t count_living(const members *list, omission but)
{
    Py_ssize_t count = 0;
    for (Py_ssize_t i = 0; list != NULL && i < Py_SIZE(list); i++)
        count += stays(list->tickets[i], but);
    return count;
}

static bool has_living(const members *list)
{
    return count_living(list, (omission){ NULL, NULL }) > 0;
}

static void append_living(members *to, const members *list, omission but, Py_ssize_t *count)
{
    for (Py_ssize_t i = 0; list != NULL && i < Py_SIZE(list); i++) {
        tp_ticket *ticket = list->tickets[i];
        if (!stays(ticket, but))
            continue;
        ticket->references++;
        to->tickets[(*count)++] = ticket;
    }
}

/* What still records of two lists, without one ticket, and another ticket; all of these may be NULL. None if
 * nothing does. */
static PyObject *make_members(const tp_engine *engine, tp_ticket *first, const members *a,
                              const members *b, const tp_ticket *without)
{
    const omission of_a = { NULL, without }, of_b = { a, without };
    Py_ssize_t count = (first != NULL) + count_living(a, of_a) + count_living(b, of_b);
    if (count == 0)
        return Py_NewRef(Py_None);
    members *made = PyObject_NewVar(members, engine->members_type, count);
    if (made == NULL)
        return NULL;
    count = 0;
    if (first != NULL) {
        first->references++;
        made->tickets[count++] = first;
    }
    append_living(made, a, of_a, &count);
    append_living(made, b, of_b, &count);
    Py_SET_SIZE((PyVarObject *)made, count); /* a recording may have stopped meanwhile */
    return (PyObject *)made;
}

/* Puts new members into the present context and takes over the reference; the token if it is wanted. */
static tp_status set_members(const tp_engine *engine, PyObject *made, PyObject **token)
{
    PyObject *set = made == NULL ? NULL : PyContextVar_Set(engine->context_var, made);
    Py_XDECREF(made);
    tp_contexts_look_again();
    if (set == NULL)
        return TP_EPYTHON;
    if (token != NULL)
        *token = set;
    else
        Py_DECREF(set);
    return TP_OK;
}

/* The ticket becomes one of the present context's. */
static tp_status add_here(const tp_engine *engine, tp_ticket *ticket)
{
    members *before = present_members(engine);
    tp_status status = TP_OK;
    if (!has(before, ticket))
        status = set_members(engine, make_members(engine, ticket, before, NULL, NULL), NULL);
    Py_XDECREF(before);
    return status;
}

/* It is one no longer. Keeps exceptions as they are; without memory it stays. */
static void remove_here(const tp_engine *engine, const tp_ticket *ticket)
{
    PyObject *exception = PyErr_GetRaisedException();
    members *before = present_members(engine);
    if (has(before, ticket) &&
        set_members(engine, make_members(engine, NULL, before, NULL, ticket), NULL) != TP_OK)
        PyErr_Clear();
    Py_XDECREF(before);
    PyErr_SetRaisedException(exception);
}

tp_status tp_contexts_join(tp_recording *recording)
{
    tp_engine *engine = recording->engine;
    tp_ticket *ticket = PyMem_RawMalloc(sizeof *ticket);
    if (ticket == NULL) {
        PyErr_NoMemory();
        return TP_ENOMEM;
    }
    atomic_init(&ticket->references, 1);
    ticket->recording = recording;
    recording->ticket = ticket;
    tp_status status = add_here(engine, ticket);
    if (status != TP_OK)
        tp_contexts_leave(recording);
    return status;
}

void tp_contexts_leave(tp_recording *recording)
{
    tp_engine *engine = recording->engine;
    tp_ticket *ticket = recording->ticket;
    if (ticket == NULL)
        return;
    recording->ticket = NULL;
    ticket->recording = NULL;
    /* Other contexts keep the ticket until they go. */
    remove_here(engine, ticket);
    release_ticket(ticket);
}

tp_status tp_locked_recording_enter(tp_recording *recording)
{
    tp_ticket *ticket = recording->ticket;
    if (ticket == NULL)
        return TP_OK;
    ticket->references++; /* what is allocated may collect garbage, and that stop the recording */
    tp_status status = add_here(recording->engine, ticket);
    release_ticket(ticket);
    return status;
}

void tp_locked_recording_exit(tp_recording *recording)
{
    tp_engine *engine = recording->engine;
    tp_ticket *ticket = recording->ticket;
    if (ticket == NULL)
        return;
    ticket->references++;
    remove_here(engine, ticket);
    release_ticket(ticket);
    /* Now: what ends next began before the context was entered, and only beginnings look. */
    (void)tp_contexts_follow(engine, tp_thread_arrive(engine));
}

int tp_locked_group_is_here(tp_engine *engine, const void *group)
{
    if (engine->running_in_contexts == 0)
        return 0;
    members *list = present_members(engine);
    bool found = false;
    for (Py_ssize_t i = 0; list != NULL && i < Py_SIZE(list) && !found; i++) {
        const tp_recording *recording = list->tickets[i]->recording;
        found = recording != NULL && recording->group == group;
    }
    Py_XDECREF(list);
    return found;
}

/* What tp_contexts_is_same compares from now on. Without a guard the context is looked up at each event. */
static void keep_count(tp_engine *engine)
{
    const PyThreadState *state = PyThreadState_Get();
    bool is_kept = tp_here.context_count == &state->context_ver;
    if (tp_here.engine_id != engine->id ||
        (!is_kept && (tp_here.cleared_state_id == state->id || !tp_state_guard(engine, state, NULL))))
        return;
    tp_here.context_count = &state->context_ver;
    tp_here.context_version = state->context_ver;
}

tp_thread *tp_contexts_follow(tp_engine *engine, tp_thread *thread)
{
    if (tp_contexts_is_same())
        return thread;
    PyObject *exception = PyErr_GetRaisedException();
    members *list = present_members(engine);
    if (has_living(list))
        thread = tp_thread_own(engine, thread);
    if (list != NULL || thread->in_context || thread->guarded) {
        tp_thread_begin_look(thread);
        for (Py_ssize_t i = 0; list != NULL && i < Py_SIZE(list); i++) {
            tp_recording *recording = list->tickets[i]->recording;
            if (recording != NULL)
                tp_thread_link_context(recording, thread);
        }
        tp_thread_end_look(thread);
    }
    Py_XDECREF(list);
    keep_count(engine);
    PyErr_SetRaisedException(exception);
    return thread;
}

PyObject *tp_locked_sessions_here(tp_engine *engine)
{
    members *list = present_members(engine);
    if (list == NULL || has_living(list))
        return (PyObject *)list;
    Py_DECREF(list);
    return NULL;
}

PyObject *tp_locked_sessions_enter(tp_engine *engine, PyObject *sessions)
{
    members *before = present_members(engine);
    PyObject *token = NULL;
    if (set_members(engine, make_members(engine, NULL, (members *)sessions, before, NULL), &token) !=
        TP_OK)
        token = NULL;
    Py_XDECREF(before);
    return token;
}

int tp_locked_sessions_exit(tp_engine *engine, PyObject *token)
{
    int failed = PyContextVar_Reset(engine->context_var, token);
    tp_contexts_look_again();
    return failed;
}

/* SIGTERM that is not missed.
 *
 * Python's handler makes a note, which the interpreter sees between two instructions, or when a system
 * call was interrupted. What arrives just before a call that blocks waits for the call to end, and what
 * arrives in a forked child before that knows itself is forgotten. Either is fatal where the sender waits
 * for the process to die, as multiprocessing's Pool.terminate() does, and would not be without a profiler,
 * as the signal's default needs no interpreter. So it is held back while a fork is under way, and comes
 * again until it was heard. */
#include "_core.h"

#ifdef HAVE_SIGACTION

#include <errno.h>
#include <signal.h>
#include <time.h>
#include <unistd.h>

#if defined(_POSIX_TIMERS) && _POSIX_TIMERS > 0
#define TP_HAVE_TIMERS
#define AGAIN_NS 20000000
#endif

/* Signals are the process's, and their handlers have nothing to look at but statics. */
static struct hearing {
    void (*python)(int); /* Python's handler; NULL until there is something to hear */
#ifdef TP_HAVE_TIMERS
    timer_t timer;
    pid_t owner; /* the process that has the timer: children do not inherit it. 0: none */
#endif
} hearing;

static _Thread_local sigset_t mask_before_fork;

/* Has the signal come again soon, or not. Safe in a signal handler. */
static void come_again(int again)
{
#ifdef TP_HAVE_TIMERS
    const struct itimerspec when = { .it_value = { .tv_nsec = again ? AGAIN_NS : 0 } };
    if (hearing.owner == getpid())
        timer_settime(hearing.timer, 0, &when, NULL);
#else
    (void)again;
#endif
}

/* Where another handler has been set meanwhile, this one is not there to ask for more. */
static void hear(int number)
{
    int error = errno;
    hearing.python(number);
    come_again(1);
    errno = error;
}

static void make_timer(void)
{
#ifdef TP_HAVE_TIMERS
    struct sigevent event = { .sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGTERM };
    hearing.owner = timer_create(CLOCK_MONOTONIC, &event, &hearing.timer) == 0 ? getpid() : 0;
#endif
}

static PyObject *before_fork(PyObject *self, PyObject *unused)
{
    (void)self;
    (void)unused;
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGTERM);
    pthread_sigmask(SIG_BLOCK, &set, &mask_before_fork);
    Py_RETURN_NONE;
}

static PyObject *after_fork_in_parent(PyObject *self, PyObject *unused)
{
    (void)self;
    (void)unused;
    pthread_sigmask(SIG_SETMASK, &mask_before_fork, NULL);
    Py_RETURN_NONE;
}

static PyObject *after_fork_in_child(PyObject *self, PyObject *unused)
{
    make_timer();
    return after_fork_in_parent(self, unused);
}

static PyMethodDef fork_methods[] = {
    { "before_fork", before_fork, METH_NOARGS, NULL },
    { "after_fork_in_parent", after_fork_in_parent, METH_NOARGS, NULL },
    { "after_fork_in_child", after_fork_in_child, METH_NOARGS, NULL },
};

static int watch_forks(void)
{
    PyObject *os = PyImport_ImportModule("os");
    PyObject *registrar = os == NULL ? NULL : PyObject_GetAttrString(os, "register_at_fork");
    PyObject *arguments = PyTuple_New(0);
    PyObject *before = PyCFunction_New(&fork_methods[0], NULL);
    PyObject *in_parent = PyCFunction_New(&fork_methods[1], NULL);
    PyObject *in_child = PyCFunction_New(&fork_methods[2], NULL);
    PyObject *named = before == NULL || in_parent == NULL || in_child == NULL
                          ? NULL
                          : Py_BuildValue("{sOsOsO}", "before", before, "after_in_parent",
                                          in_parent, "after_in_child", in_child);
    PyObject *result = registrar == NULL || arguments == NULL || named == NULL
                           ? NULL
                           : PyObject_Call(registrar, arguments, named);
    Py_XDECREF(named);
    Py_XDECREF(in_child);
    Py_XDECREF(in_parent);
    Py_XDECREF(before);
    Py_XDECREF(arguments);
    Py_XDECREF(registrar);
    Py_XDECREF(os);
    Py_XDECREF(result);
    return result == NULL ? -1 : 0;
}

static int start_hearing(void)
{
    struct sigaction action;
    if (sigaction(SIGTERM, NULL, &action) != 0 || action.sa_handler == hear ||
        action.sa_handler == SIG_DFL || action.sa_handler == SIG_IGN ||
        (action.sa_flags & SA_SIGINFO) != 0)
        return 0;
    if (hearing.python == NULL && watch_forks() != 0)
        return -1;
    make_timer();
    hearing.python = action.sa_handler;
    action.sa_handler = hear;
    sigaction(SIGTERM, &action, NULL);
    return 0;
}

void core_has_heard(void)
{
    come_again(0);
}

#else

static int start_hearing(void)
{
    return 0;
}

void core_has_heard(void)
{
}

#endif

const char core_hear_termination_doc[] =
    "hear_termination()\n--\n\n"
    "Have SIGTERM come again until Profiler._on_signal, just set as its handler, was called, and be\n"
    "held back while a fork is under way.";

PyObject *core_hear_termination(PyObject *module, PyObject *unused)
{
    (void)module;
    (void)unused;
    if (start_hearing() != 0)
        return NULL;
    Py_RETURN_NONE;
}

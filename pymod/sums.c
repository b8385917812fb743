/* What was added to a profile: a tuple of profiles, each in a capsule, shared and never changed.
 *
 * Each is more than twice as large as all that came after it. So there are few, adding one costs what that
 * one is large in the long run, and nothing is ever half added: where there is no memory to add up they
 * stay apart. No lock is held while profiles are added up. */
#include "_core.h"

#define ADDED "ctraceprof.added"

/* Larger sums are made without the GIL; to get it back may take longer than a small one. */
#define SMALL 20000

static void added_goes(PyObject *capsule)
{
    tp_profile_destroy(PyCapsule_GetPointer(capsule, ADDED));
}

/* Takes the profile over in any case. */
static PyObject *wrap(tp_profile *profile)
{
    PyObject *capsule = PyCapsule_New(profile, ADDED, added_goes);
    if (capsule == NULL)
        tp_profile_destroy(profile);
    return capsule;
}

static const tp_profile *profile_in(PyObject *added, Py_ssize_t index)
{
    return PyCapsule_GetPointer(PyTuple_GET_ITEM(added, index), ADDED);
}

static size_t size_of(const tp_profile *profile)
{
    size_t size = tp_profile_function_count(profile) + tp_profile_edge_count(profile);
    const tp_thread_tree *threads = tp_profile_threads(profile);
    for (size_t i = 0; i < tp_profile_thread_count(profile); i++)
        size += threads[i].context_count;
    return size;
}

static int is_empty(const tp_profile *profile)
{
    return tp_profile_function_count(profile) + tp_profile_thread_count(profile) == 0;
}

/* The sum of a profile, which may be NULL, and of what is in the tuple from `first` on. */
static tp_status add_up(tp_profile **sum, const tp_profile *profile, PyObject *added, Py_ssize_t first)
{
    tp_merge *merge;
    tp_status status = tp_merge_create(&merge, NULL);
    if (status != TP_OK)
        return status;
    if (profile != NULL)
        status = tp_merge_add(merge, profile);
    for (Py_ssize_t i = first; status == TP_OK && i < PyTuple_GET_SIZE(added); i++)
        status = tp_merge_add(merge, profile_in(added, i));
    if (status == TP_OK)
        status = tp_merge_finish(merge, sum, NULL);
    tp_merge_destroy(merge);
    return status;
}

static tp_status add_up_politely(tp_profile **sum, const tp_profile *profile, PyObject *added,
                                 Py_ssize_t first)
{
    size_t size = profile == NULL ? 0 : size_of(profile);
    for (Py_ssize_t i = first; i < PyTuple_GET_SIZE(added); i++)
        size += size_of(profile_in(added, i));
    if (size <= SMALL)
        return add_up(sum, profile, added, first);
    tp_status status;
    Py_BEGIN_ALLOW_THREADS
    status = add_up(sum, profile, added, first);
    Py_END_ALLOW_THREADS
    return status;
}

static PyObject *get_added(PyObject *self)
{
    PyObject *added;
    Py_BEGIN_CRITICAL_SECTION(self);
    added = Py_XNewRef(((core_profiler *)self)->added);
    Py_END_CRITICAL_SECTION();
    return added;
}

/* Puts another tuple (taken over) in the place of `before`; 0 if that is not there any more. */
static int swap_added(PyObject *self, PyObject *before, PyObject *after)
{
    core_profiler *p = (core_profiler *)self;
    int is_there;
    Py_BEGIN_CRITICAL_SECTION(self);
    is_there = p->added == before;
    if (is_there)
        p->added = after;
    Py_END_CRITICAL_SECTION();
    if (is_there)
        Py_XDECREF(before); /* the profile's own; the caller has another */
    else
        Py_DECREF(after);
    return is_there;
}

/* The first `count` of `list`, then `one`, then those of the list from `from` on. */
static PyObject *joined(PyObject *list, Py_ssize_t count, PyObject *one, Py_ssize_t from)
{
    Py_ssize_t size = list == NULL ? 0 : PyTuple_GET_SIZE(list), at = 0;
    PyObject *tuple = PyTuple_New(count + 1 + size - from);
    if (tuple == NULL)
        return NULL;
    for (Py_ssize_t i = 0; i < count; i++)
        PyTuple_SET_ITEM(tuple, at++, Py_NewRef(PyTuple_GET_ITEM(list, i)));
    PyTuple_SET_ITEM(tuple, at++, Py_NewRef(one));
    for (Py_ssize_t i = from; i < size; i++)
        PyTuple_SET_ITEM(tuple, at++, Py_NewRef(PyTuple_GET_ITEM(list, i)));
    return tuple;
}

/* Others may append meanwhile: another thread, or what a collection of garbage runs. */
static int append(PyObject *self, PyObject *capsule)
{
    int done = 0;
    while (!done) {
        PyObject *added = get_added(self);
        Py_ssize_t count = added == NULL ? 0 : PyTuple_GET_SIZE(added);
        PyObject *longer = joined(added, count, capsule, count);
        if (longer != NULL)
            done = swap_added(self, added, longer);
        Py_XDECREF(added);
        if (longer == NULL)
            return -1;
    }
    return 0;
}

static int begins_with(PyObject *tuple, PyObject *beginning)
{
    if (tuple == NULL || PyTuple_GET_SIZE(tuple) < PyTuple_GET_SIZE(beginning))
        return 0;
    Py_ssize_t i = PyTuple_GET_SIZE(beginning);
    while (i > 0 && PyTuple_GET_ITEM(tuple, i - 1) == PyTuple_GET_ITEM(beginning, i - 1))
        i--;
    return i == 0;
}

/* Puts `sum` in the place of those of `added` from `first` on, unless another thread did that first, or the
 * profile was cleared. What was appended meanwhile stays. */
static void replace(PyObject *self, PyObject *added, Py_ssize_t first, PyObject *sum)
{
    int done = 0;
    while (!done) {
        PyObject *now = get_added(self), *shorter = NULL;
        if (begins_with(now, added))
            shorter = joined(now, first, sum, PyTuple_GET_SIZE(added));
        done = shorter == NULL || swap_added(self, now, shorter);
        Py_XDECREF(now);
    }
}

/* From where on they are too small beside what follows them. */
static Py_ssize_t first_small(PyObject *added)
{
    Py_ssize_t first = PyTuple_GET_SIZE(added) - 1;
    size_t behind = first < 0 ? 0 : size_of(profile_in(added, first));
    while (first > 0) {
        size_t size = size_of(profile_in(added, first - 1));
        if (size / 2 > behind)
            break;
        behind += size;
        first--;
    }
    return first;
}

/* Without memory all stays as it is: what is kept is right, and only more than it need be. */
static void gather(PyObject *self)
{
    PyObject *added = get_added(self);
    Py_ssize_t first = added == NULL ? 0 : first_small(added);
    tp_profile *profile;
    if (added != NULL && first < PyTuple_GET_SIZE(added) - 1 &&
        add_up_politely(&profile, NULL, added, first) == TP_OK) {
        PyObject *sum = wrap(profile);
        if (sum != NULL)
            replace(self, added, first, sum);
        Py_XDECREF(sum);
    }
    PyErr_Clear();
    Py_XDECREF(added);
}

int core_add_profile(PyObject *self, tp_profile *profile)
{
    if (is_empty(profile)) {
        tp_profile_destroy(profile);
        return 0;
    }
    PyObject *capsule = wrap(profile);
    if (capsule == NULL)
        return -1;
    int failed = append(self, capsule);
    Py_DECREF(capsule);
    if (failed == 0)
        gather(self);
    return failed;
}

tp_status core_with_added(PyObject *self, tp_profile **profile)
{
    PyObject *added = get_added(self);
    if (added == NULL)
        return TP_OK;
    tp_profile *sum;
    tp_status status = add_up_politely(&sum, is_empty(*profile) ? NULL : *profile, added, 0);
    Py_DECREF(added);
    if (status != TP_OK)
        return core_raise_status(status);
    tp_profile_destroy(*profile);
    *profile = sum;
    return TP_OK;
}

void core_forget_added(PyObject *self)
{
    core_profiler *p = (core_profiler *)self;
    PyObject *former;
    Py_BEGIN_CRITICAL_SECTION(self);
    former = p->added;
    p->added = NULL;
    Py_END_CRITICAL_SECTION();
    Py_XDECREF(former);
}

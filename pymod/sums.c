/* What was added to a profile: a tuple, never changed, of
 *
 *      Profiler ...   whose recordings count as what they have come to whenever the profile is read
 *      capsule ...    with a profile each, shared and never changed
 *
 * Each of the latter is more than twice as large as all that came after it. So there are few, adding one costs
 * what that one is large in the long run, and nothing is ever half added: where there is no memory to add up
 * they stay apart. No lock is held while profiles are added up. */
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

/* Where the capsules begin. */
static Py_ssize_t first_capsule(PyObject *added)
{
    Py_ssize_t i = 0;
    while (i < PyTuple_GET_SIZE(added) && !PyCapsule_CheckExact(PyTuple_GET_ITEM(added, i)))
        i++;
    return i;
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

/* Profiles to be added up; those that are not borrowed from a tuple are its own. */
typedef struct summands {
    const tp_profile **profiles; /* Owned. */
    size_t count;
    size_t own; /* so many of the first are owned */
    size_t size;
} summands;

static void take(summands *s, const tp_profile *profile)
{
    s->profiles[s->count++] = profile;
    s->size += size_of(profile);
}

static void free_summands(summands *s)
{
    for (size_t i = 0; i < s->own; i++)
        tp_profile_destroy((tp_profile *)(uintptr_t)s->profiles[i]);
    PyMem_RawFree(s->profiles);
}

/* Room for the tuple's and one more. */
static tp_status make_room(summands *s, PyObject *added)
{
    *s = (summands){ NULL, 0, 0, 0 };
    s->profiles = PyMem_RawCalloc((size_t)PyTuple_GET_SIZE(added) + 1, sizeof *s->profiles);
    return s->profiles != NULL ? TP_OK : core_raise_status(TP_ENOMEM);
}

/* What the tuple's Profilers have recorded; not TP_OK: with an exception. */
static tp_status take_recorded(summands *s, PyObject *added)
{
    tp_status status = TP_OK;
    for (Py_ssize_t i = 0; status == TP_OK && i < first_capsule(added); i++) {
        PyObject *holder = core_holder(PyTuple_GET_ITEM(added, i));
        tp_profile *profile;
        status = tp_recording_profile(core_recording(holder), &profile);
        Py_DECREF(holder);
        if (status != TP_OK)
            break;
        if (is_empty(profile)) {
            tp_profile_destroy(profile);
        } else {
            take(s, profile);
            s->own++;
        }
    }
    return status;
}

static void take_capsules(summands *s, PyObject *added, Py_ssize_t first)
{
    for (Py_ssize_t i = first; i < PyTuple_GET_SIZE(added); i++)
        take(s, profile_in(added, i));
}

static tp_status merge(const summands *s, tp_profile **sum)
{
    tp_merge *merge;
    tp_status status = tp_merge_create(&merge, NULL);
    if (status != TP_OK)
        return status;
    for (size_t i = 0; status == TP_OK && i < s->count; i++)
        status = tp_merge_add(merge, s->profiles[i]);
    if (status == TP_OK)
        status = tp_merge_finish(merge, sum, NULL);
    tp_merge_destroy(merge);
    return status;
}

static tp_status add_up(const summands *s, tp_profile **sum)
{
    if (s->size <= SMALL)
        return merge(s, sum);
    tp_status status;
    Py_BEGIN_ALLOW_THREADS
    status = merge(s, sum);
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
    Py_ssize_t first = PyTuple_GET_SIZE(added) - 1, least = first_capsule(added);
    size_t behind = first < least ? 0 : size_of(profile_in(added, first));
    while (first > least) {
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
    summands s;
    tp_profile *profile;
    if (added != NULL && first < PyTuple_GET_SIZE(added) - 1 && make_room(&s, added) == TP_OK) {
        take_capsules(&s, added, first);
        PyObject *sum = add_up(&s, &profile) == TP_OK ? wrap(profile) : NULL;
        if (sum != NULL)
            replace(self, added, first, sum);
        Py_XDECREF(sum);
        free_summands(&s);
    }
    PyErr_Clear();
    Py_XDECREF(added);
}

/* The one capsule that is all a profile was given (a new reference), or NULL. */
static PyObject *lone_capsule(PyObject *self)
{
    PyObject *added = get_added(self), *capsule = NULL;
    if (added != NULL && PyTuple_GET_SIZE(added) == 1 && first_capsule(added) == 0)
        capsule = Py_NewRef(PyTuple_GET_ITEM(added, 0));
    Py_XDECREF(added);
    return capsule;
}

tp_status core_take_shared(PyObject *self, tp_recording *recording, PyObject **capsule)
{
    tp_profile *profile;
    tp_status status = tp_recording_profile(recording, &profile);
    if (status != TP_OK)
        return status;
    *capsule = is_empty(profile) ? lone_capsule(self) : NULL;
    if (*capsule != NULL) {
        tp_profile_destroy(profile);
        return TP_OK;
    }
    status = core_with_added(self, &profile);
    if (status != TP_OK) {
        tp_profile_destroy(profile);
        return status;
    }
    *capsule = wrap(profile);
    return *capsule != NULL ? TP_OK : TP_EPYTHON;
}

const tp_profile *core_shared(PyObject *capsule)
{
    return PyCapsule_GetPointer(capsule, ADDED);
}

int core_add_shared(PyObject *self, PyObject *capsule, int is_to_wait)
{
    if (is_empty(core_shared(capsule)))
        return 0;
    if (append(self, capsule) != 0)
        return -1;
    if (!is_to_wait)
        gather(self);
    return 0;
}

int core_watch(PyObject *self, PyObject *other)
{
    int done = 0;
    while (!done) {
        PyObject *added = get_added(self);
        PyObject *longer = joined(added, 0, other, 0);
        if (longer != NULL)
            done = swap_added(self, added, longer);
        Py_XDECREF(added);
        if (longer == NULL)
            return -1;
    }
    return 0;
}

/* A tuple, or nothing, without `other`, and with `capsule` behind it if that is not NULL. */
static PyObject *exchanged(PyObject *added, PyObject *other, PyObject *capsule)
{
    Py_ssize_t size = added == NULL ? 0 : PyTuple_GET_SIZE(added), at = 0, kept = 0;
    for (Py_ssize_t i = 0; i < size; i++)
        kept += PyTuple_GET_ITEM(added, i) != other;
    PyObject *tuple = PyTuple_New(kept + (capsule != NULL));
    if (tuple == NULL)
        return NULL;
    for (Py_ssize_t i = 0; i < size; i++) {
        if (PyTuple_GET_ITEM(added, i) != other)
            PyTuple_SET_ITEM(tuple, at++, Py_NewRef(PyTuple_GET_ITEM(added, i)));
    }
    if (capsule != NULL)
        PyTuple_SET_ITEM(tuple, at, Py_NewRef(capsule));
    return tuple;
}

/* At one stroke: nobody sees it twice, or not at all. */
int core_absorb(PyObject *self, PyObject *other)
{
    PyObject *holder = core_holder(other), *capsule = NULL;
    tp_profile *profile;
    tp_status status = tp_recording_profile(core_recording(holder), &profile);
    Py_DECREF(holder);
    if (status != TP_OK)
        return -1;
    if (is_empty(profile))
        tp_profile_destroy(profile);
    else if ((capsule = wrap(profile)) == NULL)
        return -1;
    int done = 0;
    while (!done) {
        PyObject *added = get_added(self);
        PyObject *after = exchanged(added, other, capsule);
        done = after == NULL ? -1 : swap_added(self, added, after);
        Py_XDECREF(added);
    }
    Py_XDECREF(capsule);
    if (done > 0)
        gather(self);
    return done > 0 ? 0 : -1;
}

/* The sum, or NULL if there is nothing to add up. Not TP_OK: with an exception. */
static tp_status sum_up(PyObject *added, const tp_profile *own, tp_profile **sum)
{
    summands s;
    tp_status status = make_room(&s, added);
    if (status != TP_OK)
        return status;
    status = take_recorded(&s, added);
    if (status == TP_OK) {
        if (own != NULL)
            take(&s, own);
        take_capsules(&s, added, first_capsule(added));
        *sum = NULL;
        if (s.count > 0)
            status = add_up(&s, sum);
    }
    free_summands(&s);
    return status == TP_OK ? status : core_raise_status(status);
}

tp_status core_with_added(PyObject *self, tp_profile **profile)
{
    PyObject *added = get_added(self);
    if (added == NULL)
        return TP_OK;
    tp_profile *sum;
    tp_status status = sum_up(added, is_empty(*profile) ? NULL : *profile, &sum);
    Py_DECREF(added);
    if (status != TP_OK || sum == NULL)
        return status;
    tp_profile_destroy(*profile);
    *profile = sum;
    return TP_OK;
}

/* What the Profilers recorded goes, they do not. */
static PyObject *without_capsules(PyObject *added)
{
    Py_ssize_t count = first_capsule(added);
    for (Py_ssize_t i = 0; i < count; i++) {
        PyObject *holder = core_holder(PyTuple_GET_ITEM(added, i));
        tp_status status = tp_recording_clear(core_recording(holder));
        Py_DECREF(holder);
        if (status != TP_OK)
            return NULL;
    }
    return PyTuple_GetSlice(added, 0, count);
}

int core_forget_added(PyObject *self)
{
    int done = 0;
    while (!done) {
        PyObject *added = get_added(self);
        if (added == NULL)
            return 0;
        PyObject *left = without_capsules(added);
        done = left == NULL ? -1 : swap_added(self, added, left);
        Py_DECREF(added);
    }
    return done > 0 ? 0 : -1;
}

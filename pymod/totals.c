/* What a profile comes to: the time that is in it, and how much room it takes or would take. */
#include "_core.h"

const char core_totals_doc[] =
             "_totals($self, /)\n--\n\n"
             "Tuple of the seconds that were recorded, of all threads together, and of the bytes, about, that a\n"
             "sum of what was recorded takes in memory.";

static size_t bytes_of(const tp_profile *profile)
{
    const tp_function *functions = tp_profile_functions(profile);
    const tp_thread_tree *threads = tp_profile_threads(profile);
    size_t bytes = tp_profile_edge_count(profile) * sizeof(tp_edge) +
                   tp_profile_coroutine_count(profile) * sizeof(tp_coroutine);
    for (size_t i = 0; i < tp_profile_function_count(profile); i++)
        bytes += sizeof *functions + functions[i].label.file.size + functions[i].label.name.size;
    for (size_t i = 0; i < tp_profile_thread_count(profile); i++)
        bytes += sizeof *threads + threads[i].context_count * sizeof(tp_context);
    return bytes;
}

/* As the constructor was asked for them: raw ones are the others where both are known. */
static double seconds_of(const tp_profile *profile, int as_measured)
{
    int are_others = as_measured && tp_profile_times(profile) != TP_TIMES_RAW;
    const tp_function *functions = tp_profile_functions(profile);
    double seconds = 0;
    for (size_t i = 0; i < tp_profile_function_count(profile); i++)
        seconds += are_others ? functions[i].other_total : functions[i].total;
    return seconds;
}

static PyObject *do_totals(PyObject *self, tp_recording *recording, PyObject *unused)
{
    (void)unused;
    PyObject *capsule;
    if (core_take_shared(self, recording, &capsule) != TP_OK)
        return NULL;
    const tp_profile *profile = core_shared(capsule);
    double seconds = seconds_of(profile, ((core_profiler *)self)->as_measured);
    size_t bytes = bytes_of(profile);
    Py_DECREF(capsule);
    return Py_BuildValue("(dn)", seconds, (Py_ssize_t)bytes);
}

CORE_DEFINE_METHOD(core_totals, do_totals)

const char core_sizeof_doc[] = "__sizeof__($self, /)\n--\n\n"
                               "Bytes of memory, about, that the recording takes; without what was added.";

static PyObject *do_sizeof(PyObject *self, tp_recording *recording, PyObject *unused)
{
    (void)unused;
    return PyLong_FromSize_t((size_t)Py_TYPE(self)->tp_basicsize + tp_recording_memory(recording));
}

CORE_DEFINE_METHOD(core_sizeof, do_sizeof)

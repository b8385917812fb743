/* The function merge: profiles added up, from files to a file. */
#include <string.h>

#include "_core.h"

const char core_merge_doc[] =
    "merge(paths, destination, as_page=False, /)\n--\n\n"
    "Add up the profiles in the files of `paths` (a list of bytes), and write the sum to\n"
    "destination (bytes), wholly or not at all; as an HTML page.";

/* What is to be done, without Python objects: the GIL is not held meanwhile. */
typedef struct merge_job {
    const char **paths; /* Owned; the strings are borrowed from the list, which is held. */
    size_t count;
    const char *destination;
    int as_page;
    size_t failed; /* index of the path that an error is about; count: the destination */
    tp_error error;
} merge_job;

static tp_status fail(merge_job *job, tp_status status)
{
    job->error.status = status;
    job->error.system_error = 0;
    job->error.message = tp_status_message(status);
    return status;
}

static tp_status add_files(merge_job *job, tp_merge *merge)
{
    for (job->failed = 0; job->failed < job->count; job->failed++) {
        tp_profile *profile;
        tp_status status =
            tp_pstats_read_file(&profile, job->paths[job->failed], NULL, &job->error);
        if (status != TP_OK)
            return status;
        status = tp_merge_add(merge, profile);
        tp_profile_destroy(profile);
        if (status != TP_OK)
            return fail(job, status);
    }
    return TP_OK;
}

static tp_status merge_files(merge_job *job)
{
    tp_merge *merge;
    tp_profile *sum;
    tp_status status = tp_merge_create(&merge, NULL);
    if (status != TP_OK)
        return fail(job, status);
    status = add_files(job, merge);
    if (status == TP_OK) {
        status = tp_merge_finish(merge, &sum, NULL);
        if (status != TP_OK)
            fail(job, status);
    }
    tp_merge_destroy(merge);
    if (status != TP_OK)
        return status;
    status = job->as_page ? tp_report_write_file(sum, NULL, job->destination, &job->error)
                          : tp_pstats_write_file(sum, job->destination, &job->error);
    tp_profile_destroy(sum);
    return status;
}

/* The strings of the list's bytes; NULL with an exception. */
static const char **strings_of(PyObject *list)
{
    size_t count = (size_t)PyList_GET_SIZE(list);
    const char **strings = PyMem_RawCalloc(count, sizeof *strings);
    if (strings == NULL) {
        PyErr_NoMemory();
        return NULL;
    }
    for (size_t i = 0; i < count; i++) {
        char *string;
        if (PyBytes_AsStringAndSize(PyList_GET_ITEM(list, (Py_ssize_t)i), &string, NULL) != 0) {
            PyMem_RawFree(strings); /* not bytes, or with a NUL byte */
            return NULL;
        }
        strings[i] = string;
    }
    return strings;
}

PyObject *core_merge(PyObject *module, PyObject *args)
{
    (void)module;
    PyObject *given, *destination;
    int as_page = 0;
    if (!PyArg_ParseTuple(args, "O!S|p:merge", &PyList_Type, &given, &destination, &as_page))
        return NULL;
    char *name;
    if (PyBytes_AsStringAndSize(destination, &name, NULL) != 0)
        return NULL;
    /* A copy that nobody else can change while the GIL is not held. */
    PyObject *paths = PyList_GetSlice(given, 0, PyList_GET_SIZE(given));
    merge_job job = { .paths = paths == NULL ? NULL : strings_of(paths), .destination = name,
                      .as_page = as_page };
    if (job.paths == NULL) {
        Py_XDECREF(paths);
        return NULL;
    }
    job.count = (size_t)PyList_GET_SIZE(paths);
    tp_status status;
    Py_BEGIN_ALLOW_THREADS
    status = merge_files(&job);
    Py_END_ALLOW_THREADS
    PyMem_RawFree(job.paths);
    if (status != TP_OK)
        core_raise_error(&job.error, job.failed < job.count
                                         ? PyList_GET_ITEM(paths, (Py_ssize_t)job.failed)
                                         : destination);
    Py_DECREF(paths);
    return status == TP_OK ? Py_NewRef(Py_None) : NULL;
}

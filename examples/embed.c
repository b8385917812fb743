/* A program that embeds CPython and profiles what it runs, with no Python package installed:
 *
 *     cc embed.c $(python3-config --includes) -ltraceprof-cpython -ltraceprof -lm \
 *         $(python3-config --embed --ldflags)
 *     ./a.out out.prof 'print(sum(range(10)))'
 */
#include <Python.h>

#include <stdio.h>
#include <stdlib.h>

#include <traceprof/cpython.h>
#include <traceprof/traceprof.h>

/* Runs the code with a recording on. 0, or -1 with a Python exception. */
static int record(tp_recording *recording, const char *code)
{
    if (tp_recording_start(recording) != TP_OK)
        return -1;
    int failed = PyRun_SimpleString(code);
    if (tp_recording_stop(recording) != TP_OK)
        return -1;
    if (failed)
        fputs("embed: the code failed; what it did until then is recorded\n", stderr);
    return 0;
}

/* Writes the profile, and one line for each Python function. */
static int report(tp_recording *recording, const char *path)
{
    tp_profile *profile;
    tp_error error;
    if (tp_recording_profile(recording, &profile) != TP_OK)
        return -1;
    const tp_function *functions = tp_profile_functions(profile);
    for (size_t i = 0; i < tp_profile_function_count(profile); i++)
        printf("%lld %s\n", (long long)functions[i].calls, functions[i].label.name.bytes);
    tp_status status = tp_pstats_write_file(profile, path, &error);
    tp_profile_destroy(profile);
    if (status == TP_OK)
        return 0;
    PyErr_Format(PyExc_OSError, "%s: %s", path, error.message);
    return -1;
}

static int run(const char *path, const char *code)
{
    tp_engine *engine;
    tp_recording *recording;
    tp_recording_options options = TP_RECORDING_OPTIONS_INIT;
    if (tp_engine_create(&engine) != TP_OK)
        return -1;
    int result = -1;
    if (tp_recording_create(&recording, engine, &options) == TP_OK) {
        result = record(recording, code);
        if (result == 0)
            result = report(recording, path);
        tp_recording_destroy(recording);
    }
    tp_engine_release(engine);
    return result;
}

int main(int argc, char **argv)
{
    if (argc != 3) {
        fprintf(stderr, "usage: %s PROFILE CODE\n", argv[0]);
        return 2;
    }
    Py_Initialize();
    int failed = run(argv[1], argv[2]);
    if (failed)
        PyErr_Print();
    if (Py_FinalizeEx() != 0 || failed)
        return EXIT_FAILURE;
    return EXIT_SUCCESS;
}

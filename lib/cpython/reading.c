/* What has been recorded, and what there is to say of a recording. Called under the lock (lock.h). */
#include <string.h>

#include "calibration.h"
#include "company.h"
#include "engine.h"
#include "filter.h"
#include "locked.h"
#include "watch.h"

static int64_t count_lost_hooks(const tp_recording *recording)
{
    bool now = recording->running &&
               (recording->evicted || tp_hooks_were_taken(recording->engine, recording));
    return (int64_t)recording->hook_lost + now;
}

static tp_status describe(const tp_recording *recording, tp_profile *profile)
{
    const char *version = Py_GetVersion();
    size_t size = strcspn(version, " ");
    const char *hook = tp_hooks_name();
    tp_status status = tp_profile_set_text(profile, "python", version, size);
    if (status == TP_OK)
        status = tp_profile_set_text(profile, "hook", hook, strlen(hook));
    if (status == TP_OK)
        status = tp_filter_describe(recording->filter, profile);
    if (status == TP_OK)
        status = tp_profile_set_integer(profile, "hook_lost", count_lost_hooks(recording));
    if (status == TP_OK)
        status = tp_company_describe(recording, profile);
    if (status == TP_OK)
        status = tp_calibration_describe(recording, profile);
    if (status == TP_OK && recording->timer != NULL)
        status = tp_profile_set_integer(profile, "timer_failures",
                                        (int64_t)recording->timer->failures);
    if (status == TP_OK && recording->timer != NULL)
        status = tp_profile_set_integer(profile, "timer_backwards",
                                        (int64_t)recording->timer->backwards);
    return status;
}

tp_status tp_locked_recording_profile(tp_recording *recording, tp_profile **out)
{
    tp_profile *profile;
    tp_status status = tp_recording_refuse_in_timer(recording, "read a profile");
    if (status != TP_OK)
        return status;
    tp_threads_pause(recording);
    status = tp_session_profile(recording->session, &profile);
    tp_threads_resume(recording);
    if (status != TP_OK)
        return tp_raise(status);
    status = describe(recording, profile);
    if (status == TP_OK)
        *out = profile;
    else
        tp_profile_destroy(profile);
    return tp_raise(status);
}

PyObject *tp_locked_recording_code(const tp_recording *recording, const tp_function *function)
{
    const void *key = tp_session_find_key(recording->session, function);
    PyObject *object = (PyObject *)(uintptr_t)key;
    tp_string file = function->label.file;
    bool builtin = function->label.line == 0 && file.size == 1 && file.bytes[0] == '~';
    return key == NULL || builtin || !PyCode_Check(object)
               ? NULL
               : tp_watch_hold(recording->engine, object);
}

size_t tp_locked_recording_memory(const tp_recording *recording)
{
    tp_threads_pause(recording);
    size_t bytes = sizeof *recording + tp_session_memory(recording->session);
    tp_threads_resume(recording);
    return bytes;
}

/* The processes that a profile is of. */
#include <math.h>

#include "assemble.h"

tp_status tp_profile_add_process(tp_profile *profile, const tp_process *process, uint32_t *index)
{
    tp_process added = *process;
    if (process->pid < 0 || process->parent_pid < 0 || !isfinite(process->start) ||
        process->start < 0 || !isfinite(process->duration) || process->duration < 0)
        return TP_EARGUMENT;
    if (profile->process_count >= TP_MAX_PROCESSES)
        return TP_ELIMIT;
    tp_status status =
        tp_profile_string(profile, &added.command, process->command.bytes, process->command.size);
    if (status != TP_OK)
        return status;
    void *array = profile->processes;
    status = tp_profile_one_more(profile, &array, &profile->process_capacity,
                                 profile->process_count, sizeof added);
    if (status != TP_OK)
        return status;
    profile->processes = array;
    *index = (uint32_t)profile->process_count++;
    profile->processes[*index] = added;
    return TP_OK;
}

tp_status tp_copy_processes(tp_profile *to, const tp_profile *from)
{
    tp_status status = TP_OK;
    uint32_t index;
    for (size_t i = 0; status == TP_OK && i < from->process_count; i++)
        status = tp_profile_add_process(to, &from->processes[i], &index);
    return status;
}

/* Trees are where the writer looks, threads what is asked for, once there are any. */
tp_status tp_profile_set_process(tp_profile *profile, int64_t pid, int64_t parent_pid,
                                 const char *command, size_t size, double start, double duration)
{
    const tp_process process = { .pid = pid,
                                 .parent_pid = parent_pid,
                                 .command = { command, size },
                                 .start = start,
                                 .duration = duration };
    uint32_t index;
    tp_status status = tp_profile_add_process(profile, &process, &index);
    if (status != TP_OK)
        return status;
    for (size_t i = 0; i < profile->thread_count; i++) {
        if (profile->trees[i].process != TP_NO_INDEX)
            continue;
        profile->trees[i].process = index;
        if (profile->threads != NULL)
            profile->threads[i].process = index;
    }
    return TP_OK;
}

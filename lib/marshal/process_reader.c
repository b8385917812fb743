#include "process_reader.h"

#include "format.h"
#include "parts.h"

/* Bytes of a process at least: names and command as references, the numbers in their shortest form. */
#define LEAST_PROCESS_SIZE 60

static tp_status add(tp_marshal_reader *reader, tp_profile *profile, const tp_item *dict,
                     const tp_process *process)
{
    uint32_t index;
    tp_status status = tp_profile_add_process(profile, process, &index);
    if (status == TP_EARGUMENT)
        return tp_bad_item(reader, dict, "a process's number is out of its range");
    if (status == TP_ELIMIT)
        return tp_marshal_fail(reader, status, dict->offset, "too many processes");
    return status == TP_OK ? TP_OK : tp_load_failed(reader, status);
}

static tp_status load_process(tp_marshal_reader *reader, tp_profile *profile)
{
    tp_item dict, pid, parent, command, start, duration;
    const tp_part parts[] = {
        { TP_FORMAT_PID, &pid },         { TP_FORMAT_PARENT, &parent },
        { TP_FORMAT_COMMAND, &command }, { TP_FORMAT_START, &start },
        { TP_FORMAT_DURATION, &duration },
    };
    tp_process process;
    tp_status status = tp_marshal_read(reader, &dict);
    if (status == TP_OK && dict.kind != TP_ITEM_DICT)
        return tp_bad_item(reader, &dict, "a process is not a dictionary");
    if (status == TP_OK)
        status = tp_marshal_enter(reader, &dict);
    if (status == TP_OK)
        status = tp_read_parts(reader, parts, sizeof parts / sizeof *parts);
    if (status != TP_OK)
        return status;
    if (pid.kind != TP_ITEM_INT || parent.kind != TP_ITEM_INT || command.kind != TP_ITEM_TEXT ||
        start.kind != TP_ITEM_REAL || duration.kind != TP_ITEM_REAL)
        return tp_bad_item(reader, &dict, "a process's facts are missing or not of their kinds");
    process = (tp_process){ .pid = pid.as.integer,
                            .parent_pid = parent.as.integer,
                            .start = start.as.real,
                            .duration = duration.as.real };
    status = tp_marshal_get_text(reader, &command, &process.command);
    return status == TP_OK ? add(reader, profile, &dict, &process) : status;
}

tp_status tp_load_processes(tp_marshal_reader *reader, tp_profile *profile)
{
    tp_item list;
    tp_status status = tp_marshal_read(reader, &list);
    if (status == TP_OK && list.kind != TP_ITEM_LIST)
        return tp_bad_item(reader, &list, "the processes are not a list");
    if (status == TP_OK && profile->process_count > 0)
        return tp_bad_item(reader, &list, "the processes occur twice");
    /* They may be references to one another: the file must have room for each one's own. */
    if (status == TP_OK && (uint64_t)list.count * LEAST_PROCESS_SIZE > reader->size)
        return tp_bad_item(reader, &list, "more processes than the file has room for");
    if (status == TP_OK)
        status = tp_marshal_enter(reader, &list);
    for (uint32_t i = 0; status == TP_OK && i < list.count; i++)
        status = load_process(reader, profile);
    return status;
}

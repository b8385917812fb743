/* The formats, by number, name and suffix. */
#include <string.h>

#include "emission.h"
#include "file.h"
#include "memory.h"
#include "model.h"
#include "spell.h"

static tp_status refuse_chrome(tp_emission *e)
{
    e->problem = "a Chrome trace is a timeline, and a profile holds sums, not when each call was; "
                 "speedscope and pprof show the same tree";
    return TP_EUNSUPPORTED;
}

typedef struct format {
    const char *name;
    tp_emitter *write;
    uint8_t needs_tree;
    uint8_t is_binary;
} format;

static const format formats[] = {
    [TP_EMIT_SPEEDSCOPE] = { "speedscope", tp_emit_speedscope, 1, 0 },
    [TP_EMIT_CALLGRIND] = { "callgrind", tp_emit_callgrind, 0, 0 },
    [TP_EMIT_COLLAPSED] = { "collapsed", tp_emit_collapsed, 1, 0 },
    [TP_EMIT_PPROF] = { "pprof", tp_emit_pprof, 1, 1 },
    [TP_EMIT_CHROME] = { "chrome", refuse_chrome, 0, 0 },
    [TP_EMIT_DOT] = { "dot", tp_emit_dot, 0, 0 },
    [TP_EMIT_JSON] = { "json", tp_emit_json, 0, 0 },
    [TP_EMIT_JSONL] = { "jsonl", tp_emit_jsonl, 0, 0 },
    [TP_EMIT_CSV] = { "csv", tp_emit_csv, 0, 0 },
};

#define FORMAT_COUNT (sizeof formats / sizeof *formats)

const char *tp_emit_format_name(tp_emit_format number)
{
    return (size_t)number < FORMAT_COUNT ? formats[number].name : "unknown";
}

tp_status tp_emit_format_find(tp_emit_format *number, const char *name)
{
    for (size_t i = 0; i < FORMAT_COUNT; i++) {
        if (strcmp(formats[i].name, name) == 0) {
            *number = (tp_emit_format)i;
            return TP_OK;
        }
    }
    return TP_EARGUMENT;
}

/* What ends first in this list wins: ".speedscope.json" is also ".json". */
static const struct {
    const char *suffix;
    tp_emit_format format;
} suffixes[] = {
    { ".speedscope.json", TP_EMIT_SPEEDSCOPE }, { ".speedscope", TP_EMIT_SPEEDSCOPE },
    { ".trace.json", TP_EMIT_CHROME },          { ".chrome.json", TP_EMIT_CHROME },
    { ".callgrind", TP_EMIT_CALLGRIND },        { ".callgrind.out", TP_EMIT_CALLGRIND },
    { ".collapsed", TP_EMIT_COLLAPSED },        { ".folded", TP_EMIT_COLLAPSED },
    { ".collapsed.txt", TP_EMIT_COLLAPSED },    { ".collapsedstack.txt", TP_EMIT_COLLAPSED },
    { ".pb.gz", TP_EMIT_PPROF },                { ".pprof", TP_EMIT_PPROF },
    { ".dot", TP_EMIT_DOT },                    { ".gv", TP_EMIT_DOT },
    { ".jsonl", TP_EMIT_JSONL },                { ".ndjson", TP_EMIT_JSONL },
    { ".json", TP_EMIT_JSON },                  { ".csv", TP_EMIT_CSV },
};

tp_status tp_emit_format_of_path(tp_emit_format *number, const char *path)
{
    const char *slash = strrchr(path, '/');
    const char *base = slash != NULL ? slash + 1 : path;
    size_t size = strlen(base);
    /* As valgrind names them, with a process's number behind. */
    if (strncmp(base, "callgrind.out", 13) == 0) {
        *number = TP_EMIT_CALLGRIND;
        return TP_OK;
    }
    for (size_t i = 0; i < sizeof suffixes / sizeof *suffixes; i++) {
        size_t ending = strlen(suffixes[i].suffix);
        if (size > ending && strcmp(base + size - ending, suffixes[i].suffix) == 0) {
            *number = suffixes[i].format;
            return TP_OK;
        }
    }
    return TP_EARGUMENT;
}

int tp_emit_needs_tree(tp_emit_format number)
{
    return (size_t)number < FORMAT_COUNT && formats[number].needs_tree;
}

int tp_emit_is_binary(tp_emit_format number)
{
    return (size_t)number < FORMAT_COUNT && formats[number].is_binary;
}

tp_status tp_emit_too_large(tp_emission *e)
{
    e->problem = "this format writes each path whole, and here they are more than a gigabyte; "
                 "speedscope takes them, and a least share leaves out the small ones";
    return TP_ELIMIT;
}

int tp_emit_is_estimate(const tp_profile *profile)
{
    const tp_property *tree = tp_profile_property(profile, "tree");
    return tree != NULL && tree->kind == TP_TEXT && strcmp(tree->text.bytes, "estimated") == 0;
}

void tp_emit_thread_name(tp_emission *e, tp_buffer *out, const tp_thread_tree *thread)
{
    if (thread->process != TP_NO_INDEX && tp_profile_process_count(e->profile) > 1) {
        tp_spell(out, "(pid ");
        tp_spell_integer(out, tp_profile_processes(e->profile)[thread->process].pid);
        tp_spell(out, ") ");
    }
    if (thread->name.size > 0) {
        tp_spell_string(out, thread->name);
        return;
    }
    tp_spell(out, "thread ");
    tp_spell_unsigned(out, thread->id);
}

static int are_valid(const tp_emit_options *o)
{
    return (o->weight == TP_WEIGHT_TIME || o->weight == TP_WEIGHT_CALLS) &&
           (unsigned)o->table <= TP_TABLE_PROPERTIES && o->least >= 0 && o->least <= 1;
}

/* Behind what is in the buffer. */
static tp_status emit(const tp_profile *profile, tp_emit_format number,
                      const tp_emit_options *options, tp_buffer *out, tp_error *error)
{
    tp_emit_options own = TP_EMIT_OPTIONS_INIT;
    tp_emission e = { .profile = profile, .options = &own, .out = out };
    tp_status status = TP_EARGUMENT;
    if (options != NULL)
        memcpy(&own, options, options->size < sizeof own ? options->size : sizeof own);
    if (own.name.bytes == NULL)
        own.name = (tp_string){ "", 0 };
    if ((size_t)number < FORMAT_COUNT && are_valid(&own)) {
        if (formats[number].needs_tree && tp_profile_thread_count(profile) == 0 &&
            tp_profile_function_count(profile) > 0)
            e.problem = "this format is of paths, and the profile has no call tree";
        else
            status = formats[number].write(&e);
    }
    if (status == TP_OK)
        status = out->status;
    if (status == TP_OK)
        return TP_OK;
    tp_buffer_free(out);
    if (error != NULL)
        *error = (tp_error){ .status = status,
                             .message = e.problem != NULL ? e.problem : tp_status_message(status) };
    return status;
}

tp_status tp_emit(const tp_profile *profile, tp_emit_format number, const tp_emit_options *options,
                  uint8_t **bytes, size_t *size, tp_error *error)
{
    tp_buffer out;
    tp_gift_init(&out, profile->allocator);
    tp_status status = emit(profile, number, options, &out, error);
    if (status == TP_OK)
        tp_gift_give(&out, bytes, size);
    return status;
}

void tp_emit_free(uint8_t *bytes)
{
    tp_gift_free(bytes);
}

tp_status tp_emit_write_file(const tp_profile *profile, tp_emit_format number,
                             const tp_emit_options *options, const char *path, tp_error *error)
{
    tp_buffer out;
    tp_buffer_init(&out, profile->allocator);
    tp_status status = emit(profile, number, options, &out, error);
    if (status == TP_OK)
        status = tp_file_replace(path, out.bytes, out.size, profile->allocator, error);
    tp_buffer_free(&out);
    return status;
}

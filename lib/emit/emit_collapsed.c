/* A line for each path: "main (app.py:3);parse (app.py:9) 1200". Where there are several threads each path
 * begins with its own. */
#include <string.h>

#include "flow.h"
#include "memory.h"
#include "model.h"
#include "names.h"
#include "spell.h"

typedef struct folder {
    tp_emission *emission;
    tp_names names;
    tp_buffer path;
    uint64_t written; /* bytes, as a bound */
} folder;

static void begin_path(folder *f, const tp_thread_tree *thread)
{
    tp_emission *e = f->emission;
    f->path.size = 0;
    if (e->profile->thread_count < 2)
        return;
    if (thread->process != TP_NO_INDEX && e->profile->process_count > 1) {
        tp_spell(&f->path, "[pid ");
        tp_spell_integer(&f->path, e->profile->processes[thread->process].pid);
        tp_spell(&f->path, "];");
    }
    tp_spell(&f->path, "[thread ");
    tp_spell_unsigned(&f->path, thread->id);
    if (thread->name.size > 0) {
        tp_spell(&f->path, " ");
        tp_spell_visible(&f->path, thread->name, ";", 0);
    }
    tp_spell(&f->path, "]");
}

/* A path without own time is a line only if no other line goes through it. */
static int is_line(const tp_flow *flow, size_t i)
{
    size_t next = i + 1;
    if (tp_flow_is_folded(flow, i))
        return 0;
    if (tp_flow_weight(flow, i) > 0)
        return 1;
    while (next < flow->tree->context_count && tp_flow_is_folded(flow, next))
        next++;
    return next == flow->tree->context_count || flow->tree->contexts[next].parent != i;
}

/* ends[i]: how long the path down to context i is. In pre-order the path so far always begins with that of
 * the next one's parent. */
static tp_status put_tree(folder *f, const tp_flow *flow, size_t *ends)
{
    size_t start = f->path.size;
    for (size_t i = 0; i < flow->tree->context_count; i++) {
        const tp_context *context = &flow->tree->contexts[i];
        if (tp_flow_is_folded(flow, i))
            continue;
        f->path.size = context->parent == TP_NO_INDEX ? start : ends[context->parent];
        if (f->path.size > 0)
            tp_spell(&f->path, ";");
        tp_spell_string(&f->path, tp_name_of(&f->names, context->function));
        if (f->path.status != TP_OK)
            return f->path.status;
        ends[i] = f->path.size;
        if (!is_line(flow, i))
            continue;
        f->written += f->path.size;
        if (f->written > TP_EMIT_LIMIT)
            return tp_emit_too_large(f->emission);
        tp_buffer_put(f->emission->out, f->path.bytes, f->path.size);
        tp_spell(f->emission->out, " ");
        tp_spell_unsigned(f->emission->out, tp_flow_weight(flow, i));
        tp_spell(f->emission->out, "\n");
    }
    return TP_OK;
}

static tp_status put_thread(folder *f, const tp_thread_tree *thread)
{
    tp_flow flow;
    const tp_allocator *allocator = f->emission->profile->allocator;
    tp_status status = tp_flow_init(&flow, f->emission, thread);
    if (status != TP_OK)
        return status;
    size_t *ends = tp_alloc(allocator, thread->context_count, sizeof *ends);
    begin_path(f, thread);
    status = ends == NULL ? TP_ENOMEM : put_tree(f, &flow, ends);
    tp_free(allocator, ends);
    tp_flow_free(&flow);
    return status;
}

tp_status tp_emit_collapsed(tp_emission *e)
{
    folder f = { .emission = e };
    tp_status status = tp_names_init(&f.names, e->profile, TP_NAMES_PLACED, ";");
    if (status != TP_OK)
        return status;
    tp_buffer_init(&f.path, e->profile->allocator);
    for (size_t i = 0; status == TP_OK && i < e->profile->thread_count; i++)
        status = put_thread(&f, &e->profile->threads[i]);
    tp_buffer_free(&f.path);
    tp_names_free(&f.names);
    return status;
}

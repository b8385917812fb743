/* https://www.speedscope.app/file-format-schema.json
 *
 * A thread is an "evented" profile: each context is opened and closed once, at the places where its
 * inclusive time begins and ends when all are laid side by side in the order of their first calls. That
 * is no timeline, but it is as long as the tree; "sampled" would repeat each path. */
#include <traceprof/version.h>

#include "flow.h"
#include "model.h"
#include "names.h"
#include "spell.h"

static void put_frames(tp_emission *e)
{
    tp_buffer *out = e->out;
    for (size_t i = 0; i < e->profile->function_count; i++) {
        const tp_label *label = &e->profile->functions[i].label;
        tp_spell(out, i > 0 ? ",\n{\"name\":" : "\n{\"name\":");
        tp_spell_json(out, label->name);
        if (!tp_is_placeless(label)) {
            tp_spell(out, ",\"file\":");
            tp_spell_json(out, label->file);
            tp_spell(out, ",\"line\":");
            tp_spell_integer(out, label->line);
        }
        tp_spell(out, "}");
    }
}

typedef struct layer_out {
    tp_buffer *out;
    uint64_t at;
    int any;
} layer_out;

static void put_event(layer_out *l, char type, uint32_t function)
{
    const char text[] = { '{', '"', 't', 'y', 'p', 'e', '"', ':', '"', type, '"' };
    tp_spell(l->out, l->any ? ",\n" : "\n");
    tp_buffer_put(l->out, text, sizeof text);
    tp_spell(l->out, ",\"frame\":");
    tp_spell_unsigned(l->out, function);
    tp_spell(l->out, ",\"at\":");
    tp_spell_unsigned(l->out, l->at);
    tp_spell(l->out, "}");
    l->any = 1;
}

/* A context's own time follows that of its children. Gives the context above it. */
static uint32_t close_context(layer_out *l, const tp_flow *flow, uint32_t open)
{
    l->at += tp_flow_weight(flow, open);
    put_event(l, 'C', flow->tree->contexts[open].function);
    return flow->tree->contexts[open].parent;
}

static uint64_t put_events(tp_buffer *out, const tp_flow *flow)
{
    layer_out l = { .out = out };
    uint32_t open = TP_NO_INDEX;
    for (uint32_t i = 0; i < flow->tree->context_count; i++) {
        const tp_context *context = &flow->tree->contexts[i];
        if (tp_flow_is_folded(flow, i))
            continue;
        while (open != context->parent)
            open = close_context(&l, flow, open);
        put_event(&l, 'O', context->function);
        open = i;
    }
    while (open != TP_NO_INDEX)
        open = close_context(&l, flow, open);
    return l.at;
}

static tp_status put_thread(tp_emission *e, tp_buffer *name, const tp_thread_tree *thread)
{
    tp_flow flow;
    tp_buffer *out = e->out;
    tp_status status = tp_flow_init(&flow, e, thread);
    if (status != TP_OK)
        return status;
    name->size = 0;
    tp_emit_thread_name(e, name, thread);
    if (tp_emit_is_estimate(e->profile))
        tp_spell(name, " (estimated)");
    if (tp_profile_has_both_times(e->profile))
        tp_spell(name, tp_profile_times(e->profile) == TP_TIMES_RAW ? " (raw times)" : " (compensated times)");
    tp_spell(out, "{\"type\":\"evented\",\"name\":");
    tp_spell_json(out, (tp_string){ (const char *)name->bytes, name->size });
    tp_spell(out, e->options->weight == TP_WEIGHT_CALLS ? ",\"unit\":\"none\"" : ",\"unit\":\"nanoseconds\"");
    tp_spell(out, ",\"events\":[");
    uint64_t end = put_events(out, &flow);
    tp_spell(out, "\n],\"startValue\":0,\"endValue\":");
    tp_spell_unsigned(out, end);
    tp_spell(out, "}");
    tp_flow_free(&flow);
    return name->status;
}

tp_status tp_emit_speedscope(tp_emission *e)
{
    tp_buffer name, *out = e->out;
    tp_status status = TP_OK;
    tp_buffer_init(&name, e->profile->allocator);
    tp_spell(out, "{\"$schema\":\"https://www.speedscope.app/file-format-schema.json\",\n"
                "\"exporter\":\"traceprof " TP_VERSION_STRING "\",\n\"name\":");
    tp_spell_json(out, e->options->name);
    tp_spell(out, ",\n\"shared\":{\"frames\":[");
    put_frames(e);
    tp_spell(out, "\n]},\n\"profiles\":[\n");
    for (size_t i = 0; status == TP_OK && i < e->profile->thread_count; i++) {
        if (i > 0)
            tp_spell(out, ",\n");
        status = put_thread(e, &name, &e->profile->threads[i]);
    }
    tp_spell(out, "\n]}\n");
    tp_buffer_free(&name);
    return status;
}

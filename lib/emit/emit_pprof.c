/* https://github.com/google/pprof/blob/main/proto/profile.proto, in protocol buffers' wire format, put by
 * hand: the message is small and is only written.
 *
 * A sample is a context: its path, leaf first, its calls and its own time. One location a function. */
#include <string.h>

#include "flow.h"
#include "gzip.h"
#include "memory.h"
#include "model.h"
#include "names.h"
#include "spell.h"

/* Field numbers of the messages. */
enum {
    PROFILE_SAMPLE_TYPE = 1,
    PROFILE_SAMPLE = 2,
    PROFILE_LOCATION = 4,
    PROFILE_FUNCTION = 5,
    PROFILE_STRING_TABLE = 6,
    PROFILE_TIME_NANOS = 9,
    PROFILE_DURATION_NANOS = 10,
    PROFILE_PERIOD_TYPE = 11,
    PROFILE_PERIOD = 12,
    PROFILE_COMMENT = 13,
    PROFILE_DEFAULT_SAMPLE_TYPE = 14,
    VALUE_TYPE_TYPE = 1,
    VALUE_TYPE_UNIT = 2,
    SAMPLE_LOCATION_ID = 1,
    SAMPLE_VALUE = 2,
    SAMPLE_LABEL = 3,
    LABEL_KEY = 1,
    LABEL_STR = 2,
    LABEL_NUM = 3,
    LOCATION_ID = 1,
    LOCATION_LINE = 4,
    LINE_FUNCTION_ID = 1,
    LINE_LINE = 2,
    FUNCTION_ID = 1,
    FUNCTION_NAME = 2,
    FUNCTION_SYSTEM_NAME = 3,
    FUNCTION_FILENAME = 4,
    FUNCTION_START_LINE = 5
};

typedef struct proto {
    tp_emission *emission;
    tp_intern strings; /* the string table; number 0 is "" */
    tp_buffer out;     /* the message, not yet compressed */
    tp_buffer part;    /* a message within it */
    tp_buffer inner;   /* and one within that */
    tp_buffer labels;  /* those of the thread, as they are in each of its samples */
    tp_buffer text;
    tp_status status; /* of the strings */
    tp_names names;
} proto;

static void put_varint(tp_buffer *out, uint64_t value)
{
    uint8_t bytes[10];
    size_t size = 0;
    for (; value >= 0x80; value >>= 7)
        bytes[size++] = (uint8_t)(value | 0x80);
    bytes[size++] = (uint8_t)value;
    tp_buffer_put(out, bytes, size);
}

static void put_number(tp_buffer *out, uint32_t field, uint64_t value)
{
    put_varint(out, field << 3);
    put_varint(out, value);
}

static void put_bytes(tp_buffer *out, uint32_t field, const void *bytes, size_t size)
{
    put_varint(out, field << 3 | 2);
    put_varint(out, size);
    tp_buffer_put(out, bytes, size);
}

/* Puts a message that has been put together elsewhere, and empties that. */
static void put_message(tp_buffer *out, uint32_t field, tp_buffer *message)
{
    put_bytes(out, field, message->bytes, message->size);
    if (message->status != TP_OK)
        tp_buffer_fail(out, message->status);
    message->size = 0;
}

static uint32_t number_of(proto *p, const char *bytes, size_t size)
{
    uint32_t number = 0;
    if (p->status == TP_OK)
        p->status = tp_intern_put(&p->strings, &number, bytes, size);
    return number;
}

static uint32_t number_of_word(proto *p, const char *word)
{
    return number_of(p, word, strlen(word));
}

/* Strings must be UTF-8. */
static uint32_t number_of_string(proto *p, tp_string string)
{
    p->text.size = 0;
    tp_spell_visible(&p->text, string, "", 0);
    if (p->text.status != TP_OK)
        p->status = p->text.status;
    return number_of(p, p->text.size > 0 ? (const char *)p->text.bytes : "", p->text.size);
}

static void put_type(proto *p, uint32_t field, const char *type, const char *unit)
{
    put_number(&p->part, VALUE_TYPE_TYPE, number_of_word(p, type));
    put_number(&p->part, VALUE_TYPE_UNIT, number_of_word(p, unit));
    put_message(&p->out, field, &p->part);
}

/* "app.py:12(main)", as pstats has it. Were it the same as the name, pprof would take it for C++ and leave
 * out what stands in angle brackets. */
static uint32_t number_of_label(proto *p, const tp_label *label)
{
    p->text.size = 0;
    tp_spell_visible(&p->text, label->file, "", 0);
    tp_spell(&p->text, ":");
    tp_spell_integer(&p->text, label->line);
    tp_spell(&p->text, "(");
    tp_spell_visible(&p->text, label->name, "", 0);
    tp_spell(&p->text, ")");
    if (p->text.status != TP_OK)
        p->status = p->text.status;
    return number_of(p, (const char *)p->text.bytes, p->text.size);
}

static void put_functions(proto *p)
{
    const tp_profile *profile = p->emission->profile;
    for (size_t i = 0; i < profile->function_count; i++) {
        const tp_label *label = &profile->functions[i].label;
        tp_string name = tp_name_of(&p->names, i);
        put_number(&p->part, FUNCTION_ID, i + 1);
        put_number(&p->part, FUNCTION_NAME, number_of(p, name.bytes, name.size));
        put_number(&p->part, FUNCTION_SYSTEM_NAME, number_of_label(p, label));
        if (!tp_is_placeless(label)) {
            put_number(&p->part, FUNCTION_FILENAME, number_of_string(p, label->file));
            put_number(&p->part, FUNCTION_START_LINE, (uint64_t)label->line);
        }
        put_message(&p->out, PROFILE_FUNCTION, &p->part);
        put_number(&p->inner, LINE_FUNCTION_ID, i + 1);
        if (label->line != 0)
            put_number(&p->inner, LINE_LINE, (uint64_t)label->line);
        put_number(&p->part, LOCATION_ID, i + 1);
        put_message(&p->part, LOCATION_LINE, &p->inner);
        put_message(&p->out, PROFILE_LOCATION, &p->part);
    }
}

static void put_label(proto *p, const char *key, tp_string text, uint64_t number)
{
    put_number(&p->inner, LABEL_KEY, number_of_word(p, key));
    if (text.size > 0)
        put_number(&p->inner, LABEL_STR, number_of_string(p, text));
    else
        put_number(&p->inner, LABEL_NUM, number);
    put_message(&p->labels, SAMPLE_LABEL, &p->inner);
}

static void find_labels(proto *p, const tp_thread_tree *thread)
{
    const tp_profile *profile = p->emission->profile;
    const tp_string none = { "", 0 };
    p->labels.size = 0;
    if (tp_emit_is_estimate(profile))
        return;
    if (thread->name.size > 0)
        put_label(p, "thread", thread->name, 0);
    put_label(p, "thread_id", none, thread->id);
    if (thread->process != TP_NO_INDEX)
        put_label(p, "pid", none, (uint64_t)profile->processes[thread->process].pid);
}

static void put_sample(proto *p, const tp_flow *flow, uint32_t at)
{
    const tp_context *contexts = flow->tree->contexts;
    for (uint32_t i = at; i != TP_NO_INDEX; i = contexts[i].parent)
        put_varint(&p->inner, (uint64_t)contexts[i].function + 1);
    put_message(&p->part, SAMPLE_LOCATION_ID, &p->inner);
    if (tp_profile_has_calls(p->emission->profile))
        put_varint(&p->inner, contexts[at].calls);
    put_varint(&p->inner, flow->own[at]);
    put_message(&p->part, SAMPLE_VALUE, &p->inner);
    tp_buffer_put(&p->part, p->labels.bytes, p->labels.size);
    if (p->labels.status != TP_OK)
        tp_buffer_fail(&p->part, p->labels.status);
    put_message(&p->out, PROFILE_SAMPLE, &p->part);
}

static size_t varint_size(uint64_t value)
{
    size_t size = 1;
    for (; value >= 0x80; value >>= 7)
        size++;
    return size;
}

/* Whether the paths of the tree are few and short enough, all together. `sizes` has room for as many as
 * there are contexts. */
static int has_room(const tp_flow *flow, uint64_t *sizes)
{
    const tp_context *contexts = flow->tree->contexts;
    uint64_t all = 0;
    for (size_t i = 0; i < flow->tree->context_count && all <= TP_EMIT_LIMIT; i++) {
        uint64_t above = contexts[i].parent == TP_NO_INDEX ? 0 : sizes[contexts[i].parent];
        sizes[i] = above + varint_size((uint64_t)contexts[i].function + 1);
        if (!tp_flow_is_folded(flow, i))
            all += sizes[i];
    }
    return all <= TP_EMIT_LIMIT;
}

static tp_status put_thread(proto *p, const tp_thread_tree *thread)
{
    tp_flow flow;
    tp_status status = tp_flow_init(&flow, p->emission, thread);
    if (status != TP_OK)
        return status;
    uint64_t *sizes = tp_alloc(flow.allocator, thread->context_count, sizeof *sizes);
    if (sizes == NULL)
        status = TP_ENOMEM;
    else if (!has_room(&flow, sizes))
        status = tp_emit_too_large(p->emission);
    tp_free(flow.allocator, sizes);
    find_labels(p, thread);
    for (uint32_t i = 0; status == TP_OK && i < thread->context_count; i++) {
        if (!tp_flow_is_folded(&flow, i) && (flow.own[i] > 0 || thread->contexts[i].calls > 0))
            put_sample(p, &flow, i);
        if (p->out.status != TP_OK)
            status = p->out.status;
        else if (p->out.size > TP_EMIT_LIMIT)
            status = tp_emit_too_large(p->emission);
    }
    tp_flow_free(&flow);
    return status;
}

static void put_comment(proto *p, const char *name, tp_string text)
{
    p->text.size = 0;
    tp_spell(&p->text, name);
    tp_spell(&p->text, ": ");
    tp_spell_visible(&p->text, text, "", 0);
    if (p->text.status != TP_OK)
        p->status = p->text.status;
    put_number(&p->out, PROFILE_COMMENT, number_of(p, (const char *)p->text.bytes, p->text.size));
}

static void put_count(proto *p, const tp_property *property)
{
    tp_buffer digits;
    tp_buffer_init(&digits, p->emission->profile->allocator);
    tp_spell_integer(&digits, property->integer);
    if (digits.status != TP_OK)
        p->status = digits.status;
    else
        put_comment(p, property->name.bytes, (tp_string){ (const char *)digits.bytes, digits.size });
    tp_buffer_free(&digits);
}

/* Facts of the recording, one a comment. go tool pprof prints them above all that it prints, so what has a
 * field of its own and what is nothing is left out. */
static void put_comments(proto *p)
{
    const tp_profile *profile = p->emission->profile;
    for (size_t i = 0; i < profile->property_count; i++) {
        const tp_property *property = &profile->properties[i];
        if (property->kind == TP_TEXT)
            put_comment(p, property->name.bytes, property->text);
        else if (property->kind == TP_INTEGER && property->integer != 0)
            put_count(p, property);
    }
    if (!tp_profile_has_both_times(profile))
        return;
    const char *times = tp_profile_times(profile) == TP_TIMES_RAW ? "raw" : "compensated";
    put_comment(p, "times", (tp_string){ times, strlen(times) });
}

static double real_property(const tp_profile *profile, const char *name)
{
    const tp_property *property = tp_profile_property(profile, name);
    return property != NULL && property->kind == TP_REAL ? property->real : 0;
}

static void put_facts(proto *p)
{
    const tp_profile *profile = p->emission->profile;
    if (real_property(profile, "start") > 0)
        put_number(&p->out, PROFILE_TIME_NANOS, tp_nanoseconds(real_property(profile, "start")));
    if (real_property(profile, "duration") > 0)
        put_number(&p->out, PROFILE_DURATION_NANOS, tp_nanoseconds(real_property(profile, "duration")));
    put_type(p, PROFILE_PERIOD_TYPE, "wall", "nanoseconds");
    put_number(&p->out, PROFILE_PERIOD, 1);
    put_comments(p);
    put_number(&p->out, PROFILE_DEFAULT_SAMPLE_TYPE, number_of_word(p, "wall"));
}

static tp_status put_profile(proto *p)
{
    const tp_profile *profile = p->emission->profile;
    tp_status status = TP_OK;
    number_of(p, "", 0);
    if (tp_profile_has_calls(profile))
        put_type(p, PROFILE_SAMPLE_TYPE, tp_profile_has_samples(profile) ? "samples" : "calls", "count");
    put_type(p, PROFILE_SAMPLE_TYPE, "wall", "nanoseconds");
    for (size_t i = 0; status == TP_OK && i < profile->thread_count; i++)
        status = put_thread(p, &profile->threads[i]);
    if (status != TP_OK)
        return status;
    put_functions(p);
    put_facts(p);
    for (uint32_t i = 0; i < p->strings.count; i++)
        put_bytes(&p->out, PROFILE_STRING_TABLE, p->strings.texts[i].bytes, p->strings.texts[i].size);
    if (p->out.status != TP_OK)
        return p->out.status;
    if (p->status == TP_OK)
        tp_gzip(p->emission->out, p->out.bytes, p->out.size);
    return p->status;
}

tp_status tp_emit_pprof(tp_emission *e)
{
    proto p = { .emission = e, .status = TP_OK };
    const tp_allocator *allocator = e->profile->allocator;
    tp_buffer *const buffers[] = { &p.out, &p.part, &p.inner, &p.labels, &p.text };
    tp_status status = tp_names_init(&p.names, e->profile, TP_NAMES_ALONE, "");
    if (status != TP_OK)
        return status;
    tp_intern_init(&p.strings, allocator);
    for (size_t i = 0; i < sizeof buffers / sizeof *buffers; i++)
        tp_buffer_init(buffers[i], allocator);
    status = put_profile(&p);
    for (size_t i = 0; i < sizeof buffers / sizeof *buffers; i++)
        tp_buffer_free(buffers[i]);
    tp_intern_free(&p.strings);
    tp_names_free(&p.names);
    return status;
}

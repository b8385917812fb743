#include "report_data.h"

#include <string.h>

#include <traceprof/reshape.h>
#include <traceprof/version.h>

#include "intern.h"
#include "memory.h"
#include "page_text.h"
#include "report_columns.h"
#include "spell.h"

/* The functions of both profiles, those with a counterpart once: first all of the one that is shown, then
 * what only the one before has. */
typedef struct roster {
    uint32_t *of_before; /* Owned; numbers of before's functions. NULL: nothing is compared */
    uint32_t count;
    tp_intern strings; /* Owned; files and names */
} roster;

static void roster_free(roster *r, const tp_allocator *allocator)
{
    tp_free(allocator, r->of_before);
    tp_intern_free(&r->strings);
}

static tp_status roster_init(roster *r, const tp_report_subject *subject)
{
    *r = (roster){ .count = (uint32_t)tp_profile_function_count(subject->profile) };
    tp_intern_init(&r->strings, subject->allocator);
    if (subject->before == NULL)
        return TP_OK;
    size_t count = tp_profile_function_count(subject->before);
    r->of_before = tp_alloc(subject->allocator, count + 1, sizeof *r->of_before);
    if (r->of_before == NULL)
        return TP_ENOMEM;
    tp_status status = tp_profile_match(subject->before, subject->profile, r->of_before);
    for (size_t i = 0; status == TP_OK && i < count; i++) {
        if (r->of_before[i] == TP_NO_INDEX)
            r->of_before[i] = r->count++;
    }
    return status;
}

/* The labels in the roster's order, one after the other; NULL behind the last. */
static const tp_label *next_label(const tp_report_subject *subject, const roster *r, size_t *position)
{
    size_t own = tp_profile_function_count(subject->profile);
    size_t others = r->of_before == NULL ? 0 : tp_profile_function_count(subject->before);
    size_t at = (*position)++;
    if (at < own)
        return &tp_profile_functions(subject->profile)[at].label;
    while (at < own + others && r->of_before[at - own] < own)
        at++;
    *position = at + 1;
    return at < own + others ? &tp_profile_functions(subject->before)[at - own].label : NULL;
}

static void put_text_number(tp_buffer *b, roster *r, tp_string string)
{
    uint32_t number = 0;
    tp_status status = tp_intern_put(&r->strings, &number, string.bytes, string.size);
    if (status != TP_OK)
        tp_buffer_fail(b, status);
    tp_spell_unsigned(b, number);
}

/* file, name, line and whether it is a library's; the strings that the numbers stand for come behind. */
static void put_functions(tp_buffer *b, const tp_report_subject *subject, roster *r)
{
    static const char *const names[] = { "file", "name", "line", "library" };
    tp_spell(b, "\"functions\":{");
    for (int column = 0; column < 4; column++) {
        const tp_label *label;
        size_t position = 0;
        tp_column_begin(b, names[column], column == 0);
        while (b->status == TP_OK && (label = next_label(subject, r, &position)) != NULL) {
            tp_column_next(b);
            if (column < 2)
                put_text_number(b, r, column == 0 ? label->file : label->name);
            else
                tp_spell_integer(b, column == 2 ? label->line : tp_label_is_library(label));
        }
        tp_column_end(b);
    }
    tp_spell(b, "},\n\"strings\":[");
    for (uint32_t i = 0; i < r->strings.count; i++) {
        tp_column_next(b);
        tp_page_json(b, (tp_string){ r->strings.texts[i].bytes, r->strings.texts[i].size });
    }
    tp_spell(b, "],\n");
}

static void put_properties(tp_buffer *b, const tp_profile *profile)
{
    const tp_property *properties = tp_profile_properties(profile);
    tp_spell(b, "\"properties\":[");
    for (size_t i = 0; i < tp_profile_property_count(profile); i++) {
        const tp_property *p = &properties[i];
        tp_column_next(b);
        tp_buffer_put_u8(b, '[');
        tp_page_json(b, p->name);
        tp_buffer_put_u8(b, ',');
        if (p->kind == TP_TEXT)
            tp_page_json(b, p->text);
        else if (p->kind == TP_INTEGER)
            tp_spell_integer(b, p->integer);
        else
            tp_spell_real(b, p->real);
        tp_buffer_put_u8(b, ']');
    }
    tp_spell(b, "],\n\"processes\":[");
    for (size_t i = 0; i < tp_profile_process_count(profile); i++) {
        const tp_process *p = &tp_profile_processes(profile)[i];
        tp_column_next(b);
        tp_spell(b, "{\"pid\":");
        tp_spell_integer(b, p->pid);
        tp_spell(b, ",\"command\":");
        tp_page_json(b, p->command);
        tp_spell(b, ",\"duration\":");
        tp_spell_real(b, p->duration);
        tp_buffer_put_u8(b, '}');
    }
    tp_spell(b, "],\n");
}

static const char *tree_kind(const tp_profile *profile)
{
    if (tp_profile_property(profile, "tree") != NULL)
        return "estimated";
    return tp_profile_thread_count(profile) > 0 ? "exact" : "none";
}

static void put_flag(tp_buffer *b, const char *name, int value)
{
    tp_spell(b, ",\"");
    tp_spell(b, name);
    tp_spell(b, value ? "\":true" : "\":false");
}

static void put_profile(tp_buffer *b, const tp_profile *profile, const uint32_t *number_of)
{
    const char *dialect = tp_dialect_name(tp_profile_origin(profile).dialect);
    tp_spell(b, "{\"unit\":");
    tp_spell_real(b, tp_profile_unit(profile));
    tp_spell(b, ",\"tree\":\"");
    tp_spell(b, tree_kind(profile));
    tp_spell(b, "\",\"dialect\":");
    tp_page_json(b, (tp_string){ dialect, strlen(dialect) });
    put_flag(b, "calls", tp_profile_has_calls(profile));
    put_flag(b, "samples", tp_profile_has_samples(profile));
    put_flag(b, "edgeTimes", tp_profile_has_edge_times(profile));
    tp_spell(b, tp_profile_times(profile) == TP_TIMES_RAW ? ",\"times\":[\"raw\""
                                                             : ",\"times\":[\"compensated\"");
    if (tp_profile_has_both_times(profile))
        tp_spell(b, tp_profile_times(profile) == TP_TIMES_RAW ? ",\"compensated\"" : ",\"raw\"");
    tp_spell(b, "],\n");
    put_properties(b, profile);
    tp_columns_put_rows(b, profile, number_of);
    tp_columns_put_edges(b, profile, number_of);
    tp_columns_put_coroutines(b, profile, number_of);
    tp_columns_put_threads(b, profile, number_of);
    tp_buffer_put_u8(b, '}');
}

static void put_all(tp_buffer *b, const tp_report_subject *subject, roster *r)
{
    tp_spell(b, "{\"format\":1,\"tool\":\"traceprof " TP_VERSION_STRING "\",\"title\":");
    tp_page_json(b, subject->title);
    tp_spell(b, ",\n");
    put_functions(b, subject, r);
    tp_spell(b, "\"profiles\":[");
    if (subject->before != NULL) {
        put_profile(b, subject->before, r->of_before);
        tp_spell(b, ",\n");
    }
    put_profile(b, subject->profile, NULL);
    tp_spell(b, "]}");
}

void tp_report_put_data(tp_buffer *buffer, const tp_report_subject *subject)
{
    roster r;
    tp_status status = roster_init(&r, subject);
    if (status == TP_OK)
        put_all(buffer, subject, &r);
    else
        tp_buffer_fail(buffer, status);
    roster_free(&r, subject->allocator);
}

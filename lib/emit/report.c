/* The page: a frame of HTML, and what goes into its places. */
#include <string.h>

#include <traceprof/report.h>
#include <traceprof/reshape.h>

#include "buffer.h"
#include "file.h"
#include "page_text.h"
#include "memory.h"
#include "model.h"
#include "page_parts.h"
#include "report_data.h"
#include "sha256.h"
#include "spell.h"

/* Branches of an estimated tree below this share of the whole are left out. */
#define ESTIMATE_LEAST 0.0002

/* What was made for the page, and what it shows. */
typedef struct draft {
    tp_profile *made[2]; /* Owned; NULL where a profile is shown as it was given */
    tp_report_subject subject;
} draft;

static tp_status with_tree(const tp_profile **shown, tp_profile **made, const tp_profile *profile)
{
    *shown = profile;
    if (profile == NULL || tp_profile_thread_count(profile) > 0 ||
        tp_profile_function_count(profile) == 0)
        return TP_OK;
    tp_status status = tp_profile_estimate_tree(made, profile, ESTIMATE_LEAST);
    if (status == TP_OK)
        *shown = *made;
    return status;
}

static tp_string title_of(const tp_profile *profile, const tp_report_options *options)
{
    const tp_property *command = tp_profile_property(profile, "command");
    if (options->title.size > 0)
        return options->title;
    if (command != NULL && command->kind == TP_TEXT && command->text.size > 0)
        return command->text;
    return (tp_string){ "Profile", strlen("Profile") };
}

static tp_status draft_init(draft *d, const tp_profile *profile, const tp_report_options *given)
{
    /* Of a caller that was compiled with another header, what both know. */
    tp_report_options own = TP_REPORT_OPTIONS_INIT, *options = &own;
    if (given != NULL)
        memcpy(&own, given, given->size < sizeof own ? given->size : sizeof own);
    *d = (draft){ .subject = { .allocator = profile->allocator,
                               .title = title_of(profile, options) } };
    tp_status status = with_tree(&d->subject.profile, &d->made[0], profile);
    if (status == TP_OK)
        status = with_tree(&d->subject.before, &d->made[1], options->before);
    return status;
}

static void draft_free(draft *d)
{
    tp_profile_destroy(d->made[0]);
    tp_profile_destroy(d->made[1]);
}

static void put_hash(tp_buffer *b, const unsigned char *bytes, size_t size)
{
    uint8_t digest[TP_SHA256_SIZE];
    char text[TP_SHA256_BASE64_SIZE];
    tp_sha256(digest, bytes, size);
    tp_sha256_base64(text, digest);
    tp_spell(b, "'sha256-");
    tp_buffer_put(b, text, sizeof text);
    tp_buffer_put_u8(b, '\'');
}

/* Nothing may be fetched, and nothing run or applied but what stands in the page. */
static void put_policy(tp_buffer *b)
{
    tp_spell(b, "default-src 'none'; base-uri 'none'; form-action 'none'; img-src data:; "
                   "script-src ");
    put_hash(b, tp_page_script, tp_page_script_size);
    tp_spell(b, "; style-src ");
    put_hash(b, tp_page_style, tp_page_style_size);
}

/* What the place of that name is for; unknown names are for nobody. */
static void fill_place(tp_buffer *b, const tp_report_subject *subject, const unsigned char *name,
                       size_t size)
{
    static const char *const names[] = { "policy", "title", "style", "data", "script" };
    size_t i = 0;
    while (i < 5 && (strlen(names[i]) != size || memcmp(names[i], name, size) != 0))
        i++;
    if (i == 0)
        put_policy(b);
    else if (i == 1)
        tp_page_html(b, subject->title);
    else if (i == 2)
        tp_buffer_put(b, tp_page_style, tp_page_style_size);
    else if (i == 3)
        tp_report_put_data(b, subject);
    else if (i == 4)
        tp_buffer_put(b, tp_page_script, tp_page_script_size);
}

/* The next two braces at or behind `at`, or the end. */
static size_t find_braces(size_t at, unsigned char brace)
{
    while (at + 1 < tp_page_frame_size &&
           !(tp_page_frame[at] == brace && tp_page_frame[at + 1] == brace))
        at++;
    return at + 1 < tp_page_frame_size ? at : tp_page_frame_size;
}

static void put_page(tp_buffer *b, const tp_report_subject *subject)
{
    size_t at = 0;
    while (at < tp_page_frame_size) {
        size_t open = find_braces(at, '{');
        tp_buffer_put(b, tp_page_frame + at, open - at);
        if (open == tp_page_frame_size)
            return;
        size_t close = find_braces(open, '}');
        fill_place(b, subject, tp_page_frame + open + 2, close - open - 2);
        at = close + 2;
    }
}

static tp_status encode(const tp_profile *profile, const tp_report_options *options,
                        tp_buffer *buffer)
{
    draft d;
    tp_status status = draft_init(&d, profile, options);
    if (status == TP_OK) {
        put_page(buffer, &d.subject);
        status = buffer->status;
    }
    draft_free(&d);
    if (status != TP_OK)
        tp_buffer_free(buffer);
    return status;
}

tp_status tp_report_encode(const tp_profile *profile, const tp_report_options *options,
                           uint8_t **bytes, size_t *size)
{
    tp_buffer buffer;
    tp_gift_init(&buffer, profile->allocator);
    tp_status status = encode(profile, options, &buffer);
    if (status == TP_OK)
        tp_gift_give(&buffer, bytes, size);
    return status;
}

void tp_report_free(uint8_t *bytes)
{
    tp_gift_free(bytes);
}

tp_status tp_report_write_file(const tp_profile *profile, const tp_report_options *options,
                               const char *path, tp_error *error)
{
    tp_buffer buffer;
    tp_buffer_init(&buffer, profile->allocator);
    tp_status status = encode(profile, options, &buffer);
    if (status != TP_OK) {
        if (error != NULL)
            *error = (tp_error){ .status = status, .message = tp_status_message(status) };
        return status;
    }
    status = tp_file_replace(path, buffer.bytes, buffer.size, profile->allocator, error);
    tp_buffer_free(&buffer);
    return status;
}

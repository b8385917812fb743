/* The page's bytes: what is put where, escapes, hashes, and every allocation that fails. What the page
 * does is for tests/page. */
#include <stddef.h>
#include <string.h>

#include <traceprof/report.h>

#include "builder.h"
#include "page_text.h"
#include "sha256.h"

static const char *digest_of(const void *bytes, size_t size)
{
    static char text[TP_SHA256_BASE64_SIZE + 1];
    uint8_t digest[TP_SHA256_SIZE];
    tp_sha256(digest, bytes, size);
    tp_sha256_base64(text, digest);
    return text;
}

/* FIPS 180-4's examples, and sizes about those of a block. */
START_TEST(hashes_are_the_known_ones)
{
    char many[200];
    memset(many, 'a', sizeof many);
    ck_assert_str_eq(digest_of("", 0), "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=");
    ck_assert_str_eq(digest_of("abc", 3), "ungWv48Bz+pBQUDeXa4iI7ADYaOWF3qctBD/YfIAFa0=");
    ck_assert_str_eq(digest_of("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq", 56),
                     "JI1qYdIGOLjlwCaTDD5gOaM85Flk/yFn9uzt1BnbBsE=");
    ck_assert_str_eq(digest_of(many, 55), "n0OQ+NMMLdkuyfCVtl4rmumwqSWlJY4kHJ8ekQ9zQxg=");
    ck_assert_str_eq(digest_of(many, 64), "/+BU/nrgy23GXDr5th1SCfQ5hR20PQulmXM33xVGaOs=");
    ck_assert_str_eq(digest_of(many, 200), "wqkI2Y9d+Yet5BtfziEwZ++8wh7yJAISpB5UtefCiuU=");
}
END_TEST

static const char *text_of(void (*put)(tp_buffer *, tp_string), const char *bytes, size_t size)
{
    static char text[256];
    tp_buffer buffer;
    tp_buffer_init(&buffer, NULL);
    put(&buffer, (tp_string){ bytes, size });
    ck_assert_int_eq(buffer.status, TP_OK);
    ck_assert_uint_lt(buffer.size, sizeof text);
    memcpy(text, buffer.bytes, buffer.size);
    text[buffer.size] = '\0';
    tp_buffer_free(&buffer);
    return text;
}

#define JSON(literal) text_of(tp_page_json, literal, sizeof literal - 1)
#define HTML(literal) text_of(tp_page_html, literal, sizeof literal - 1)

START_TEST(strings_cannot_leave_their_place)
{
    ck_assert_str_eq(JSON("plain / text"), "\"plain / text\"");
    ck_assert_str_eq(JSON("</script>&"), "\"\\u003c/script\\u003e\\u0026\"");
    ck_assert_str_eq(JSON("\"\\\n\0x"), "\"\\u0022\\u005c\\u000a\\u0000x\"");
    ck_assert_str_eq(JSON("gr\xC3\xB6\xC3\x9F" "e \xF0\x9F\x90\x8D"), "\"größe \xF0\x9F\x90\x8D\"");
    ck_assert_str_eq(JSON("\xED\xB3\xBF \xE2\x80\xA8 \xEF\xBB\xBF"), "\"\\udcff \\u2028 \\ufeff\"");
    ck_assert_str_eq(JSON("\xFF \xC3"), "\"\\ufffd \\ufffd\"");
    ck_assert_str_eq(HTML("<b a=\"x\">&\n"), "&lt;b a=&quot;x&quot;&gt;&amp; ");
    ck_assert_str_eq(HTML("a\\b\0\xED\xB3\xBF"), "a\\b\xEF\xBF\xBD\xEF\xBF\xBD");
}
END_TEST

/* The page of a profile, with what is asked for; to be freed with tp_report_free. */
static char *page_of(const tp_profile *profile, const tp_profile *before, const char *title)
{
    tp_report_options options = TP_REPORT_OPTIONS_INIT;
    uint8_t *bytes;
    size_t size;
    options.before = before;
    options.title = (tp_string){ title, strlen(title) };
    ck_assert_int_eq(tp_report_encode(profile, &options, &bytes, &size), TP_OK);
    bytes[size - 1] = '\0'; /* for strstr; it was a newline */
    return (char *)bytes;
}

static void assert_has(const char *page, const char *text)
{
    ck_assert_msg(strstr(page, text) != NULL, "the page has no %s", text);
}

static void assert_lacks(const char *page, const char *text)
{
    ck_assert_msg(strstr(page, text) == NULL, "the page has %s", text);
}

START_TEST(both_times_are_told_apart)
{
    tp_profile *raw = recorded("a5b7c9)))a4)"), *both = compensated("a5b7c9)))a4)");
    char *page = page_of(raw, NULL, "one");
    assert_has(page, "\"times\":[\"raw\"],");
    assert_lacks(page, "\"otherTicks\":");
    tp_report_free((uint8_t *)page);
    page = page_of(both, NULL, "two");
    assert_has(page, "\"times\":[\"compensated\",\"raw\"],");
    assert_has(page, "\"otherTicks\":[");
    assert_has(page, "\"otherOwn\":[");
    tp_report_free((uint8_t *)page);
    ck_assert_int_eq(tp_profile_show_times(both, TP_TIMES_RAW), TP_OK);
    page = page_of(both, NULL, "three");
    assert_has(page, "\"times\":[\"raw\",\"compensated\"],");
    tp_report_free((uint8_t *)page);
    tp_profile_destroy(raw);
    tp_profile_destroy(both);
}
END_TEST

/* a.py:1(f) is in both, a.py:2(old) and a.py:3(new) in one each. */
START_TEST(functions_of_two_profiles_are_numbered_once)
{
    tp_profile *old = build_profile(), *new = build_profile();
    build_row(old, "a.py", 2, "old", 1, 1, 1);
    build_row(old, "a.py", 1, "f", 1, 1, 1);
    build_row(new, "a.py", 1, "f", 1, 2, 2);
    build_row(new, "a.py", 3, "new", 1, 1, 1);
    build_finish(old);
    build_finish(new);
    char *page = page_of(new, old, "changes");
    assert_has(page, "\"line\":[1,3,2]");
    assert_has(page, "\"rows\":{\"function\":[2,0]");
    assert_has(page, "\"rows\":{\"function\":[0,1]");
    assert_has(page, "<title>changes</title>");
    tp_report_free((uint8_t *)page);
    tp_profile_destroy(old);
    tp_profile_destroy(new);
}
END_TEST

START_TEST(title_is_the_command_if_there_is_no_other)
{
    tp_profile *profile = build_profile();
    build_row(profile, "a.py", 1, "f", 1, 1, 1);
    build_finish(profile);
    char *page = page_of(profile, NULL, "");
    assert_has(page, "<title>Profile</title>");
    assert_has(page, "\"tree\":\"estimated\"");
    tp_report_free((uint8_t *)page);
    ck_assert_int_eq(tp_profile_set_text(profile, "command", "run <it>", 8), TP_OK);
    page = page_of(profile, NULL, "");
    assert_has(page, "<title>run &lt;it&gt;</title>");
    tp_report_free((uint8_t *)page);
    tp_profile_destroy(profile);
}
END_TEST

START_TEST(options_of_a_shorter_header_are_taken)
{
    tp_profile *profile = build_profile();
    build_row(profile, "a.py", 1, "f", 1, 1, 1);
    build_finish(profile);
    tp_report_options options = TP_REPORT_OPTIONS_INIT;
    uint8_t *bytes;
    size_t size;
    options.size = offsetof(tp_report_options, before);
    options.title = (tp_string){ "short", 5 };
    options.before = (const tp_profile *)(uintptr_t)1; /* behind the end */
    ck_assert_int_eq(tp_report_encode(profile, &options, &bytes, &size), TP_OK);
    bytes[size - 1] = '\0';
    assert_has((char *)bytes, "<title>short</title>");
    tp_report_free(bytes);
    ck_assert_int_eq(tp_report_encode(profile, NULL, &bytes, &size), TP_OK);
    tp_report_free(bytes);
    tp_profile_destroy(profile);
}
END_TEST

/* Of a profile with a tree, compared with one that gets an estimate. */
START_TEST(no_failed_allocation_does_harm)
{
    failing memory;
    failing_init(&memory, -1);
    tp_profile *tree = golden_profile("ctraceprof-3.13", &memory.allocator);
    tp_profile *rows = golden_profile("cprofile-3.13", &memory.allocator);
    tp_report_options options = TP_REPORT_OPTIONS_INIT;
    options.before = rows;
    long live = memory.live;
    int reached = 1;
    for (long n = 0; reached; n += is_quick() ? 7 : 1) {
        uint8_t *bytes = NULL;
        size_t size = 0;
        memory.count = 0;
        memory.fail_at = n;
        tp_status status = tp_report_encode(tree, &options, &bytes, &size);
        reached = memory.count > n;
        memory.fail_at = -1;
        ck_assert_msg(status == (reached ? TP_ENOMEM : TP_OK), "allocation %ld: %s", n,
                      tp_status_name(status));
        ck_assert_int_eq(bytes != NULL, status == TP_OK);
        tp_report_free(bytes);
        ck_assert_msg(memory.live == live, "allocation %ld leaks", n);
    }
    tp_profile_destroy(tree);
    tp_profile_destroy(rows);
    ck_assert_int_eq(memory.live, 0);
}
END_TEST

Suite *report_suite(void)
{
    Suite *suite = suite_create("report");
    TCase *cases = tcase_create("report");
    tcase_add_test(cases, hashes_are_the_known_ones);
    tcase_add_test(cases, strings_cannot_leave_their_place);
    tcase_add_test(cases, both_times_are_told_apart);
    tcase_add_test(cases, functions_of_two_profiles_are_numbered_once);
    tcase_add_test(cases, title_is_the_command_if_there_is_no_other);
    tcase_add_test(cases, options_of_a_shorter_header_are_taken);
    tcase_add_test(cases, no_failed_allocation_does_harm);
    suite_add_tcase(suite, cases);
    return suite;
}

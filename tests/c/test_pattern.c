#include "pattern_utf8.h"
#include "support.h"

static int occurs(const char *pattern, const char *text, size_t size)
{
    tp_pattern *compiled;
    tp_error error = { 0 };
    tp_status status = tp_pattern_create(&compiled, pattern, strlen(pattern), NULL, &error);
    ck_assert_msg(status == TP_OK, "%s: %s", pattern, error.message);
    int found = tp_pattern_search(compiled, text, size);
    /* What one search leaves behind does not change the next. */
    tp_pattern_search(compiled, "", 0);
    ck_assert_int_eq(tp_pattern_search(compiled, text, size), found);
    tp_pattern_destroy(compiled);
    return found;
}

typedef struct sample {
    const char *pattern, *text;
    int found;
} sample;

START_TEST(patterns_are_found)
{
    static const sample samples[] = {
        { "", "", 1 },
        { "lines", "the lines", 1 },
        { "lines", "the line", 0 },
        { "aab", "aaab", 1 },
        { "foo|bar", "a bar", 1 },
        { "^(?:a|b)+$", "abba\n", 1 },
        { "^(?:a|b)+\\Z", "abba\n", 0 },
        { "a{2,3}b", "ab", 0 },
        { "^a{2,3}b", "aaaab", 0 },
        { "x{,2}y", "y", 1 },
        { "x{", "x{", 1 },
        { "(?i)PROFILE", "a profile", 1 },
        { "(?i:P)rofile", "PROFILE", 0 },
        { "\\bmain\\b", "domain", 0 },
        { "\\bmain\\b", "do main.py", 1 },
        { "[.]py:\\d+\\(", "a.py:12(f)", 1 },
        { "[^]x]", "]x", 0 },
        { "\\w", "\xC3\xA9", 1 },
        { "(?a)\\w", "\xC3\xA9", 0 },
        { "^.$", "\xED\xB2\x80", 1 },
        { "(?x) a b # c", "ab", 1 },
        { "(?m)^b$", "a\nb\nc", 1 },
        { "a.b", "a\nb", 0 },
        { "(?s)a.b", "a\nb", 1 },
    };
    for (size_t i = 0; i < sizeof samples / sizeof *samples; i++) {
        const sample *s = &samples[i];
        ck_assert_msg(occurs(s->pattern, s->text, strlen(s->text)) == s->found, "%s in %s",
                      s->pattern, s->text);
    }
}
END_TEST

typedef struct refusal {
    const char *pattern;
    tp_status status;
    uint64_t offset;
    const char *message;
} refusal;

START_TEST(errors_have_a_place)
{
    static const refusal refusals[] = {
        { "a|*", TP_EFORMAT, 2, "nothing to repeat" },
        { "^*", TP_EFORMAT, 1, "nothing to repeat" },
        { "\xC3\xA9**", TP_EFORMAT, 3, "multiple repeat" },
        { "a[b", TP_EFORMAT, 1, "unterminated character set" },
        { "a\\q", TP_EFORMAT, 1, "bad escape" },
        { "a\\", TP_EFORMAT, 1, "bad escape (end of pattern)" },
        { "a((b)", TP_EFORMAT, 1, "missing ), unterminated subpattern" },
        { "a)", TP_EFORMAT, 1, "unbalanced parenthesis" },
        { "[b-a]", TP_EFORMAT, 1, "bad character range" },
        { "a{2,1}", TP_EFORMAT, 2, "min repeat greater than max repeat" },
        { "a{4294967295}", TP_EFORMAT, 1, "the repetition number is too large" },
        { "a(?i)", TP_EFORMAT, 1, "global flags not at the start of the expression" },
        { "(a)\\1", TP_EUNSUPPORTED, 3, "backreferences are not supported" },
        { "a\\1", TP_EFORMAT, 2, "invalid group reference" },
        { "(?=a)", TP_EUNSUPPORTED, 0, "lookaround is not supported" },
        { "a++", TP_EUNSUPPORTED, 2, "possessive quantifiers are not supported" },
        { "a{20001}", TP_ELIMIT, 1, "the pattern is too large" },
        { "((a{100}){100}){100}", TP_ELIMIT, 15, "the pattern is too large" },
        { "a{4294967294}", TP_ELIMIT, 1, "the pattern is too large" },
    };
    for (size_t i = 0; i < sizeof refusals / sizeof *refusals; i++) {
        const refusal *r = &refusals[i];
        tp_pattern *pattern = NULL;
        tp_error error = { 0 };
        tp_status status =
            tp_pattern_create(&pattern, r->pattern, strlen(r->pattern), NULL, &error);
        ck_assert_msg(status == r->status && error.status == r->status, "%s", r->pattern);
        ck_assert_str_eq(error.message, r->message);
        ck_assert_msg(error.offset == r->offset, "%s: %llu", r->pattern,
                      (unsigned long long)error.offset);
        ck_assert_ptr_null(pattern);
    }
}
END_TEST

static tp_status create_repeated(char piece, size_t count)
{
    static char text[40000];
    tp_pattern *pattern;
    memset(text, piece, count);
    tp_status status = tp_pattern_create(&pattern, text, count, NULL, NULL);
    if (status == TP_OK)
        tp_pattern_destroy(pattern);
    return status;
}

START_TEST(size_is_limited)
{
    ck_assert_int_eq(create_repeated('a', 19999), TP_OK);
    ck_assert_int_eq(create_repeated('a', 20000), TP_ELIMIT);
    ck_assert_int_eq(create_repeated('|', 9999), TP_OK);
    ck_assert_int_eq(create_repeated('|', 10000), TP_ELIMIT);
    ck_assert_int_eq(create_repeated('(', 500), TP_EFORMAT);
    ck_assert_int_eq(create_repeated('(', 501), TP_ELIMIT);
    ck_assert_int_eq(occurs("(?:){4294967294}(?:a{0}){99999}", "", 0), 1);
}
END_TEST

START_TEST(stray_bytes_are_characters)
{
    ck_assert_int_eq(occurs("^..$", "\xC3\xFF", 2), 1);
    ck_assert_int_eq(occurs("^...$", "\xE0\x80\x80", 3), 1);
    ck_assert_int_eq(occurs("^....$", "\xF4\x90\x80\x80", 4), 1);
    ck_assert_int_eq(occurs("^.$", "\xF0\x9F\x98\x80", 4), 1);
    ck_assert_int_eq(occurs("\xA9", "\xC3\xA9", 2), 0);
    ck_assert_int_eq(occurs("\xA9", "a\xA9", 2), 1);
    ck_assert_int_eq(occurs("[\xA9]$", "\xC3\xA9\xA9", 3), 1);
    ck_assert_int_eq(occurs("\\w|\\d|\\s", "\xC3\xFF", 2), 0);
    ck_assert_int_eq(occurs("a\\b", "a\xFF", 2), 1);
    ck_assert_int_eq(occurs("\\B\\Z", "a\xC3\xA9\xC3\xA9", 5), 0);
}
END_TEST

/* All texts of four bytes out of those that matter: backwards, the code points are the same. */
START_TEST(backwards_is_forwards)
{
    static const char bytes[] = "a\x80\xBF\xC3\xE0\xED\xF0\xF4";
    enum { KINDS = sizeof bytes - 1 };
    for (int n = 0; n < KINDS * KINDS * KINDS * KINDS; n++) {
        char text[4];
        for (int i = 0, left = n; i < 4; i++, left /= KINDS)
            text[i] = bytes[left % KINDS];
        for (size_t at = 0; at < 4;) {
            uint32_t c;
            at += tp_utf8_decode(&c, text + at, 4 - at);
            ck_assert_uint_eq(tp_utf8_before(text, at), c);
        }
    }
}
END_TEST

START_TEST(patterns_survive_any_allocation_failing)
{
    static const char text[] = "(?P<name>a|b|c)|[a-z]{3}\\d(?:x(y(z)))*|(?P<other>[^q]+?)";
    tp_status status;
    for (int literal = 0; literal < 2; literal++) {
        long n = 0;
        const char *expression = literal ? "literally" : text;
        size_t size = strlen(expression);
        do {
            failing f;
            failing_init(&f, n++);
            tp_pattern *pattern;
            tp_error error = { 0 };
            status = tp_pattern_create(&pattern, expression, size, &f.allocator, &error);
            if (status == TP_OK) {
                long before = f.count;
                ck_assert_int_eq(tp_pattern_search(pattern, "a literal", 9), !literal);
                ck_assert_int_eq(f.count, before);
                tp_pattern_destroy(pattern);
            } else {
                ck_assert_int_eq(status, TP_ENOMEM);
                ck_assert_int_eq(error.status, TP_ENOMEM);
            }
            ck_assert_int_eq(f.live, 0);
        } while (status != TP_OK);
        ck_assert_int_gt(n, literal ? 3 : 10);
    }
    tp_pattern_destroy(NULL);
}
END_TEST

Suite *pattern_suite(void)
{
    Suite *suite = suite_create("pattern");
    TCase *all = tcase_create("all");
    tcase_add_test(all, patterns_are_found);
    tcase_add_test(all, errors_have_a_place);
    tcase_add_test(all, size_is_limited);
    tcase_add_test(all, stray_bytes_are_characters);
    tcase_add_test(all, backwards_is_forwards);
    tcase_add_test(all, patterns_survive_any_allocation_failing);
    suite_add_tcase(suite, all);
    return suite;
}

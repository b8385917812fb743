#include <traceprof/glob.h>

#include "support.h"

typedef struct sample {
    const char *glob, *text;
    int whole, path; /* found as a whole, and as a path */
} sample;

START_TEST(globs_match)
{
    static const sample samples[] = {
        { "", "", 1, 1 },
        { "", "a", 0, 0 },
        { "", "a/", 0, 1 },
        { "a", "a", 1, 1 },
        { "a", "b/a", 0, 1 },
        { "a", "b/xa", 0, 0 },
        { "/a", "b/a", 0, 0 },
        { "a/b", "c/a/b", 0, 1 },
        { "a/b", "a/c/a/b", 0, 1 },
        { "*", "", 1, 1 },
        { "*", "a/b", 1, 1 },
        { "*a", "ba/a", 1, 1 },
        { "a*b*c", "a/b/b/c", 1, 1 },
        { "a*b", "x/aab", 0, 1 },
        { "?", "\xC3\xA9", 1, 1 },
        { "?", "\xE9", 1, 1 },
        { "??", "\xC3\xA9", 0, 0 },
        { "?", "", 0, 0 },
        { "[a-c]", "b", 1, 1 },
        { "[a-c]", "d", 0, 0 },
        { "[!a-c]", "d", 1, 1 },
        { "[!a-c]", "b", 0, 0 },
        { "[]]", "]", 1, 1 },
        { "[!]]", "]", 0, 0 },
        { "[a-]", "-", 1, 1 },
        { "[\xC3\xA0-\xC3\xBF]", "\xC3\xA9", 1, 1 },
        { "[a", "[a", 1, 1 },
        { "[a", "a", 0, 0 },
    };
    for (size_t i = 0; i < sizeof samples / sizeof *samples; i++) {
        const sample *s = &samples[i];
        size_t glob_size = strlen(s->glob), size = strlen(s->text);
        ck_assert_msg(tp_glob_match(s->glob, glob_size, s->text, size) == s->whole, "%s, %s",
                      s->glob, s->text);
        ck_assert_msg(tp_glob_match_path(s->glob, glob_size, s->text, size) == s->path,
                      "path %s, %s", s->glob, s->text);
    }
}
END_TEST

/* As many stars as there are characters: the product of both, and no more. */
START_TEST(many_stars_take_no_longer)
{
    static char glob[20001], text[10000];
    for (size_t i = 0; i < sizeof text; i++) {
        glob[2 * i] = '*';
        glob[2 * i + 1] = text[i] = 'a';
    }
    glob[20000] = 'b';
    ck_assert_int_eq(tp_glob_match(glob, 20001, text, sizeof text), 0);
    ck_assert_int_eq(tp_glob_match(glob, 20000, text, sizeof text), 1);
    ck_assert_int_eq(tp_glob_match_path(glob, 20001, text, sizeof text), 0);
}
END_TEST

Suite *glob_suite(void)
{
    Suite *suite = suite_create("glob");
    TCase *all = tcase_create("all");
    tcase_add_test(all, globs_match);
    tcase_add_test(all, many_stars_take_no_longer);
    suite_add_tcase(suite, all);
    return suite;
}

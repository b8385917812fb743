/* traceprof tui without a terminal: its tree, its keys, its lines. */
#include <stdlib.h>

#include "builder.h"
#include "text.h"
#include "tui_draw.h"

#define COLUMNS 80
#define LINES 24

static const char *const file_names[] = { "app.prof" };
static const tp_command command = { .name = "tui", .least = 1, .most = 1 };
static const tp_arguments arguments = { .command = &command,
                                        .operands = (const char **)file_names,
                                        .operand_count = 1 };

/* main 10: busy 7 (deep 6, leaf 1), idle 2 (leaf 2); and a second thread with leaf 3 alone. */
static tp_profile *sample(void)
{
    tp_profile *p = build_profile();
    uint32_t main_row = build_row(p, "m.py", 1, "main", 1, 1, 10);
    uint32_t busy = build_row(p, "m.py", 2, "busy", 1, 0, 7);
    uint32_t deep = build_row(p, "m.py", 3, "deep", 4, 6, 6);
    uint32_t leaf = build_row(p, "m.py", 4, "leaf", 9, 6, 6);
    uint32_t idle = build_row(p, "m.py", 5, "idle", 1, 0, 2);
    build_thread(p, "first", 1);
    uint32_t top = build_context(p, TP_NO_INDEX, main_row, 1, 10);
    uint32_t under = build_context(p, top, busy, 1, 7);
    build_context(p, under, deep, 4, 6);
    build_context(p, under, leaf, 1, 1);
    under = build_context(p, top, idle, 1, 2);
    build_context(p, under, leaf, 2, 2);
    build_thread(p, "second", 2);
    build_context(p, TP_NO_INDEX, leaf, 6, 3);
    build_finish(p);
    return p;
}

static void open_tui(tp_tui *t, tp_profile *profile)
{
    ck_assert_int_eq(tp_tui_make(t, &arguments, profile), TP_OK);
    t->bars = TP_BARS_SIGNS;
    tp_tui_resize(t, COLUMNS, LINES);
}

static void close_tui(tp_tui *t)
{
    tp_profile *profile = t->profile;
    tp_tui_free(t);
    tp_profile_destroy(profile);
}

static void type(tp_tui *t, const char *keys)
{
    for (; *keys != '\0'; keys++)
        ck_assert_int_eq(tp_tui_key(t, *keys == '\n' ? TP_KEY_ENTER : (uint32_t)*keys),
                         TP_TUI_GO_ON);
}

/* The names on view, from above: "main .busy ..deep", the one under the cursor in brackets. */
static const char *tree_of(const tp_tui *t)
{
    static char text[400];
    size_t size = 0;
    text[0] = '\0';
    for (size_t i = 0; i < t->tree.count; i++) {
        uint32_t context = t->tree.rows[i];
        const tp_function *f = &tp_profile_functions(
            t->profile)[t->tree.order.tree->contexts[context].function];
        int here = i == t->cursor[TP_PANE_TREE];
        size += (size_t)snprintf(text + size, sizeof text - size, "%s%.*s%s%s%s", i > 0 ? " " : "",
                                 (int)t->tree.order.depth[context], "........", here ? "[" : "",
                                 f->label.name.bytes, here ? "]" : "");
    }
    return text;
}

static const char *line_of(const tp_tui *t, size_t number)
{
    static char text[400];
    tp_tui_line line;
    ck_assert_int_eq(tp_tui_line_make(&line, t, number), 0);
    ck_assert_uint_lt(line.text.size, sizeof text);
    memcpy(text, line.text.text, line.text.size);
    text[line.text.size] = '\0';
    tp_tui_line_free(&line);
    return text;
}

static const char *selected_name(const tp_tui *t)
{
    uint32_t function = tp_tui_selected(t);
    return function == TP_NO_INDEX ? "" : tp_profile_functions(t->profile)[function].label.name.bytes;
}

START_TEST(the_heaviest_path_is_unfolded)
{
    tp_tui t;
    open_tui(&t, sample());
    ck_assert_str_eq(tree_of(&t), "[main] .busy ..deep ..leaf .idle");
    close_tui(&t);
}
END_TEST

START_TEST(nodes_unfold_and_fold)
{
    tp_tui t;
    open_tui(&t, sample());
    type(&t, "jc");
    ck_assert_str_eq(tree_of(&t), "main .[busy] .idle");
    type(&t, "je");
    ck_assert_str_eq(tree_of(&t), "main .busy .[idle] ..leaf");
    type(&t, "kC");
    type(&t, "k\n");
    ck_assert_str_eq(tree_of(&t), "[main]");
    type(&t, "+");
    ck_assert_str_eq(tree_of(&t), "[main] .busy .idle ..leaf"); /* what was unfolded below stays so */
    type(&t, "E");
    ck_assert_str_eq(tree_of(&t), "[main] .busy ..deep ..leaf .idle ..leaf");
    type(&t, "C");
    ck_assert_str_eq(tree_of(&t), "[main]");
    type(&t, " ");
    ck_assert_str_eq(tree_of(&t), "[main] .busy .idle");
    close_tui(&t);
}
END_TEST

START_TEST(the_cursor_goes_by_kinship)
{
    tp_tui t;
    open_tui(&t, sample());
    type(&t, "l");
    ck_assert_str_eq(selected_name(&t), "busy");
    type(&t, "n");
    ck_assert_str_eq(selected_name(&t), "idle");
    type(&t, "n");
    ck_assert_str_eq(selected_name(&t), "idle");
    type(&t, "p");
    ck_assert_str_eq(selected_name(&t), "busy");
    type(&t, "p");
    ck_assert_str_eq(selected_name(&t), "busy");
    type(&t, "jj");
    ck_assert_str_eq(selected_name(&t), "leaf");
    type(&t, "u");
    ck_assert_str_eq(selected_name(&t), "busy");
    tp_tui_key(&t, TP_KEY_LEFT);
    ck_assert_str_eq(tree_of(&t), "main .[busy] .idle");
    tp_tui_key(&t, TP_KEY_LEFT);
    ck_assert_str_eq(tree_of(&t), "[main] .busy .idle");
    tp_tui_key(&t, TP_KEY_RIGHT);
    tp_tui_key(&t, TP_KEY_RIGHT);
    ck_assert_str_eq(tree_of(&t), "main .[busy] ..deep ..leaf .idle");
    tp_tui_key(&t, TP_KEY_RIGHT);
    ck_assert_str_eq(tree_of(&t), "main .busy ..[deep] ..leaf .idle");
    tp_tui_key(&t, TP_KEY_END);
    ck_assert_str_eq(selected_name(&t), "idle");
    tp_tui_key(&t, TP_KEY_HOME);
    ck_assert_str_eq(selected_name(&t), "main");
    tp_tui_key(&t, TP_KEY_UP);
    ck_assert_str_eq(selected_name(&t), "main");
    tp_tui_key(&t, TP_KEY_PAGE_DOWN);
    ck_assert_str_eq(selected_name(&t), "idle");
    tp_tui_key(&t, TP_KEY_PAGE_UP);
    ck_assert_str_eq(selected_name(&t), "main");
    close_tui(&t);
}
END_TEST

/* Folded places are found, too, in the order of the tree and round its end. */
START_TEST(the_tree_is_searched)
{
    tp_tui t;
    open_tui(&t, sample());
    type(&t, "C/LEAF");
    type(&t, "\n");
    ck_assert_str_eq(t.message, "not found: LEAF");
    type(&t, "/leaf\n");
    ck_assert_str_eq(tree_of(&t), "main .busy ..deep ..[leaf] .idle");
    type(&t, ">");
    ck_assert_str_eq(tree_of(&t), "main .busy ..deep ..leaf .idle ..[leaf]");
    type(&t, "N");
    ck_assert_str_eq(tree_of(&t), "main .busy ..deep ..[leaf] .idle ..leaf");
    type(&t, "<");
    ck_assert_str_eq(tree_of(&t), "main .busy ..deep ..leaf .idle ..[leaf]");
    type(&t, "P");
    ck_assert_str_eq(tree_of(&t), "main .busy ..deep ..[leaf] .idle ..leaf");
    type(&t, "/m.py:3.*D\n");
    ck_assert_str_eq(t.message, "not found: m.py:3.*D");
    type(&t, "/(\n");
    ck_assert_int_eq(strncmp(t.message, "(: ", 3), 0);
    close_tui(&t);
}
END_TEST

START_TEST(what_is_typed_can_be_taken_back)
{
    tp_tui t;
    open_tui(&t, sample());
    type(&t, ">");
    ck_assert_str_eq(t.message, "nothing to search for yet: /");
    type(&t, "/x");
    tp_tui_key(&t, 0xE9);
    tp_tui_key(&t, 0x1F600);
    tp_tui_key(&t, TP_KEY_UP);
    tp_tui_key(&t, 1);
    ck_assert_str_eq(line_of(&t, LINES - 1), "/x\xC3\xA9\xF0\x9F\x98\x80_");
    tp_tui_key(&t, TP_KEY_ERASE);
    ck_assert_str_eq(line_of(&t, LINES - 1), "/x\xC3\xA9_");
    tp_tui_key(&t, TP_KEY_ERASE);
    tp_tui_key(&t, TP_KEY_ERASE);
    ck_assert_str_eq(line_of(&t, LINES - 1), "/_");
    tp_tui_key(&t, TP_KEY_ERASE);
    ck_assert_int_eq(t.mode, TP_MODE_PANES);
    type(&t, "/");
    for (int i = 0; i < 300; i++)
        tp_tui_key(&t, 'y');
    ck_assert_uint_eq(t.search_size, TP_TUI_SEARCH - 1);
    tp_tui_key(&t, TP_KEY_ESCAPE);
    ck_assert_int_eq(t.mode, TP_MODE_PANES);
    ck_assert_ptr_null(t.pattern);
    close_tui(&t);
}
END_TEST

START_TEST(the_table_follows_and_leads)
{
    tp_tui t;
    open_tui(&t, sample());
    type(&t, "/idle\n");
    ck_assert_uint_eq(t.rows[t.cursor[TP_PANE_TABLE]], tp_tui_selected(&t));
    type(&t, "\t/leaf\n");
    ck_assert_str_eq(selected_name(&t), "leaf");
    ck_assert_str_eq(tree_of(&t), "main .busy ..deep ..leaf .[idle]");
    type(&t, "\n"); /* where it took most */
    ck_assert_str_eq(tree_of(&t), "main .busy ..deep ..leaf .idle ..[leaf]");
    ck_assert_int_eq(t.pane, TP_PANE_TREE);
    type(&t, "t"); /* the other thread has leaf only */
    ck_assert_str_eq(tree_of(&t), "[leaf]");
    type(&t, "r/main\n\n");
    ck_assert_str_eq(t.message, "not called in this thread");
    type(&t, "gT");
    ck_assert_str_eq(tree_of(&t), "[main] .busy ..deep ..leaf .idle");
    close_tui(&t);
}
END_TEST

START_TEST(the_table_is_sorted)
{
    static const char *const heaviest[] = { "deep", "leaf", "busy", "main" }; /* by self, calls, name, cum */
    tp_tui t;
    open_tui(&t, sample());
    type(&t, "r");
    ck_assert_str_eq(selected_name(&t), "main");
    for (size_t i = 0; i < 4; i++) {
        type(&t, "s");
        tp_tui_key(&t, TP_KEY_HOME);
        ck_assert_str_eq(selected_name(&t), heaviest[i]);
    }
    type(&t, "S");
    ck_assert_str_eq(selected_name(&t), "main"); /* the cursor goes along */
    ck_assert_uint_eq(t.cursor[TP_PANE_TABLE], 4);
    close_tui(&t);
}
END_TEST

/* Byte for byte: the screen is what people see. */
START_TEST(lines_are_drawn)
{
    tp_tui t;
    open_tui(&t, sample());
    ck_assert_str_eq(line_of(&t, 0), "app.prof: 16 calls of 5 functions in 13.000 s");
    ck_assert_str_eq(line_of(&t, 1), "thread 1 of 2: first, 1");
    ck_assert_str_eq(line_of(&t, 2),
                     ">    total s  total%                calls   call tree: 5 on view");
    ck_assert_str_eq(line_of(&t, 3), ">     10.000  100.0% ##########         1 - m.py:1(main)");
    ck_assert_str_eq(line_of(&t, 5), "       6.000   60.0% ######             4       m.py:3(deep)");
    ck_assert_str_eq(line_of(&t, 7), "       2.000   20.0% ##                 1   + m.py:5(idle)");
    ck_assert_str_eq(line_of(&t, 8), "");
    ck_assert_str_eq(line_of(&t, 14),
                     "      self s      cum s    cum%     calls functions by cum");
    ck_assert_str_eq(line_of(&t, 15), "*      1.000     10.000   76.9%         1 m.py:1(main)");
    ck_assert_str_eq(line_of(&t, 23),
                     "q leave  h help  Tab pane  Enter unfold  / search  s sort  O editor");
    type(&t, "mm");
    ck_assert_str_eq(line_of(&t, 3), ">  10000.000  100.0% ##########         1 - m.py:1(main)");
    type(&t, "f");
    ck_assert_str_eq(line_of(&t, 14), "");
    type(&t, "rx");
    ck_assert_str_eq(line_of(&t, 3), ">   1000.000  10000.000   76.9%         1 m.py:1(main)");
    ck_assert_str_eq(line_of(&t, 23), "the file has its times once only");
    type(&t, "h");
    ck_assert_str_eq(line_of(&t, 2), "Up Down j k, PgUp PgDn, Home End   move");
    type(&t, "h");
    ck_assert_int_eq(t.mode, TP_MODE_PANES);
    close_tui(&t);
}
END_TEST

START_TEST(any_size_is_survived)
{
    tp_tui t;
    open_tui(&t, sample());
    for (size_t columns = 0; columns < 130; columns += 7) {
        for (size_t lines = 0; lines < 40; lines++) {
            tp_tui_resize(&t, columns, lines);
            for (size_t i = 0; i < lines; i++) {
                tp_string line = { line_of(&t, i), strlen(line_of(&t, i)) };
                ck_assert_uint_le(tp_string_width(line), columns);
            }
            type(&t, "jfj\t");
        }
    }
    tp_tui_resize(&t, 49, 24);
    ck_assert_str_eq(line_of(&t, 0), "too small: 50 x 10 are wanted");
    ck_assert_int_eq(tp_tui_key(&t, 'q'), TP_TUI_LEAVE);
    ck_assert_int_eq(tp_tui_key(&t, 'O'), TP_TUI_EDIT);
    close_tui(&t);
}
END_TEST

START_TEST(names_harm_no_terminal)
{
    tp_tui t;
    tp_profile *p = build_profile();
    uint32_t row = build_row(p, "\xE6\x97\xA5\xE6\x9C\xAC.py", 1, "\x1B[31m\n\xE2\x80\xAE", 1, 1, 1);
    build_thread(p, "t\x1B]0;x\x07", 1);
    build_context(p, TP_NO_INDEX, row, 1, 1);
    build_finish(p);
    open_tui(&t, p);
    ck_assert_str_eq(line_of(&t, 1), "thread 1 of 1: t\\x1b]0;x\\x07, 1");
    ck_assert_ptr_nonnull(
        strstr(line_of(&t, 3), "\xE6\x97\xA5\xE6\x9C\xAC.py:1(\\x1b[31m\\n\\u202e)"));
    tp_tui_say(&t, "\x1B[2J");
    ck_assert_str_eq(line_of(&t, LINES - 1), "\\x1b[2J");
    close_tui(&t);
}
END_TEST

START_TEST(nothing_is_a_profile_too)
{
    tp_tui t;
    tp_profile *p = build_profile();
    build_finish(p);
    open_tui(&t, p);
    ck_assert_str_eq(line_of(&t, 1), "no calls");
    type(&t, "jkcCeEulnp+\n><sStTxmfgr\n/a\n\t/a\n");
    ck_assert_uint_eq(tp_tui_selected(&t), TP_NO_INDEX);
    close_tui(&t);
}
END_TEST

START_TEST(times_are_changed_in_place)
{
    tp_tui t;
    open_tui(&t, compensated("a2b3c1)))"));
    type(&t, "Cl");
    const char *before = tree_of(&t);
    ck_assert_str_eq(before, "a .[b]");
    char line[100];
    snprintf(line, sizeof line, "%s", line_of(&t, 4));
    type(&t, "x");
    ck_assert_str_eq(tree_of(&t), "a .[b]");
    ck_assert_str_ne(line_of(&t, 4), line);
    type(&t, "x");
    ck_assert_str_eq(line_of(&t, 4), line);
    close_tui(&t);
}
END_TEST

/* A chain and a fan, both of so many contexts that calling oneself, or a step of n for each key, would
 * show. */
START_TEST(large_trees_are_walked)
{
    uint32_t count = is_quick() ? 20000 : 1000000;
    for (int chain = 0; chain < 2; chain++) {
        tp_tui t;
        tp_profile *p = build_profile();
        uint32_t row = build_row(p, "m.py", 1, "f", count, 1, 1);
        uint32_t last = build_row(p, "m.py", 2, "last", 1, 0, 0), at = TP_NO_INDEX;
        build_thread(p, "t", 1);
        for (uint32_t i = 0; i < count; i++) {
            uint32_t made = build_context(p, at, i + 1 < count ? row : last, 1, count - i);
            at = chain || i == 0 ? made : at;
        }
        build_finish(p);
        open_tui(&t, p);
        type(&t, "E");
        ck_assert_uint_eq(t.tree.count, count);
        type(&t, "/last\n");
        ck_assert_uint_eq(t.cursor[TP_PANE_TREE], count - 1);
        ck_assert_ptr_nonnull(strstr(line_of(&t, 13), "m.py:2(last)"));
        type(&t, "<");
        ck_assert_uint_eq(t.cursor[TP_PANE_TREE], count - 1);
        tp_tui_key(&t, TP_KEY_HOME);
        type(&t, "C");
        ck_assert_uint_eq(t.tree.count, 1);
        type(&t, "<");
        ck_assert_str_eq(selected_name(&t), "last");
        close_tui(&t);
    }
}
END_TEST

Suite *tui_suite(void)
{
    Suite *suite = suite_create("tui");
    TCase *keys = tcase_create("keys");
    tcase_add_test(keys, the_heaviest_path_is_unfolded);
    tcase_add_test(keys, nodes_unfold_and_fold);
    tcase_add_test(keys, the_cursor_goes_by_kinship);
    tcase_add_test(keys, the_tree_is_searched);
    tcase_add_test(keys, what_is_typed_can_be_taken_back);
    tcase_add_test(keys, the_table_follows_and_leads);
    tcase_add_test(keys, the_table_is_sorted);
    tcase_add_test(keys, times_are_changed_in_place);
    suite_add_tcase(suite, keys);
    TCase *lines = tcase_create("lines");
    tcase_add_test(lines, lines_are_drawn);
    tcase_add_test(lines, any_size_is_survived);
    tcase_add_test(lines, names_harm_no_terminal);
    tcase_add_test(lines, nothing_is_a_profile_too);
    suite_add_tcase(suite, lines);
    TCase *large = tcase_create("large");
    tcase_set_timeout(large, 60);
    tcase_add_test(large, large_trees_are_walked);
    suite_add_tcase(suite, large);
    return suite;
}

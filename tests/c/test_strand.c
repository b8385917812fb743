/* Several stacks on one track. */
#include <stdlib.h>

#include "strand.h"
#include "support.h"

#define MAIN 16
#define LEFT 32
#define RIGHT 48

static void enter(fixture *f, char letter)
{
    tp_enter(f->track, &letters[(unsigned char)letter], NULL);
}

static void leave(fixture *f, char letter)
{
    tp_leave(f->track, &letters[(unsigned char)letter]);
}

static void pass(fixture *f, uint64_t ticks)
{
    ck_assert_int_eq(tp_clock_advance(f->clock, ticks), TP_OK);
}

static tp_profile *profile_of(fixture *f)
{
    tp_profile *profile;
    ck_assert_int_eq(tp_session_profile(f->session, &profile), TP_OK);
    return profile;
}

/* m calls a on one strand and b on another, which call c and d; they are left in the order in which no
 * single stack could be. */
static void interleave(fixture *f)
{
    enter(f, 'm');
    tp_track_switch(f->track, MAIN, LEFT);
    enter(f, 'a');
    pass(f, 1);
    enter(f, 'c');
    pass(f, 2);
    tp_track_switch(f->track, LEFT, RIGHT);
    enter(f, 'b');
    pass(f, 10);
    enter(f, 'd');
    pass(f, 20);
    tp_track_switch(f->track, RIGHT, LEFT);
    pass(f, 3);
    leave(f, 'c');
    leave(f, 'a');
    tp_track_switch(f->track, LEFT, RIGHT);
    pass(f, 30);
    leave(f, 'd');
    leave(f, 'b');
    tp_track_switch(f->track, RIGHT, MAIN);
    pass(f, 100);
    leave(f, 'm');
}

START_TEST(calls_end_on_their_own_strand)
{
    fixture f;
    open_fixture(&f, 0, 0);
    interleave(&f);
    tp_profile *p = profile_of(&f);
    assert_function(p, 'm', 1, 1, 100, 100);
    assert_function(p, 'a', 1, 1, 1, 6);
    assert_function(p, 'c', 1, 1, 5, 5);
    assert_function(p, 'b', 1, 1, 10, 60);
    assert_function(p, 'd', 1, 1, 50, 50);
    assert_edge(p, 'a', 'c', 1, 1, 5, 5);
    assert_edge(p, 'b', 'd', 1, 1, 50, 50);
    ck_assert_uint_eq(tp_profile_edge_count(p), 2);
    ck_assert_uint_eq(tp_session_repairs(f.session).orphans, 0);
    tp_profile_destroy(p);
    close_fixture(&f);
}
END_TEST

START_TEST(what_was_put_aside_counts_when_looked_at_and_at_the_end)
{
    fixture f;
    open_fixture(&f, 0, 0);
    enter(&f, 'a');
    pass(&f, 5);
    tp_track_switch(f.track, MAIN, LEFT);
    pass(&f, 50);
    tp_profile *p = profile_of(&f);
    assert_function(p, 'a', 1, 1, 5, 5);
    tp_profile_destroy(p);
    p = profile_of(&f); /* looking changes nothing */
    assert_function(p, 'a', 1, 1, 5, 5);
    tp_profile_destroy(p);
    ck_assert_uint_gt(tp_session_memory(f.session), 0);
    tp_session_close(f.session);
    tp_track_switch(f.track, LEFT, MAIN); /* nothing comes back */
    leave(&f, 'a');
    p = profile_of(&f);
    assert_function(p, 'a', 1, 1, 5, 5);
    tp_profile_destroy(p);
    close_fixture(&f);
}
END_TEST

START_TEST(beyond_the_cap_calls_are_counted_once)
{
    fixture f;
    open_fixture(&f, 2, 0);
    interleave(&f);
    tp_profile *p = profile_of(&f);
    for (const char *letter = "macbd"; *letter != '\0'; letter++)
        ck_assert_int_eq(find_function(p, *letter)->calls, 1);
    tp_profile_destroy(p);
    close_fixture(&f);
}
END_TEST

START_TEST(many_deep_strands_come_back_in_any_order)
{
    enum { STRANDS = 200, DEPTH = 700 };
    fixture f;
    open_fixture(&f, 0, 0);
    uint64_t here = MAIN;
    for (uint64_t s = 1; s <= STRANDS; s++) {
        tp_track_switch(f.track, here, 16 * (s + 1));
        here = 16 * (s + 1);
        for (int i = 0; i < DEPTH; i++)
            enter(&f, (char)('a' + i % 26));
    }
    for (uint64_t s = 1; s <= STRANDS; s++) {
        uint64_t next = 16 * (s * 7 % (STRANDS + 1) + 1); /* 7 and 201 share no factor */
        tp_track_switch(f.track, here, next);
        here = next;
        ck_assert_uint_eq(tp_track_depth(f.track), DEPTH);
        pass(&f, 1);
        for (int i = DEPTH - 1; i >= 0; i--)
            leave(&f, (char)('a' + i % 26));
        ck_assert_uint_eq(tp_track_depth(f.track), 0);
    }
    tp_profile *p = profile_of(&f);
    ck_assert_int_eq(find_function(p, 'a')->calls, STRANDS * (int64_t)((DEPTH + 25) / 26));
    ck_assert_double_eq(find_function(p, 'a')->cumulative, STRANDS);
    ck_assert_uint_eq(tp_session_repairs(f.session).orphans, 0);
    tp_profile_destroy(p);
    close_fixture(&f);
}
END_TEST

START_TEST(any_allocation_may_fail)
{
    for (long n = 0;; n++) {
        fixture f = { NULL, NULL, NULL };
        failing memory;
        failing_init(&memory, n);
        ck_assert_int_eq(tp_clock_create_fake(&f.clock, 0, 1), TP_OK);
        tp_session_options options = TP_SESSION_OPTIONS_INIT;
        options.allocator = &memory.allocator;
        options.clock = f.clock;
        options.resolver.resolve = resolve_letter;
        tp_status status = tp_session_create(&f.session, &options);
        if (status == TP_OK)
            status = tp_session_add_track(f.session, &f.track, "name", 4, 1);
        if (status == TP_OK) {
            interleave(&f);
            for (int i = 0; i < 600; i++)
                enter(&f, (char)('a' + i % 26));
            tp_track_switch(f.track, MAIN, LEFT);
            tp_track_switch(f.track, LEFT, MAIN);
            tp_session_close(f.session);
            status = tp_session_status(f.session);
        }
        long failed = memory.count > n;
        ck_assert(failed ? status == TP_ENOMEM : status == TP_OK);
        tp_session_destroy(f.session);
        tp_clock_destroy(f.clock);
        ck_assert_int_eq(memory.live, 0);
        if (!failed)
            break;
        ck_assert_int_lt(n, 1000);
    }
}
END_TEST

Suite *strand_suite(void)
{
    Suite *suite = suite_create("strands");
    TCase *tests = tcase_create("strands");
    tcase_add_test(tests, calls_end_on_their_own_strand);
    tcase_add_test(tests, what_was_put_aside_counts_when_looked_at_and_at_the_end);
    tcase_add_test(tests, beyond_the_cap_calls_are_counted_once);
    tcase_add_test(tests, many_deep_strands_come_back_in_any_order);
    tcase_add_test(tests, any_allocation_may_fail);
    suite_add_tcase(suite, tests);
    return suite;
}

#define _XOPEN_SOURCE 700
#include <math.h>
#include <time.h>

#include "counter.h"
#include "support.h"

static void nap(long ms)
{
    struct timespec time = { .tv_nsec = ms * 1000000 };
    nanosleep(&time, NULL);
}

START_TEST(kinds_measure_a_nap)
{
    const tp_clock_kind kinds[] = { TP_CLOCK_AUTO, TP_CLOCK_COUNTER, TP_CLOCK_MONOTONIC };
    for (size_t i = 0; i < 3; i++) {
        tp_clock *clock;
        tp_status status = tp_clock_create(&clock, kinds[i]);
        if (kinds[i] == TP_CLOCK_COUNTER && !tp_counter_is_trusted()) {
            ck_assert_int_eq(status, TP_EUNSUPPORTED);
            continue;
        }
        ck_assert_int_eq(status, TP_OK);
        ck_assert_int_ne(tp_clock_get_kind(clock), TP_CLOCK_AUTO);
        uint64_t before = tp_clock_read(clock);
        nap(20);
        double seconds = (double)(tp_clock_read(clock) - before) * tp_clock_unit(clock);
        ck_assert_double_ge(seconds, 0.0199);
        ck_assert_double_le(seconds, 5.0);
        tp_clock_destroy(clock);
    }
}
END_TEST

START_TEST(fitted_rate_agrees_with_monotonic)
{
    tp_clock *counter, *monotonic;
    ck_assert_int_eq(tp_clock_create(&counter, TP_CLOCK_AUTO), TP_OK);
    ck_assert_int_eq(tp_clock_create(&monotonic, TP_CLOCK_MONOTONIC), TP_OK);
    /* Asked at once, the unit still is good: the call waits until it can be. */
    double first = tp_clock_unit(counter);
    uint64_t a = tp_clock_read(counter), b = tp_clock_read(monotonic);
    nap(50);
    uint64_t c = tp_clock_read(counter), d = tp_clock_read(monotonic);
    double ratio = (double)(c - a) * first / ((double)(d - b) * tp_clock_unit(monotonic));
    ck_assert_double_gt(ratio, 0.99);
    ck_assert_double_lt(ratio, 1.01);
    tp_clock_destroy(counter);
    tp_clock_destroy(monotonic);
}
END_TEST

START_TEST(thread_cpu_time_stands_still_in_sleep)
{
    tp_clock *clock;
    ck_assert_int_eq(tp_clock_create(&clock, TP_CLOCK_THREAD_CPU), TP_OK);
    ck_assert_str_eq(tp_clock_name(clock), "thread-cpu");
    uint64_t before = tp_clock_read(clock);
    nap(50);
    ck_assert_double_lt((double)(tp_clock_read(clock) - before) * tp_clock_unit(clock), 0.045);
    tp_clock_destroy(clock);
}
END_TEST

START_TEST(a_held_rate_does_not_change)
{
    tp_clock *elder, *younger = NULL, *fake;
    ck_assert_int_eq(tp_clock_create(&elder, TP_CLOCK_AUTO), TP_OK);
    ck_assert_int_eq(tp_clock_create_younger(&younger, elder), TP_OK);
    tp_clock_hold(younger);
    double held = tp_clock_unit(younger);
    nap(5);
    ck_assert_double_eq(tp_clock_unit(younger), held);
    tp_clock_release(younger);
    ck_assert_double_gt(tp_clock_unit(younger), held * 0.99);
    ck_assert_double_lt(tp_clock_unit(younger), held * 1.01);
    ck_assert_int_eq(tp_clock_create_fake(&fake, 1, 0.5), TP_OK);
    tp_clock_hold(fake);
    tp_clock_release(fake);
    ck_assert_double_eq(tp_clock_unit(fake), 0.5);
    ck_assert_int_eq(tp_clock_create_younger(&younger, fake), TP_EARGUMENT);
    tp_clock_destroy(fake);
    tp_clock_destroy(younger);
    tp_clock_destroy(elder);
}
END_TEST

static uint64_t read_eleven(void *context)
{
    return 11 + *(uint64_t *)context;
}

START_TEST(callers_clock_is_read)
{
    tp_clock *clock;
    uint64_t context = 5;
    ck_assert_int_eq(tp_clock_create_callback(&clock, read_eleven, &context, 0.25), TP_OK);
    ck_assert_uint_eq(tp_clock_read(clock), 16);
    ck_assert_double_eq(tp_clock_unit(clock), 0.25);
    ck_assert_str_eq(tp_clock_name(clock), "callback");
    ck_assert_int_eq(tp_clock_advance(clock, 1), TP_EARGUMENT);
    tp_clock_destroy(clock);
}
END_TEST

START_TEST(fake_clock_steps)
{
    tp_clock *clock;
    ck_assert_int_eq(tp_clock_create_fake(&clock, 3, 1e-9), TP_OK);
    ck_assert_uint_eq(tp_clock_read(clock), 0);
    ck_assert_uint_eq(tp_clock_read(clock), 3);
    ck_assert_int_eq(tp_clock_advance(clock, 100), TP_OK);
    ck_assert_uint_eq(tp_clock_read(clock), 106);
    tp_clock_destroy(clock);
}
END_TEST

START_TEST(bad_arguments_are_refused)
{
    tp_clock *clock = NULL;
    ck_assert_int_eq(tp_clock_create(&clock, TP_CLOCK_FAKE), TP_EARGUMENT);
    ck_assert_int_eq(tp_clock_create(&clock, (tp_clock_kind)77), TP_EARGUMENT);
    ck_assert_int_eq(tp_clock_create_callback(&clock, NULL, NULL, 1), TP_EARGUMENT);
    ck_assert_int_eq(tp_clock_create_callback(&clock, read_eleven, NULL, 0), TP_EARGUMENT);
    ck_assert_int_eq(tp_clock_create_fake(&clock, 1, -1), TP_EARGUMENT);
    ck_assert_int_eq(tp_clock_create_fake(&clock, 1, (double)NAN), TP_EARGUMENT);
    ck_assert_ptr_null(clock);
    tp_clock_destroy(NULL);
}
END_TEST

Suite *clock_suite(void)
{
    Suite *suite = suite_create("clock");
    TCase *tests = tcase_create("clock");
    tcase_add_test(tests, kinds_measure_a_nap);
    tcase_add_test(tests, fitted_rate_agrees_with_monotonic);
    tcase_add_test(tests, thread_cpu_time_stands_still_in_sleep);
    tcase_add_test(tests, a_held_rate_does_not_change);
    tcase_add_test(tests, callers_clock_is_read);
    tcase_add_test(tests, fake_clock_steps);
    tcase_add_test(tests, bad_arguments_are_refused);
    suite_add_tcase(suite, tests);
    return suite;
}

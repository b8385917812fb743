/* Coroutines between their calls: one table for several sessions. */
#include "suspension.h"

#include <stdlib.h>

#include "recorder.h"
#include "support.h"

static int every_function(void *context, const void *key, void *subject)
{
    (void)context;
    (void)key;
    (void)subject;
    return 1;
}

static void open_session(fixture *f, uint32_t max_contexts, const tp_allocator *allocator)
{
    tp_session_options options = TP_SESSION_OPTIONS_INIT;
    options.allocator = allocator;
    options.clock = f->clock;
    options.resolver.resolve = resolve_letter;
    options.resolver.is_coroutine = every_function;
    options.max_contexts = max_contexts;
    ck_assert_int_eq(tp_session_create(&f->session, &options), TP_OK);
    ck_assert_int_eq(tp_session_add_track(f->session, &f->track, "main", 4, 7), TP_OK);
}

/* Sessions of one clock. */
static void open_sessions(fixture *f, size_t count, uint32_t max_contexts)
{
    ck_assert_int_eq(tp_clock_create_fake(&f[0].clock, 0, 1.0), TP_OK);
    for (size_t i = 0; i < count; i++) {
        f[i].clock = f[0].clock;
        open_session(&f[i], max_contexts, NULL);
    }
}

static void close_sessions(fixture *f, size_t count, tp_suspensions *table)
{
    for (size_t i = 0; i < count; i++) {
        tp_suspensions_forget(table, f[i].session);
        tp_session_destroy(f[i].session);
    }
    ck_assert_uint_eq(table->first.count, 0);
    tp_suspensions_free(table);
    tp_clock_destroy(f[0].clock);
}

static void pass(const fixture *f, uint64_t ticks)
{
    ck_assert_int_eq(tp_clock_advance(f->clock, ticks), TP_OK);
}

static void enter(const fixture *f, char letter)
{
    tp_enter(f->track, &letters[(unsigned char)letter], NULL);
}

static void leave(const fixture *f, char letter)
{
    tp_leave(f->track, &letters[(unsigned char)letter]);
}

static void suspend(tp_suspensions *table, const fixture *f, char letter, uint64_t instance)
{
    tp_suspend(table, f->track, &letters[(unsigned char)letter], instance);
}

static void resume(tp_suspensions *table, const fixture *f, char letter, uint64_t instance)
{
    tp_resume(table, f->track, &letters[(unsigned char)letter], instance);
}

/* What a profile says of a letter now. */
static void assert_waits(const fixture *f, char letter, uint64_t started, uint64_t resumes,
                         int64_t active, int64_t awaited)
{
    tp_profile *p;
    ck_assert_int_eq(tp_session_profile(f->session, &p), TP_OK);
    const tp_coroutine *row = NULL;
    for (size_t i = 0; i < tp_profile_coroutine_count(p); i++) {
        const tp_coroutine *at = &tp_profile_coroutines(p)[i];
        if (tp_profile_functions(p)[at->function].label.line == letter)
            row = at;
    }
    ck_assert_msg(row != NULL, "no coroutine %c", letter);
    ck_assert_msg(row->started == started && row->resumes == resumes &&
                      row->active_ticks == active && row->awaited_ticks == awaited,
                  "%c: %llu started, %llu resumes, %lld active, %lld awaited", letter,
                  (unsigned long long)row->started, (unsigned long long)row->resumes,
                  (long long)row->active_ticks, (long long)row->awaited_ticks);
    tp_profile_destroy(p);
}

/* What a profile says of the places of a letter now, added up. */
static int64_t awaited_at(const fixture *f, char letter)
{
    tp_profile *p;
    int64_t sum = 0;
    ck_assert_int_eq(tp_session_profile(f->session, &p), TP_OK);
    const tp_thread_tree *tree = tp_profile_threads(p);
    for (size_t i = 0; i < tree->context_count; i++) {
        if (tp_profile_functions(p)[tree->contexts[i].function].label.line == letter)
            sum += tree->contexts[i].awaited_ticks;
    }
    if (sum != 0)
        ck_assert(tp_profile_has_awaited(p));
    tp_profile_destroy(p);
    return sum;
}

START_TEST(a_place_has_what_was_awaited_in_it_and_below)
{
    fixture f;
    tp_suspensions table;
    tp_suspensions_init(&table, NULL);
    open_sessions(&f, 1, 0);
    enter(&f, 'x');
    enter(&f, 'a');
    enter(&f, 'b');
    suspend(&table, &f, 'b', 2);
    pass(&f, 1); /* on the way out, a is active and b is not */
    suspend(&table, &f, 'a', 1);
    pass(&f, 10);
    for (int i = 0; i < 2; i++) {
        ck_assert_int_eq(awaited_at(&f, 'b'), 11);
        ck_assert_int_eq(awaited_at(&f, 'a'), 10);
        ck_assert_int_eq(awaited_at(&f, 'x'), 10);
    }
    resume(&table, &f, 'a', 1);
    resume(&table, &f, 'b', 2);
    leave(&f, 'b');
    leave(&f, 'a');
    leave(&f, 'x');
    pass(&f, 50);
    ck_assert_int_eq(awaited_at(&f, 'a'), 10);
    /* One that goes on without who began it waits longer than that was there. */
    enter(&f, 'y');
    enter(&f, 'c');
    suspend(&table, &f, 'c', 3);
    suspend(&table, &f, 'y', 4);
    pass(&f, 2);
    resume(&table, &f, 'y', 4);
    leave(&f, 'y');
    pass(&f, 40);
    resume(&table, &f, 'c', 3);
    leave(&f, 'c');
    ck_assert_int_eq(awaited_at(&f, 'c'), 42);
    ck_assert_int_eq(awaited_at(&f, 'y'), 42);
    close_sessions(&f, 1, &table);
}
END_TEST

START_TEST(what_has_no_place_is_awaited_nowhere)
{
    fixture f;
    tp_suspensions table;
    tp_suspensions_init(&table, NULL);
    open_sessions(&f, 1, 1);
    enter(&f, 'x');
    enter(&f, 'a'); /* beyond the cap */
    suspend(&table, &f, 'a', 1);
    suspend(&table, &f, 'b', 2); /* began before the recording did */
    pass(&f, 5);
    resume(&table, &f, 'a', 1);
    leave(&f, 'a');
    leave(&f, 'x');
    assert_waits(&f, 'a', 1, 1, 0, 5);
    ck_assert_int_eq(awaited_at(&f, 'x'), 0);
    ck_assert_uint_eq(f.track->node_waits.count, 0);
    close_sessions(&f, 1, &table);
}
END_TEST

START_TEST(time_between_calls_is_awaited)
{
    fixture f;
    tp_suspensions table;
    tp_suspensions_init(&table, NULL);
    open_sessions(&f, 1, 0);
    enter(&f, 'a');
    pass(&f, 3);
    suspend(&table, &f, 'a', 1);
    ck_assert_uint_eq(tp_track_depth(f.track), 0);
    ck_assert(tp_session_suspended(f.session) > 0);
    pass(&f, 10);
    resume(&table, &f, 'a', 1);
    ck_assert(tp_session_suspended(f.session) == 0);
    pass(&f, 2);
    leave(&f, 'a');
    pass(&f, 50);
    assert_waits(&f, 'a', 1, 1, 5, 10);
    close_sessions(&f, 1, &table);
}
END_TEST

START_TEST(instances_of_one_function_wait_at_the_same_time)
{
    fixture f;
    tp_suspensions table;
    tp_suspensions_init(&table, NULL);
    open_sessions(&f, 1, 0);
    for (uint64_t instance = 1; instance <= 100; instance++) {
        enter(&f, 'a');
        suspend(&table, &f, 'a', instance);
    }
    pass(&f, 7);
    for (uint64_t instance = 1; instance <= 100; instance += 2) {
        resume(&table, &f, 'a', instance);
        leave(&f, 'a');
    }
    pass(&f, 1);
    assert_waits(&f, 'a', 100, 50, 0, 50 * 7 + 50 * 8);
    close_sessions(&f, 1, &table);
}
END_TEST

START_TEST(an_instance_waits_for_each_session_by_itself)
{
    fixture f[3];
    tp_suspensions table;
    tp_suspensions_init(&table, NULL);
    open_sessions(f, 3, 0);
    for (int i = 0; i < 3; i++) {
        enter(&f[i], 'a');
        suspend(&table, &f[i], 'a', 9);
        pass(&f[i], 1);
    }
    ck_assert_uint_eq(table.first.count, 1);
    /* The one in the middle, the last, the first of its list. */
    resume(&table, &f[1], 'a', 9);
    leave(&f[1], 'a');
    pass(f, 10);
    tp_suspensions_forget(&table, f[2].session);
    ck_assert(tp_session_suspended(f[0].session) > 0);
    resume(&table, &f[0], 'a', 9);
    leave(&f[0], 'a');
    ck_assert_uint_eq(table.first.count, 0);
    assert_waits(&f[0], 'a', 1, 1, 0, 13);
    assert_waits(&f[1], 'a', 1, 1, 0, 2);
    assert_waits(&f[2], 'a', 1, 0, 0, 0);
    close_sessions(f, 3, &table);
}
END_TEST

START_TEST(what_goes_on_elsewhere_is_awaited_until_then)
{
    fixture f[3];
    tp_suspensions table;
    tp_suspensions_init(&table, NULL);
    open_sessions(f, 3, 0);
    tp_suspensions_end(&table, 5); /* nothing is known of it */
    for (int i = 0; i < 3; i++) {
        enter(&f[i], 'a');
        suspend(&table, &f[i], 'a', 5);
        enter(&f[i], 'a');
        suspend(&table, &f[i], 'a', 6);
    }
    pass(f, 4);
    tp_suspensions_end(&table, 5);
    pass(f, 100);
    ck_assert_uint_eq(table.first.count, 1);
    for (int i = 0; i < 3; i++)
        assert_waits(&f[i], 'a', 2, 0, 0, 4 + 104);
    close_sessions(f, 3, &table);
}
END_TEST

START_TEST(settling_ends_all_of_one_session)
{
    fixture f[2];
    tp_suspensions table;
    tp_suspensions_init(&table, NULL);
    open_sessions(f, 2, 0);
    for (uint64_t instance = 1; instance <= 20; instance++) {
        for (int i = 0; i < 2; i++) {
            enter(&f[i], instance % 2 ? 'a' : 'b');
            suspend(&table, &f[i], instance % 2 ? 'a' : 'b', instance);
        }
    }
    pass(f, 3);
    tp_suspensions_settle(&table, f[0].session, tp_clock_read(f->clock));
    ck_assert(tp_session_suspended(f[0].session) == 0);
    ck_assert(tp_session_suspended(f[1].session) > 0);
    pass(f, 5);
    for (char letter = 'a'; letter <= 'b'; letter++) {
        assert_waits(&f[0], letter, 10, 0, 0, 30);
        assert_waits(&f[1], letter, 10, 0, 0, 80);
    }
    /* Once settled it does not count again. */
    resume(&table, &f[0], 'a', 1);
    leave(&f[0], 'a');
    assert_waits(&f[0], 'a', 10, 1, 0, 30);
    close_sessions(f, 2, &table);
}
END_TEST

START_TEST(a_profile_counts_what_still_waits_and_changes_nothing)
{
    fixture f;
    tp_suspensions table;
    uint64_t sums[8] = { 0 };
    tp_suspensions_init(&table, NULL);
    open_sessions(&f, 1, 0);
    enter(&f, 'a');
    suspend(&table, &f, 'a', 1);
    pass(&f, 5);
    for (int i = 0; i < 3; i++)
        assert_waits(&f, 'a', 1, 0, 0, 5);
    enter(&f, 'b');
    suspend(&table, &f, 'b', 2);
    /* b's began after the clock was read at 3: it adds nothing, rather than nearly 2^64. */
    tp_suspensions_add_to(&table, f.session, 3, sums);
    ck_assert_uint_eq(sums[0], 3);
    ck_assert_uint_eq(sums[1], 0);
    pass(&f, 5);
    resume(&table, &f, 'a', 1);
    leave(&f, 'a');
    assert_waits(&f, 'a', 1, 1, 0, 10);
    close_sessions(&f, 1, &table);
}
END_TEST

START_TEST(a_call_that_began_before_the_recording_waits_from_here_on)
{
    fixture f;
    tp_suspensions table;
    tp_suspensions_init(&table, NULL);
    open_sessions(&f, 1, 0);
    suspend(&table, &f, 'a', 1);
    pass(&f, 6);
    resume(&table, &f, 'a', 1);
    pass(&f, 1);
    leave(&f, 'a');
    assert_waits(&f, 'a', 0, 1, 1, 6);
    /* An address that comes back while its old owner is still noted. */
    suspend(&table, &f, 'a', 2);
    pass(&f, 100);
    suspend(&table, &f, 'a', 2);
    pass(&f, 1);
    resume(&table, &f, 'a', 2);
    leave(&f, 'a');
    assert_waits(&f, 'a', 0, 2, 1, 7);
    close_sessions(&f, 1, &table);
}
END_TEST

START_TEST(suspending_ends_calls_below_it)
{
    fixture f;
    tp_suspensions table;
    tp_suspensions_init(&table, NULL);
    open_sessions(&f, 1, 0);
    enter(&f, 'a');
    enter(&f, 'b');
    pass(&f, 2);
    suspend(&table, &f, 'a', 1);
    ck_assert_uint_eq(tp_track_depth(f.track), 0);
    ck_assert_uint_eq(tp_session_repairs(f.session).unwound, 1);
    assert_waits(&f, 'b', 1, 0, 2, 0);
    close_sessions(&f, 1, &table);
}
END_TEST

START_TEST(beyond_the_cap_the_figures_are_the_same)
{
    for (uint32_t cap = 0; cap < 4; cap++) {
        fixture f;
        tp_suspensions table;
        tp_suspensions_init(&table, NULL);
        open_sessions(&f, 1, cap);
        for (int round = 0; round < 3; round++) {
            enter(&f, 'x');
            enter(&f, 'y');
            enter(&f, 'a');
            pass(&f, 1);
            enter(&f, 'b');
            pass(&f, 2);
            suspend(&table, &f, 'b', 2);
            suspend(&table, &f, 'a', 1);
            leave(&f, 'y');
            pass(&f, 10);
            resume(&table, &f, 'a', 1);
            resume(&table, &f, 'b', 2);
            pass(&f, 4);
            leave(&f, 'b');
            leave(&f, 'a');
            leave(&f, 'x');
        }
        ck_assert_int_eq(tp_session_repairs(f.session).folded > 0, cap > 0);
        assert_waits(&f, 'a', 3, 3, 3 * 7, 30);
        assert_waits(&f, 'b', 3, 3, 3 * 6, 30);
        close_sessions(&f, 1, &table);
    }
}
END_TEST

START_TEST(the_table_grows_with_what_waits_at_once_only)
{
    fixture f[2];
    tp_suspensions table;
    tp_suspensions_init(&table, NULL);
    open_sessions(f, 2, 0);
    for (uint64_t n = 1; n <= 20000; n++) {
        enter(&f[n % 2], 'a');
        suspend(&table, &f[n % 2], 'a', n);
        if (n > 10 && n % 3 == 0)
            tp_suspensions_end(&table, n - 10);
        else if (n > 10)
            resume(&table, &f[n % 2], 'a', n - 10), leave(&f[n % 2], 'a');
    }
    ck_assert_uint_le(table.capacity, 16);
    ck_assert_uint_le(table.first.capacity, 32);
    close_sessions(f, 2, &table);
}
END_TEST

enum { SESSIONS = 4, INSTANCES = 6, STEPS = 4000 };

/* A model: since when an instance waits for a session, and what was summed up. */
typedef struct model {
    uint64_t now, since[SESSIONS][INSTANCES], awaited[SESSIONS];
    int waits[SESSIONS][INSTANCES];
} model;

static void end_in_model(model *m, int session, int instance)
{
    if (m->waits[session][instance])
        m->awaited[session] += m->now - m->since[session][instance];
    m->waits[session][instance] = 0;
}

static void random_step(model *m, const fixture *f, tp_suspensions *table)
{
    int s = rand() % SESSIONS, i = rand() % INSTANCES, action = rand() % 20;
    uint64_t instance = (uint64_t)i * 16 + 16, ticks = (uint64_t)rand() % 5;
    m->now += ticks;
    pass(f, ticks);
    if (action < 9) {
        enter(&f[s], 'a');
        suspend(table, &f[s], 'a', instance);
        m->waits[s][i] = 1;
        m->since[s][i] = m->now;
    } else if (action < 16) {
        resume(table, &f[s], 'a', instance);
        leave(&f[s], 'a');
        end_in_model(m, s, i);
    } else if (action < 18) {
        tp_suspensions_end(table, instance);
        for (s = 0; s < SESSIONS; s++)
            end_in_model(m, s, i);
    } else if (action == 18) {
        tp_suspensions_settle(table, f[s].session, tp_clock_read(f->clock));
        for (i = 0; i < INSTANCES; i++)
            end_in_model(m, s, i);
    } else {
        tp_suspensions_forget(table, f[s].session);
        memset(m->waits[s], 0, sizeof m->waits[s]);
    }
}

START_TEST(random_schedules_equal_a_model)
{
    fixture f[SESSIONS];
    tp_suspensions table;
    model m = { 0 };
    srand(11);
    tp_suspensions_init(&table, NULL);
    open_sessions(f, SESSIONS, 0);
    for (int step = 0; step < STEPS; step++)
        random_step(&m, f, &table);
    for (int s = 0; s < SESSIONS; s++) {
        uint64_t sums[1] = { 0 };
        bool waits = false;
        for (int i = 0; i < INSTANCES; i++)
            waits = waits || m.waits[s][i];
        ck_assert_int_eq(tp_session_suspended(f[s].session) > 0, waits);
        tp_suspensions_settle(&table, f[s].session, m.now);
        for (int i = 0; i < INSTANCES; i++)
            end_in_model(&m, s, i);
        tp_suspensions_add_to(&table, f[s].session, m.now, sums);
        ck_assert_uint_eq(sums[0], 0);
        ck_assert_uint_eq(tp_session_waits(f[s].session, 0)->awaited, m.awaited[s]);
    }
    ck_assert_uint_ge(m.awaited[0], 1000);
    close_sessions(f, SESSIONS, &table);
}
END_TEST

/* More at once than the first items hold, in two sessions. Reports whether anything was lost; nothing may
 * be noted for an instance twice, nor be left when all is forgotten. */
static tp_status suspend_many(fixture *f, tp_suspensions *table, const tp_allocator *allocator)
{
    tp_session_options options = TP_SESSION_OPTIONS_INIT;
    options.allocator = allocator;
    options.clock = f->clock;
    options.resolver.resolve = resolve_letter;
    options.resolver.is_coroutine = every_function;
    options.max_contexts = 3;
    tp_status status = tp_session_create(&f->session, &options);
    if (status != TP_OK)
        return status;
    status = tp_session_add_track(f->session, &f->track, "main", 4, 7);
    for (uint64_t n = 1; status == TP_OK && n <= 60; n++) {
        char letter = (char)('a' + n % 20);
        enter(f, letter);
        suspend(table, f, letter, n);
        if (n % 4 == 0)
            tp_suspensions_end(table, n / 2);
        if (n % 5 == 0) {
            resume(table, f, letter, n);
            leave(f, letter);
        }
    }
    if (status == TP_OK)
        status = tp_session_status(f->session);
    tp_suspensions_settle(table, f->session, tp_clock_read(f->clock));
    tp_profile *profile;
    tp_status read = tp_session_profile(f->session, &profile);
    if (read == TP_OK)
        tp_profile_destroy(profile);
    return status == TP_OK ? read : status;
}

START_TEST(any_allocation_may_fail)
{
    for (int once = 0; once < 2; once++) {
        fixture f;
        failing memory;
        ck_assert_int_eq(tp_clock_create_fake(&f.clock, 1, 1), TP_OK);
        tp_status status;
        long n = 0;
        do {
            tp_suspensions table;
            failing_init(&memory, n++);
            memory.once = once;
            f.session = NULL;
            tp_suspensions_init(&table, &memory.allocator);
            status = suspend_many(&f, &table, &memory.allocator);
            ck_assert_msg(status == TP_OK || status == TP_ENOMEM, "allocation %ld: %s", n,
                          tp_status_name(status));
            ck_assert_uint_eq(table.first.count, 0);
            tp_session_destroy(f.session);
            tp_suspensions_free(&table);
            ck_assert_msg(memory.live == 0, "allocation %ld: %ld blocks leak", n, memory.live);
        } while (status != TP_OK || memory.count > memory.fail_at);
        ck_assert_int_gt(n, 30);
        tp_clock_destroy(f.clock);
    }
}
END_TEST

/* A caller's timer runs Python code, and other threads: one may have suspended its coroutine later than
 * the reading that ends it. */
START_TEST(what_was_suspended_after_the_reading_has_not_waited)
{
    fixture f;
    tp_suspensions table;
    tp_suspensions_init(&table, NULL);
    open_sessions(&f, 1, 0);
    enter(&f, 'a');
    pass(&f, 20);
    suspend(&table, &f, 'a', 1);
    tp_suspensions_settle(&table, f.session, 5);
    ck_assert_uint_eq(tp_session_suspended(f.session), 0);
    assert_waits(&f, 'a', 1, 0, 20, 0);
    close_sessions(&f, 1, &table);
}
END_TEST

Suite *suspension_suite(void)
{
    Suite *suite = suite_create("suspended coroutines");
    TCase *tests = tcase_create("suspension");
    tcase_set_timeout(tests, 60);
    tcase_add_test(tests, time_between_calls_is_awaited);
    tcase_add_test(tests, a_place_has_what_was_awaited_in_it_and_below);
    tcase_add_test(tests, what_has_no_place_is_awaited_nowhere);
    tcase_add_test(tests, instances_of_one_function_wait_at_the_same_time);
    tcase_add_test(tests, an_instance_waits_for_each_session_by_itself);
    tcase_add_test(tests, what_goes_on_elsewhere_is_awaited_until_then);
    tcase_add_test(tests, settling_ends_all_of_one_session);
    tcase_add_test(tests, a_profile_counts_what_still_waits_and_changes_nothing);
    tcase_add_test(tests, a_call_that_began_before_the_recording_waits_from_here_on);
    tcase_add_test(tests, suspending_ends_calls_below_it);
    tcase_add_test(tests, beyond_the_cap_the_figures_are_the_same);
    tcase_add_test(tests, the_table_grows_with_what_waits_at_once_only);
    tcase_add_test(tests, random_schedules_equal_a_model);
    tcase_add_test(tests, what_was_suspended_after_the_reading_has_not_waited);
    tcase_add_test(tests, any_allocation_may_fail);
    suite_add_tcase(suite, tests);
    return suite;
}

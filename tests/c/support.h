/* What the C tests share. */
#ifndef TEST_SUPPORT_H
#define TEST_SUPPORT_H

#include <check.h>
#include <string.h>

#include <traceprof/traceprof.h>

/* Each file of tests gives one suite. */
Suite *base_suite(void);
Suite *clock_suite(void);
Suite *tree_suite(void);
Suite *record_suite(void);
Suite *beyond_suite(void);
Suite *marshal_suite(void);
Suite *reader_suite(void);
Suite *failure_suite(void);
Suite *reshape_suite(void);
Suite *select_suite(void);
Suite *dialect_suite(void);
Suite *reshape_failure_suite(void);
Suite *pattern_suite(void);
Suite *glob_suite(void);
Suite *figures_suite(void);
Suite *strand_suite(void);
Suite *suspension_suite(void);
Suite *compensate_suite(void);
Suite *cost_suite(void);
Suite *emit_suite(void);
Suite *times_suite(void);
Suite *report_suite(void);
Suite *tui_suite(void);

/* A recording on a fake clock. Functions are known by one letter: the key of 'a' is &letters['a'], its
 * label is ("file", letter, "a"). */
typedef struct fixture {
    tp_clock *clock;
    tp_session *session;
    tp_track *track;
} fixture;

extern const uint64_t letters[128];

tp_status resolve_letter(void *context, const void *key, void *subject, tp_label *label);

/* A session with one track. `step` is what a clock reading costs, in ticks of one second. */
void open_fixture(fixture *f, uint32_t max_contexts, uint64_t step);
void close_fixture(fixture *f);

/* Plays a script: a letter enters that function, ')' leaves the innermost one, a digit lets so many
 * ticks pass. "a2b3)1)" calls a, which takes 3 ticks by itself and 3 in b. */
void play(fixture *f, const char *script);

/* The row of a letter; fails the test if there is none. */
const tp_function *find_function(const tp_profile *profile, char letter);

/* The edge between two letters, or NULL. */
const tp_edge *find_edge(const tp_profile *profile, char caller, char callee);

void assert_function(const tp_profile *profile, char letter, int64_t calls, int64_t primitive,
                     double total, double cumulative);
void assert_edge(const tp_profile *profile, char caller, char callee, int64_t calls,
                 int64_t primitive, double total, double cumulative);

/* Whether TRACEPROF_TEST_QUICK is set: under valgrind tests that repeat do so less often. */
int is_quick(void);

/* tests/golden/good/NAME.prof: its bytes, to be freed with free(), and what the reader makes of them. */
#define GOLDEN_ROOM 65536
void read_golden(const char *name, uint8_t **bytes, size_t *size);
tp_profile *golden_profile(const char *name, const tp_allocator *allocator);

/* An allocator that fails from allocation number `fail_at` on, or just at it. */
typedef struct failing {
    tp_allocator allocator;
    long count;   /* allocations so far */
    long fail_at; /* -1: never */
    long live;    /* blocks not yet freed */
    int once;     /* whether the next one succeeds again */
} failing;

void failing_init(failing *f, long fail_at);

#endif

/* The recorder alone: what a call (tp_enter and tp_leave) on a path already seen costs above the two
 * clock reads it cannot do without. Exit status 1 when it is more than the bound.
 *
 * Pairs and reads are measured in turn, in short blocks; each repeat gives one difference, and the
 * median over the repeats is judged: a block disturbed by another process falls out of it. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <traceprof/clock.h>
#include <traceprof/session.h>

#define BOUND_NS 8.0
#define REPEATS 2001
#define BLOCK 2000 /* pairs, and pairs of reads, a repeat */
#define SITES 8    /* different callables in a caller, for the path that is not one call over again */

typedef struct bench {
    tp_clock *clock;
    tp_session *session;
    tp_track *track;
} bench;

typedef void (*workload)(bench *);

/* A callable's key is the address of its name here. */
static const char *const keys[SITES + 1] = { "f0", "f1", "f2", "f3", "f4", "f5", "f6", "f7", "main" };
#define ROOT (&keys[SITES])

static tp_status resolve(void *context, const void *key, void *subject, tp_label *label)
{
    (void)context;
    (void)subject;
    const char *name = *(const char *const *)key;
    label->file = (tp_string){ "pair.c", strlen("pair.c") };
    label->name = (tp_string){ name, strlen(name) };
    label->line = 1;
    return TP_OK;
}

static void one_callee(bench *b)
{
    for (int i = 0; i < BLOCK; i++) {
        tp_enter(b->track, &keys[0], NULL);
        tp_leave(b->track, &keys[0]);
    }
}

static void several_callees(bench *b)
{
    for (int i = 0; i < BLOCK; i++) {
        const void *key = &keys[i % SITES];
        tp_enter(b->track, key, NULL);
        tp_leave(b->track, key);
    }
}

/* A chain of calls, each within the one before. */
static void nested(bench *b)
{
    for (int i = 0; i < BLOCK / SITES; i++) {
        for (int k = 0; k < SITES; k++)
            tp_enter(b->track, &keys[k], NULL);
        for (int k = SITES; k-- > 0;)
            tp_leave(b->track, &keys[k]);
    }
}

static void two_reads(bench *b)
{
    volatile uint64_t sink;
    for (int i = 0; i < BLOCK; i++) {
        sink = tp_clock_read(b->clock);
        sink = tp_clock_read(b->clock);
    }
    (void)sink;
}

/* Ticks a pair, on average over a block. */
static double measure(bench *b, workload work)
{
    uint64_t begin = tp_clock_read(b->clock);
    work(b);
    return (double)(tp_clock_read(b->clock) - begin) / BLOCK;
}

static int by_value(const void *left, const void *right)
{
    double a = *(const double *)left, b = *(const double *)right;
    return (a > b) - (a < b);
}

static double median(double *values)
{
    qsort(values, REPEATS, sizeof *values, by_value);
    return values[REPEATS / 2];
}

/* Prints one row; gives the nanoseconds a pair takes above two reads. */
static double compare(bench *b, const char *name, workload work)
{
    static double pairs[REPEATS], reads[REPEATS], differences[REPEATS];
    work(b); /* From here on the path is known. */
    two_reads(b);
    for (int i = 0; i < REPEATS; i++) {
        pairs[i] = measure(b, work);
        reads[i] = measure(b, two_reads);
        differences[i] = pairs[i] - reads[i];
    }
    double ns = tp_clock_unit(b->clock) * 1e9;
    double above = median(differences) * ns;
    double pair = median(pairs) * ns, read = median(reads) * ns;
    printf("%-16s %10.2f %10.2f %10.2f %10.2f\n", name, pair, read, above,
           (pairs[0] - reads[0]) * ns); /* sorted by now: the least of each */
    return above;
}

static int setup(bench *b)
{
    tp_session_options options = TP_SESSION_OPTIONS_INIT;
    if (tp_clock_create(&b->clock, TP_CLOCK_AUTO) != TP_OK)
        return 0;
    options.clock = b->clock;
    options.resolver.resolve = resolve;
    return tp_session_create(&b->session, &options) == TP_OK &&
           tp_session_add_track(b->session, &b->track, "main", 4, 1) == TP_OK;
}

int main(void)
{
    static const struct {
        const char *name;
        workload work;
    } rows[] = {
        { "one callee", one_callee },
        { "several callees", several_callees },
        { "nested", nested },
    };
    bench b = { NULL, NULL, NULL };
    if (!setup(&b)) {
        fprintf(stderr, "pair: cannot start a session\n");
        return 2;
    }
    tp_enter(b.track, ROOT, NULL);
    printf("clock: %s; nanoseconds, medians of %d blocks of %d\n", tp_clock_name(b.clock), REPEATS,
           BLOCK);
    printf("%-16s %10s %10s %10s %10s\n", "", "pair", "two reads", "above", "least");
    double worst = 0;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        double above = compare(&b, rows[i].name, rows[i].work);
        worst = above > worst ? above : worst;
    }
    tp_session_destroy(b.session);
    tp_clock_destroy(b.clock);
    printf("wanted: at most %.1f ns above two reads: %s\n", BOUND_NS,
           worst <= BOUND_NS ? "met" : "NOT met");
    return worst <= BOUND_NS ? 0 : 1;
}

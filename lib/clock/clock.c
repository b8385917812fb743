#define _XOPEN_SOURCE 700
#include "clock_now.h"

#include <math.h>
#include <time.h>

#include "memory.h"

#define NS_PER_SECOND UINT64_C(1000000000)

/* The fitted rate is as good as the pair of readings at both ends (some 50 ns) against the time
 * between them; two milliseconds give 25 parts in a million, a second gives 0.05. */
#define SHORTEST_FIT_NS UINT64_C(2000000)

static uint64_t read_system_clock(clockid_t id)
{
    struct timespec now;
    if (clock_gettime(id, &now) != 0)
        return 0;
    return (uint64_t)now.tv_sec * NS_PER_SECOND + (uint64_t)now.tv_nsec;
}

static uint64_t read_monotonic(void *context)
{
    (void)context;
    return read_system_clock(CLOCK_MONOTONIC);
}

static uint64_t read_thread_cpu(void *context)
{
    (void)context;
    return read_system_clock(CLOCK_THREAD_CPUTIME_ID);
}

static uint64_t read_fake(void *context)
{
    tp_clock *clock = context;
    uint64_t now = clock->fake_now;
    clock->fake_now += clock->step;
    return now;
}

#ifdef TP_HAVE_COUNTER
/* Counter and nanoseconds as nearly at once as can be: of a few tries the one where the two counter
 * readings around the system call lie closest. */
static void read_both(uint64_t *counter, uint64_t *ns)
{
    uint64_t best = UINT64_MAX;
    for (int attempt = 0; attempt < 5; attempt++) {
        uint64_t before = tp_counter_read();
        uint64_t middle = read_system_clock(CLOCK_MONOTONIC);
        uint64_t after = tp_counter_read();
        if (after - before < best) {
            best = after - before;
            *counter = before + (after - before) / 2;
            *ns = middle;
        }
    }
}

static double fit_counter(const tp_clock *clock)
{
    uint64_t counter = 0, ns = 0;
    do
        read_both(&counter, &ns);
    while (ns - clock->first_ns < SHORTEST_FIT_NS);
    double seconds = (double)(ns - clock->first_ns) / (double)NS_PER_SECOND;
    return seconds / (double)(counter - clock->first_counter);
}
#endif

static tp_status create(tp_clock **out, const tp_clock *values)
{
    tp_clock *clock = tp_alloc(NULL, 1, sizeof *clock);
    if (clock == NULL)
        return TP_ENOMEM;
    *clock = *values;
    *out = clock;
    return TP_OK;
}

static tp_status create_counter(tp_clock **out)
{
#ifdef TP_HAVE_COUNTER
    if (tp_counter_is_trusted()) {
        tp_clock values = { .kind = TP_CLOCK_COUNTER };
        read_both(&values.first_counter, &values.first_ns);
        return create(out, &values);
    }
#endif
    (void)out;
    return TP_EUNSUPPORTED;
}

tp_status tp_clock_create(tp_clock **out, tp_clock_kind kind)
{
    const double nanosecond = 1e-9;
    if (kind == TP_CLOCK_AUTO) {
        tp_status status = create_counter(out);
        if (status != TP_EUNSUPPORTED)
            return status;
        kind = TP_CLOCK_MONOTONIC;
    }
    switch (kind) {
    case TP_CLOCK_COUNTER:
        return create_counter(out);
    case TP_CLOCK_MONOTONIC:
        return create(out, &(tp_clock){ .kind = kind, .read = read_monotonic, .unit = nanosecond });
    case TP_CLOCK_THREAD_CPU:
        return create(out,
                      &(tp_clock){ .kind = kind, .read = read_thread_cpu, .unit = nanosecond });
    default:
        return TP_EARGUMENT;
    }
}

tp_status tp_clock_create_younger(tp_clock **out, const tp_clock *elder)
{
    if (elder->kind == TP_CLOCK_CALLBACK || elder->kind == TP_CLOCK_FAKE)
        return TP_EARGUMENT;
    tp_clock values = *elder;
    if (values.kind == TP_CLOCK_COUNTER)
        values.unit = 0;
    return create(out, &values);
}

static bool is_unit(double unit)
{
    return isfinite(unit) && unit > 0;
}

tp_status tp_clock_create_callback(tp_clock **out, tp_clock_read_fn read, void *context,
                                   double unit)
{
    if (read == NULL || !is_unit(unit))
        return TP_EARGUMENT;
    return create(out, &(tp_clock){ .kind = TP_CLOCK_CALLBACK,
                                    .read = read,
                                    .context = context,
                                    .unit = unit });
}

tp_status tp_clock_create_fake(tp_clock **out, uint64_t step, double unit)
{
    if (!is_unit(unit))
        return TP_EARGUMENT;
    tp_clock values = { .kind = TP_CLOCK_FAKE, .read = read_fake, .step = step, .unit = unit };
    tp_clock *clock;
    tp_status status = create(&clock, &values);
    if (status != TP_OK)
        return status;
    clock->context = clock;
    *out = clock;
    return TP_OK;
}

tp_status tp_clock_advance(tp_clock *clock, uint64_t ticks)
{
    if (clock->kind != TP_CLOCK_FAKE)
        return TP_EARGUMENT;
    clock->fake_now += ticks;
    return TP_OK;
}

void tp_clock_destroy(tp_clock *clock)
{
    tp_free(NULL, clock);
}

uint64_t tp_clock_read(const tp_clock *clock)
{
    return tp_clock_now(clock);
}

double tp_clock_unit(const tp_clock *clock)
{
#ifdef TP_HAVE_COUNTER
    if (clock->kind == TP_CLOCK_COUNTER && !(clock->unit > 0))
        return fit_counter(clock);
#endif
    return clock->unit;
}

void tp_clock_hold(tp_clock *clock)
{
    clock->unit = tp_clock_unit(clock);
}

void tp_clock_release(tp_clock *clock)
{
    if (clock->kind == TP_CLOCK_COUNTER)
        clock->unit = 0;
}

tp_clock_kind tp_clock_get_kind(const tp_clock *clock)
{
    return clock->kind;
}

const char *tp_clock_name(const tp_clock *clock)
{
    static const char *const names[] = { "auto",       "counter",  "monotonic",
                                         "thread-cpu", "callback", "fake" };
    return names[clock->kind];
}

#include "figure.h"

#include <float.h>
#include <math.h>

static int64_t add_counts(int64_t a, int64_t b)
{
    if (b > 0 && a > INT64_MAX - b)
        return INT64_MAX;
    if (b < 0 && a < INT64_MIN - b)
        return INT64_MIN;
    return a + b;
}

tp_totals tp_totals_of(const tp_profile *profile)
{
    tp_totals totals = { 0, 0, 0 };
    const tp_function *functions = tp_profile_functions(profile);
    for (size_t i = 0; i < tp_profile_function_count(profile); i++) {
        totals.calls = add_counts(totals.calls, functions[i].calls);
        totals.primitive_calls = add_counts(totals.primitive_calls, functions[i].primitive_calls);
        totals.time += functions[i].total;
    }
    return totals;
}

/* What a function's row would be that stood for all. */
static tp_function whole(const tp_totals *totals)
{
    return (tp_function){ .calls = totals->calls,
                          .primitive_calls = totals->primitive_calls,
                          .total = totals->time,
                          .cumulative = totals->time };
}

bool tp_figure_read(tp_figure *figure, tp_metric metric, const tp_function *function,
                    const tp_totals *totals)
{
    tp_function sum = whole(totals);
    const tp_function *f = function != NULL ? function : &sum;
    *figure = (tp_figure){ 0, 0 };
    switch (metric) {
    case TP_CALLS:
    case TP_PRIMITIVE_CALLS:
        figure->count = metric == TP_CALLS ? f->calls : f->primitive_calls;
        figure->real = (double)figure->count;
        return true;
    case TP_OWN_TIME:
        figure->real = f->total;
        return true;
    case TP_CUMULATIVE_TIME:
        figure->real = f->cumulative;
        return true;
    case TP_TIME_PER_CALL:
        figure->real = f->primitive_calls > 0 ? f->cumulative / (double)f->primitive_calls : 0;
        return f->primitive_calls > 0;
    case TP_OWN_SHARE:
    case TP_CUMULATIVE_SHARE:
        figure->real = metric == TP_OWN_SHARE ? f->total : f->cumulative;
        figure->real = totals->time > 0 ? 100 * (figure->real / totals->time) : 0;
        return totals->time > 0;
    }
    return false;
}

double tp_figure_limit(const tp_rule *rule, const tp_figure *base)
{
    double value = tp_rule_value(rule);
    if (rule->relation == TP_ABSOLUTE)
        return value;
    return base->real + (rule->relation == TP_OFFSET ? value : fabs(base->real) * value / 100);
}

/* A percentage has at most 9 places and a count 63 bits, so that all products stay below 2^127. */
void tp_figure_exact_limit(tp_int128 *limit, tp_int128 *divisor, const tp_rule *rule,
                           const tp_figure *base)
{
    *limit = rule->digits;
    *divisor = 1;
    if (rule->relation == TP_ABSOLUTE)
        return;
    if (rule->relation == TP_PERCENT) {
        *limit *= base->count < 0 ? -(tp_int128)base->count : base->count;
        *divisor = 100;
        for (int i = 0; i < rule->places; i++)
            *divisor *= 10;
    }
    *limit += *divisor * base->count;
}

int tp_compare_times(double a, double b)
{
    double larger = fmax(fabs(a), fabs(b));
    if (isfinite(larger) && fabs(a - b) <= 8 * DBL_EPSILON * larger)
        return 0;
    return (a > b) - (a < b);
}

static int compare(const tp_rule *rule, const tp_figure *actual, const tp_figure *base)
{
    /* Nothing is no percentage of nothing; what stayed 0 has changed by 0 %. */
    if (rule->relation == TP_PERCENT && actual->real == 0 && base->real == 0)
        return (rule->digits < 0) - (rule->digits > 0);
    if (!tp_metric_is_count(rule->metric))
        return tp_compare_times(actual->real, tp_figure_limit(rule, base));
    tp_int128 limit, divisor;
    tp_figure_exact_limit(&limit, &divisor, rule, base);
    tp_int128 scaled = actual->count * divisor;
    return (scaled > limit) - (scaled < limit);
}

bool tp_figure_breaks(const tp_rule *rule, const tp_figure *actual, const tp_figure *base)
{
    int order = compare(rule, actual, base);
    switch (rule->op) {
    case TP_GREATER:
        return order > 0;
    case TP_GREATER_EQUAL:
        return order >= 0;
    case TP_LESS:
        return order < 0;
    case TP_LESS_EQUAL:
        return order <= 0;
    case TP_EQUAL:
        return order == 0;
    case TP_UNEQUAL:
        return order != 0;
    }
    return false;
}

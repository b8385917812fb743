/* One figure of a profile, and how it compares with what a rule allows. */
#ifndef TP_FIGURE_H
#define TP_FIGURE_H

#include "rule.h"

typedef struct tp_figure {
    int64_t count; /* where the metric is a number of calls */
    double real;   /* the same, or seconds, or percent */
} tp_figure;

/* Sums over a profile's functions. */
typedef struct tp_totals {
    int64_t calls; /* stops at INT64_MAX */
    int64_t primitive_calls;
    double time;
} tp_totals;

tp_totals tp_totals_of(const tp_profile *profile);

/* The metric of a function, or of the whole profile when it is NULL. False: it has none, as no time
 * a call without calls. */
bool tp_figure_read(tp_figure *figure, tp_metric metric, const tp_function *function,
                    const tp_totals *totals);

/* What the figure is compared with. `base` is the baseline's figure, unused by absolute rules. */
double tp_figure_limit(const tp_rule *rule, const tp_figure *base);

/* The same, exact, where the metric is a number of calls: *limit / *divisor. */
__extension__ typedef __int128 tp_int128;
void tp_figure_exact_limit(tp_int128 *limit, tp_int128 *divisor, const tp_rule *rule,
                           const tp_figure *base);

/* Whether "actual OP limit" holds. */
bool tp_figure_breaks(const tp_rule *rule, const tp_figure *actual, const tp_figure *base);

/* -1, 0 or 1. Times that differ by no more than the rounding of their last digits are equal: 1.1 s
 * is exactly 10 % more than 1 s, whatever binary fractions make of it. */
int tp_compare_times(double a, double b);

#endif

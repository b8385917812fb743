"""Errors of reported times, and the bounds wanted of them. Computes; measures nothing."""

import math
import statistics

# Of what a part measures: what is true, and two of what is reported.
TRUTH = "true"
RAW = "raw"
COMPENSATED = "compensated"
CALLED = "called"  # leaves: what one takes with its call; nobody's report

PROGRAMS = 15
TOTALS = (0.85, 1.15)
TOTALS_DEVIATION = 1.06
NEARER = 0.8  # of all programs; where the hook slows every instruction
SHARES_MEAN, SHARES_WORST = 2.0, 6.0
BIAS_WORST = 5.0
LEAVES, LEAVES_SHORT = 0.10, 0.20
SHORT = 1  # microseconds; leaves below it


def geometric_deviation(values):
    """1 when all are the same; NaN of fewer than two."""
    values = list(values)
    if len(values) < 2:
        return math.nan
    return math.exp(statistics.stdev(math.log(value) for value in values))


def profilers(found):
    return [column for column in found if column not in (TRUTH, CALLED)]


def by_column(results, error):
    """{column: {name: error(median reported, median true)}}."""
    errors = {}
    for name, found in results.items():
        true = statistics.median(found[TRUTH])
        for column in profilers(found):
            errors.setdefault(column, {})[name] = error(statistics.median(found[column]), true)
    return errors


def total_ratios(results):
    return by_column(results, lambda reported, true: reported / true)


def share_errors(results):
    """In percentage points; the other phase's is the same."""
    return by_column(results, lambda reported, true: abs(reported - true) * 100)


def leaf_errors(results):
    return by_column(results, lambda reported, true: reported / true - 1)


def nearer(ratios, others):
    """The share of programs whose ratio is nearer to 1, as a factor, than the other one."""
    closer = [
        ratio > 0 and abs(math.log(ratio)) < abs(math.log(others[name]))
        for name, ratio in ratios.items()
    ]
    return sum(closer) / len(closer)


def at_most(what, bound, value, form):
    return what, f"at most {form.format(bound)}", form.format(value), value <= bound


def judge_totals(results, version):
    ratios = total_ratios(results)
    mine = ratios[COMPENSATED]
    yield "totals: programs", f"at least {PROGRAMS}", str(len(mine)), len(mine) >= PROGRAMS
    if version < (3, 12):
        value = nearer(mine, ratios[RAW])
        wanted = f"at least {NEARER:.0%}"
        yield "totals: programs nearer than raw", wanted, f"{value:.0%}", value >= NEARER
        return
    least, most = min(mine.values()), max(mine.values())
    yield (
        "totals: every program",
        "{:.2f} to {:.2f}".format(*TOTALS),
        f"{least:.3f} to {most:.3f}",
        TOTALS[0] <= least and most <= TOTALS[1],
    )
    deviation = geometric_deviation(mine.values())
    what = "totals: geometric standard deviation"
    yield at_most(what, TOTALS_DEVIATION, deviation, "{:.3f}")


def judge_shares(results, version):
    errors = share_errors(results)[COMPENSATED].values()
    yield at_most("shares: mean error, points", SHARES_MEAN, statistics.fmean(errors), "{:.2f}")
    yield at_most("shares: worst error, points", SHARES_WORST, max(errors), "{:.2f}")


def judge_bias(results, version):
    errors = share_errors(results)[COMPENSATED].values()
    yield at_most("function bias: worst error, points", BIAS_WORST, max(errors), "{:.2f}")


def judge_leaves(results, version):
    errors = leaf_errors(results)[COMPENSATED]
    for what, bound, short in (
        (f"leaves of {SHORT} us and more: worst error", LEAVES, False),
        (f"leaves below {SHORT} us: worst error", LEAVES_SHORT, True),
    ):
        values = [abs(error) for name, error in errors.items() if (float(name) < SHORT) == short]
        yield at_most(what, bound, max(values), "{:.1%}")


JUDGES = {
    "totals": judge_totals,
    "shares": judge_shares,
    "bias": judge_bias,
    "leaves": judge_leaves,
}


def judge(results, version):
    """[(what, wanted, found, whether it is met)] of {part: results of its measure()}. A part that has
    nothing compensated has no bound that is met."""
    found = []
    for part, measured in results.items():
        if measured and all(COMPENSATED in columns for columns in measured.values()):
            found += JUDGES[part](measured, version)
        else:
            found.append((f"{part}: compensated", "all bounds", "nothing measured", False))
    return found

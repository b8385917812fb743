"""The tables: run-time ratios by program, ratios of overheads, and the bounds wanted of them."""

import statistics

from modes import (
    CLOCK,
    CPROFILE,
    CPROFILE_OFF,
    CTRACEPROF,
    CTRACEPROF_OFF,
    FLOOR,
    FLOOR_OFF,
    NONE,
)

# Below this share of the run time an overhead is as small as the noise in it.
LEAST_OVERHEAD = 0.05

# Numerator, denominator, and the floor that says whether a program's overhead is large enough.
OVERHEAD_RATIOS = [
    (CTRACEPROF, FLOOR, FLOOR),
    (CTRACEPROF, CLOCK, FLOOR),
    (CTRACEPROF, CPROFILE, FLOOR),
    (CLOCK, FLOOR, FLOOR),
    (CLOCK, CPROFILE, FLOOR),
    (CTRACEPROF_OFF, FLOOR_OFF, FLOOR_OFF),
    (CTRACEPROF_OFF, CPROFILE_OFF, FLOOR_OFF),
    (CTRACEPROF_OFF, CPROFILE, FLOOR_OFF),
]

# The bound from each version on, newest first.
BOUNDS = {
    (CTRACEPROF, FLOOR): [((3, 12), 1.20), ((3, 11), 1.10)],
    (CTRACEPROF, CPROFILE): [((3, 14), 0.26), ((3, 13), 0.29), ((3, 12), 0.34), ((3, 11), 0.60)],
    (CTRACEPROF_OFF, CPROFILE_OFF): [((3, 13), 0.20), ((3, 12), 0.24)],
}


def overhead(times, mode):
    """Nanoseconds. Of medians, not the median of differences within a round: those are spoilt by a
    disturbance of either side."""
    return statistics.median(times[mode]) - statistics.median(times[NONE])


def is_measurable(times, floor):
    return overhead(times, floor) >= LEAST_OVERHEAD * statistics.median(times[NONE])


def run_time_ratio(times, mode):
    return statistics.median(times[mode]) / statistics.median(times[NONE])


def overhead_ratios(results, numerator, denominator, floor):
    """{program: ratio} of the programs whose overhead is large enough."""
    return {
        name: overhead(times, numerator) / overhead(times, denominator)
        for name, times in results.items()
        if is_measurable(times, floor)
    }


def geometric_mean(values):
    """NaN where there are none, or one is not above 0: noise, not a ratio."""
    values = list(values)
    if not values or min(values) <= 0:
        return float("nan")
    return statistics.geometric_mean(values)


def bound(numerator, denominator, version):
    for since, value in BOUNDS.get((numerator, denominator), ()):
        if version >= since:
            return value
    return None


def table(head, rows):
    lines = [head, ["---"] + ["---:"] * (len(head) - 1), *rows]
    return "".join("| " + " | ".join(line) + " |\n" for line in lines)


def mark(times):
    return ("*" if not is_measurable(times, FLOOR) else "") + (
        "†" if not is_measurable(times, FLOOR_OFF) else ""
    )


def run_times(results, modes):
    """Programs by their run time under the floor, the most call-heavy first."""
    profiled = [mode for mode in modes if mode != NONE]
    rows = []
    for name in sorted(results, key=lambda name: -run_time_ratio(results[name], FLOOR)):
        times = results[name]
        milliseconds = statistics.median(times[NONE]) / 1e6
        ratios = [f"{run_time_ratio(times, mode):.2f}" for mode in profiled]
        rows.append([name + mark(times).replace("*", "\\*"), f"{milliseconds:.1f}", *ratios])
    means = [
        geometric_mean(run_time_ratio(times, mode) for times in results.values())
        for mode in profiled
    ]
    rows.append(["geometric mean", "", *(f"{mean:.3f}" for mean in means)])
    return table(["program", "none, ms", *profiled], rows)


def overheads(results, version):
    rows = []
    for numerator, denominator, floor in OVERHEAD_RATIOS:
        ratios = overhead_ratios(results, numerator, denominator, floor)
        mean = geometric_mean(ratios.values())
        wanted = bound(numerator, denominator, version)
        verdict = "" if wanted is None else "yes" if mean <= wanted else "**no**"
        spread = f"{min(ratios.values()):.2f} to {max(ratios.values()):.2f}" if ratios else ""
        rows.append(
            [
                f"{numerator} / {denominator}",
                f"{mean:.3f}",
                spread,
                str(len(ratios)),
                "" if wanted is None else f"{wanted:.2f}",
                verdict,
            ]
        )
    head = ["overhead of", "geometric mean", "least to most", "programs", "at most wanted", "met"]
    return table(head, rows)


def left_out(results):
    """Which programs the means of overheads go without, in words."""
    text = ""
    for sign, floor in (("\\*", FLOOR), ("†", FLOOR_OFF)):
        names = [name for name, times in results.items() if not is_measurable(times, floor)]
        text += f"- {sign} overhead under {floor} below {LEAST_OVERHEAD:.0%} of the run time: "
        text += (", ".join(names) or "none") + "\n"
    return text


def render(results, modes, version):
    return (
        "\n## Run time\n\nAs multiples of the run time without a profiler.\n\n"
        + run_times(results, modes)
        + "\n## Overhead\n\nWhat a run takes more than without a profiler, against the same of"
        + " another.\n\n"
        + overheads(results, version)
        + "\nToo little overhead for a ratio, and left out of these means:\n\n"
        + left_out(results)
    )

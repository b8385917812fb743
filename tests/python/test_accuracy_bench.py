"""bench/accuracy.py: errors and verdicts computed from made-up figures, and one small run of it all."""

import json
import math
import os
import subprocess
import sys

import pytest

BENCH = os.path.join(os.path.dirname(__file__), "..", "..", "bench")
sys.path.append(os.path.join(BENCH, "truth"))

import verdicts  # noqa: E402


def totals(ratios, raw=2.0):
    """Made-up results of programs that take 50 ms; the outliers of a run are not in its median."""
    return {
        f"p{number}": {
            "true": [0.05, 0.05, 0.4],
            "raw": [0.05 * raw] * 3,
            "compensated": [0.05 * ratio, 0.0, 0.05 * ratio],
        }
        for number, ratio in enumerate(ratios)
    }


def judged(part, results, version=(3, 14)):
    return {what: (found, met) for what, _, found, met in verdicts.judge({part: results}, version)}


def test_geometric_deviation():
    assert verdicts.geometric_deviation([1.1, 1.1, 1.1]) == pytest.approx(1)
    assert verdicts.geometric_deviation([0.5, 1, 2]) == pytest.approx(2)
    # Of factors: the same whatever the values are multiplied by.
    assert verdicts.geometric_deviation([5, 10, 20]) == pytest.approx(2)
    assert math.isnan(verdicts.geometric_deviation([1.0]))


def test_ratios_are_of_medians():
    ratios = verdicts.total_ratios(totals([0.9, 1.1]))
    assert ratios["compensated"] == pytest.approx({"p0": 0.9, "p1": 1.1})
    assert ratios["raw"] == pytest.approx({"p0": 2, "p1": 2})
    assert "true" not in ratios


def test_share_errors_are_points_of_either_sign():
    results = {
        "a, b": {"true": [0.5, 0.4, 0.6], "raw": [0.7], "cProfile": [0.2]},
        "a, c": {"true": [0.1], "raw": [0.1], "cProfile": [0.35]},
    }
    errors = verdicts.share_errors(results)
    assert errors["raw"] == pytest.approx({"a, b": 20, "a, c": 0})
    assert errors["cProfile"] == pytest.approx({"a, b": 30, "a, c": 25})


def test_leaf_errors_have_a_sign():
    results = {"0.2": {"true": [2e-7], "called": [9.0], "raw": [2.5e-7], "compensated": [1.8e-7]}}
    errors = verdicts.leaf_errors(results)
    assert errors == {"raw": {"0.2": pytest.approx(0.25)}, "compensated": {"0.2": pytest.approx(-0.1)}}


def test_nearer_goes_by_factors():
    # 0.5 is as far from 1 as 2; nothing left, or less, is not near at all.
    ratios = {"a": 0.51, "b": 0.49, "c": 1.0, "d": 0.0, "e": -0.9}
    assert verdicts.nearer(ratios, dict.fromkeys(ratios, 2.0)) == pytest.approx(2 / 5)


EVERY = "totals: every program"
DEVIATION = "totals: geometric standard deviation"


@pytest.mark.parametrize(
    ("ratios", "met"),
    [
        ([1.0] * 15, {"totals: programs": True, EVERY: True, DEVIATION: True}),
        ([1.0] * 14, {"totals: programs": False, EVERY: True, DEVIATION: True}),
        ([1.0] * 20 + [1.16], {"totals: programs": True, EVERY: False, DEVIATION: True}),
        ([1.0] * 20 + [0.84], {"totals: programs": True, EVERY: False, DEVIATION: True}),
        ([0.9, 1.1] * 8, {"totals: programs": True, EVERY: True, DEVIATION: False}),
    ],
)
def test_verdicts_on_totals(ratios, met):
    assert {what: ok for what, (_, ok) in judged("totals", totals(ratios)).items()} == met


@pytest.mark.parametrize(("worse", "met"), [(3, True), (4, False)])
def test_verdict_on_totals_where_the_hook_slows_instructions(worse, met):
    found = judged("totals", totals([1.4] * (15 - worse) + [2.1] * worse), (3, 11))
    assert found["totals: programs nearer than raw"] == (f"{(15 - worse) / 15:.0%}", met)
    assert EVERY not in found


def pairs(*errors):
    return {
        str(number): {"true": [0.5], "compensated": [0.5 + error / 100]}
        for number, error in enumerate(errors)
    }


@pytest.mark.parametrize(
    ("errors", "mean", "worst"),
    [
        ([1, -5.9, 0], False, True),
        ([2.1, -2.1], False, True),
        ([1, 0.5, -1], True, True),
        ([0, 0, 0, 6.1], True, False),
    ],
)
def test_verdicts_on_shares(errors, mean, worst):
    found = judged("shares", pairs(*errors))
    assert found["shares: mean error, points"][1] is mean
    assert found["shares: worst error, points"] == (f"{max(map(abs, errors)):.2f}", worst)


@pytest.mark.parametrize(("errors", "met"), [([4.9, -4.9], True), ([0, -5.1], False)])
def test_verdict_on_bias(errors, met):
    assert [ok for _, ok in judged("bias", pairs(*errors)).values()] == [met]


@pytest.mark.parametrize(
    ("short", "longer", "met"),
    [(1.19, 1.09, [True, True]), (0.79, 0.91, [True, False]), (1.0, 0.89, [False, True])],
)
def test_verdicts_on_leaves(short, longer, met):
    results = {
        "0.5": {"true": [5e-7], "called": [1.0], "compensated": [5e-7 * short]},
        "1": {"true": [1e-6], "called": [1.0], "compensated": [1e-6 * longer]},
        "1000": {"true": [1e-3], "called": [1.0], "compensated": [1e-3]},
    }
    assert [ok for _, ok in judged("leaves", results).values()] == met


def test_what_is_not_measured_is_not_met():
    raw_only = {"a, b": {"true": [0.5], "raw": [0.5]}}
    for results in ({}, raw_only, {**pairs(0), **raw_only}):
        found = judged("shares", results)
        assert found == {"shares: compensated": ("nothing measured", False)}


def test_small_run(tmp_path):
    """Two programs, once each: all is there, sums and shares are possible, and the status is the verdict's."""
    raw = tmp_path / "readings.json"
    command = [sys.executable, os.path.join(BENCH, "accuracy.py"), "--rounds", "1", "--only", "totals,shares",
               "--programs", "nbody,recursion", "--raw", str(raw)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode in (0, 1), done.stderr
    results = json.loads(raw.read_text())
    assert set(results["totals"]) == {"nbody", "recursion"}
    assert set(results["shares"]) == {"recursion, nbody"}
    times = {column: seconds[0] for column, seconds in results["totals"]["recursion"].items()}
    assert {"true", "raw", "cProfile"} <= set(times)
    assert times["true"] < times["raw"] and times["true"] < times["cProfile"]
    for found in results["shares"]["recursion, nbody"].values():
        assert 0 < found[0] < 1
    # Two programs are fewer than are wanted.
    assert done.returncode == 1 and "NOT met" in done.stdout
    assert "| recursion |" in done.stdout and "| recursion, nbody |" in done.stdout


def test_only_parts_that_there_are():
    command = [sys.executable, os.path.join(BENCH, "accuracy.py"), "--only", "totals,speed"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 2 and "speed is none of" in done.stderr

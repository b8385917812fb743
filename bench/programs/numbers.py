"""Exact arithmetic written in Python: _pydecimal, fractions and statistics."""

import _pydecimal
import fractions
import statistics


def pi(digits):
    """The decimal module's recipe."""
    with _pydecimal.localcontext() as context:
        context.prec = digits
        three = _pydecimal.Decimal(3)
        last, t, s, n, na, d, da = 0, three, 3, 1, 0, 0, 24
        while s != last:
            last = s
            n, na = n + na, na + 8
            d, da = d + da, da + 32
            t = (t * n) / d
            s += t
        return +s


def harmonic(count):
    return sum((fractions.Fraction(1, n) for n in range(1, count)), fractions.Fraction(0))


def run():
    values = [fractions.Fraction(n * n % 101, 7) for n in range(5000)]
    return str(pi(400)), str(harmonic(2000)), str(statistics.variance(values))

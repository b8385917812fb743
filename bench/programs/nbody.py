"""Arithmetic in loops with few calls: five bodies of the solar system attract each other."""

from math import pi, sqrt

SOLAR_MASS = 4 * pi * pi
DAYS = 365.24
STEPS = 12000

# Position, velocity a year, mass.
BODIES = [
    ([0.0, 0.0, 0.0], [0.0, 0.0, 0.0], SOLAR_MASS),
    (
        [4.84143144246472090, -1.16032004402742839, -0.103622044471123109],
        [0.00166007664274403694 * DAYS, 0.00769901118419740425 * DAYS, -6.90460016972063023e-05 * DAYS],
        0.000954791938424326609 * SOLAR_MASS,
    ),
    (
        [8.34336671824457987, 4.12479856412430479, -0.403523417114321381],
        [-0.00276742510726411899 * DAYS, 0.00499852801234917238 * DAYS, 2.30417297573763929e-05 * DAYS],
        0.000285885980666130812 * SOLAR_MASS,
    ),
    (
        [12.8943695621391310, -15.1111514016986312, -0.223307578892655734],
        [0.00296460137564761618 * DAYS, 0.00237847173959480950 * DAYS, -2.96589568540237556e-05 * DAYS],
        4.36624404335156298e-05 * SOLAR_MASS,
    ),
    (
        [15.3796971148509165, -25.9193146099879641, 0.179258772950371181],
        [0.00268067772490389322 * DAYS, 0.00162824170038242295 * DAYS, -9.51592254519715870e-05 * DAYS],
        5.15138902046611451e-05 * SOLAR_MASS,
    ),
]


def advance(bodies, pairs, dt, steps):
    for _ in range(steps):
        for (p, v, m), (q, w, n) in pairs:
            dx, dy, dz = p[0] - q[0], p[1] - q[1], p[2] - q[2]
            magnitude = dt * (dx * dx + dy * dy + dz * dz) ** -1.5
            a, b = n * magnitude, m * magnitude
            v[0] -= dx * a
            v[1] -= dy * a
            v[2] -= dz * a
            w[0] += dx * b
            w[1] += dy * b
            w[2] += dz * b
        for p, v, _mass in bodies:
            p[0] += dt * v[0]
            p[1] += dt * v[1]
            p[2] += dt * v[2]


def energy(bodies, pairs):
    kinetic = sum(m * (v[0] ** 2 + v[1] ** 2 + v[2] ** 2) / 2 for _, v, m in bodies)
    potential = sum(
        m * n / sqrt(sum((a - b) ** 2 for a, b in zip(p, q))) for (p, _, m), (q, _, n) in pairs
    )
    return kinetic - potential


def run():
    bodies = [(position[:], velocity[:], mass) for position, velocity, mass in BODIES]
    pairs = [(a, b) for i, a in enumerate(bodies) for b in bodies[i + 1 :]]
    advance(bodies, pairs, 0.01, STEPS)
    return energy(bodies, pairs)

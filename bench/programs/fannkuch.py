"""List slicing in loops, few calls: the most flips of a permutation's head until it starts with 0."""

SIZE = 8


def fannkuch(n):
    permutation = list(range(n))
    counts = list(range(1, n + 1))
    most = 0
    r = n
    while True:
        while r != 1:
            counts[r - 1] = r
            r -= 1
        if permutation[0] != 0:
            flipped = permutation[:]
            flips = 0
            while k := flipped[0]:
                flipped[: k + 1] = flipped[k::-1]
                flips += 1
            most = max(most, flips)
        while True:
            if r == n:
                return most
            permutation.insert(r, permutation.pop(0))
            counts[r] -= 1
            if counts[r] > 0:
                break
            r += 1


def run():
    return fannkuch(SIZE)

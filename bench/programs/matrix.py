"""Almost no calls: matrices multiplied by index, in three loops."""

SIZE = 90


def multiply(a, b, size):
    product = []
    for i in range(size):
        row = a[i]
        out = []
        for j in range(size):
            total = 0
            for k in range(size):
                total += row[k] * b[k][j]
            out.append(total)
        product.append(out)
    return product


def run():
    a = [[i * j % 7 for j in range(SIZE)] for i in range(SIZE)]
    b = [[(i + j) % 5 for j in range(SIZE)] for i in range(SIZE)]
    return sum(map(sum, multiply(multiply(a, b, SIZE), a, SIZE)))

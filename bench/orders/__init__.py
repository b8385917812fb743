"""A small application, for filters.py: it reads orders, one JSON text each, and adds them up by customer.

The reading is json's, by its Python halves: 95 % of all calls. The rest is this package's.
"""

import json.decoder
import json.scanner
from dataclasses import dataclass


@dataclass
class Account:
    orders: int = 0
    items: int = 0
    total: int = 0


class Decoder(json.decoder.JSONDecoder):
    def __init__(self):
        super().__init__()
        self.parse_string = json.decoder.py_scanstring
        self.scan_once = json.scanner.py_make_scanner(self)


def texts(count):
    """Orders that differ."""
    return [
        f'{{"order": {n}, "customer": "c{n * 7 % 23}", "paid": {"true" if n % 3 else "false"},'
        f' "items": [{", ".join(f"[{n * k % 100}, {k + 1}]" for k in range(n % 4 + 1))}]}}'
        for n in range(count)
    ]


def price(items):
    return sum([cents * pieces for cents, pieces in items])


def book(accounts, order):
    account = accounts.setdefault(order["customer"], Account())
    account.orders += 1
    account.items += len(order["items"])
    account.total += price(order["items"])


def summarize(lines):
    accounts = {}
    decoder = Decoder()
    for line in lines:
        order = decoder.decode(line)
        if order.get("paid"):
            book(accounts, order)
    return sorted((name, a.orders, a.items, a.total) for name, a in accounts.items())

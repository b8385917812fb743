"""The pure Python halves of json: a syntax tree as data encoded, decoded and compared."""

import json.decoder
import json.encoder
import json.scanner

from inputs import syntax_data

DATA = syntax_data("heapq.py")


class Decoder(json.decoder.JSONDecoder):
    def __init__(self):
        super().__init__()
        self.parse_string = json.decoder.py_scanstring
        self.scan_once = json.scanner.py_make_scanner(self)


class Encoder(json.encoder.JSONEncoder):
    def iterencode(self, o, _one_shot=False):
        # An encoder that is not "one shot" leaves the C accelerator aside.
        return super().iterencode(o, _one_shot=False)


def run():
    text = Encoder().encode(DATA)
    for _ in range(5):
        decoded = Decoder().decode(text)
    assert decoded == DATA
    return len(text)

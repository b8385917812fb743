"""What Python itself sees in a file: `python expect.py FILE...` writes expected/NAME.json."""

import json
import marshal
import sys
from pathlib import Path
from types import CodeType

DIALECTS = "cprofile", "profile", "yappi", "pyinstrument", "sampling", "ctraceprof"
SAMPLED = ("__sampled__",)


def dialect(path):
    """By the file's name, which begins with its writer's; the others are cProfile's."""
    writer = path.stem.split("-")[0]
    return writer if writer in DIALECTS else "cprofile"


def label(key):
    """profile has a code object for a name when it ran a script; its repr() has an address."""
    file, line, name = key
    if isinstance(name, CodeType):
        place = f'file "{name.co_filename}", line {name.co_firstlineno}'
        name = f"<code object {name.co_name}, {place}>"
    return [file, line, name]


def caller(key, figures):
    return [label(key), *(figures if isinstance(figures, tuple) else [figures])]


def view(path):
    """The dialect and the rows of the first object, in the file's order."""
    with path.open("rb") as file:
        stats = marshal.load(file)
    sampled = stats.pop(SAMPLED, False)
    rows = [
        [label(key), *figures, [caller(*item) for item in callers.items()]]
        for key, (*figures, callers) in stats.items()
    ]
    return {"dialect": dialect(path), "sampled": sampled, "rows": rows}


def text(seen):
    """JSON with a line for each row, so that a difference can be read."""
    rows = ",\n".join(json.dumps(row) for row in seen["rows"])
    head = json.dumps({"dialect": seen["dialect"], "sampled": seen["sampled"]})
    return f'{head[:-1]}, "rows": [\n{rows}\n]}}\n'


def main(paths):
    for path in map(Path, paths):
        out = Path(__file__).with_name("expected") / f"{path.stem}.json"
        out.write_text(text(view(path)), encoding="ascii")


if __name__ == "__main__":
    main(sys.argv[1:])

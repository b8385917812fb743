"""Notebooks: a profile shows itself as its page; %ctprof and %%ctprof profile a line or a cell.

IPython calls load() at "%load_ext ctraceprof". Nothing else needs IPython.
"""

import contextlib
import html
import io
import re

from ._profile import Profile

__all__ = ["frame", "load"]

HEIGHT = 720

USAGE = "%ctprof [-D FILE] [-s KEY] [-l N] [-q] [-r] [--no-builtins] statement"


def frame(page, height=HEIGHT):
    """The page in a frame of its own, which can do nothing to the notebook."""
    return (
        f'<iframe sandbox="allow-scripts" srcdoc="{html.escape(page)}" title="Profile" '
        f'style="width:100%;height:{height}px;border:0"></iframe>'
    )


# One option at the beginning of what is left of the line.
OPTION = re.compile(
    r"""-(?P<flag>[qr])(?=\s|$)\s*
    |(?P<no_builtins>--no-builtins)(?=\s|$)\s*
    |-(?P<key>[Dsl])\s*(?P<value>"[^"]*"|'[^']*'|\S+)\s*""",
    re.VERBOSE,
)


def _split(line):
    """Options, and the statement behind them as it was written."""
    options = {}
    rest = line.strip()
    while found := OPTION.match(rest):
        if found["key"]:
            options[found["key"]] = found["value"].strip("\"'")
        else:
            options[found["flag"] or "no-builtins"] = True
        rest = rest[found.end() :]
    if "l" in options:
        options["l"] = int(options["l"])
    return options, rest


def _table(profile, sort, limit):
    import pstats

    text = io.StringIO()
    stats = pstats.Stats(profile, stream=text).strip_dirs().sort_stats(sort)
    stats.print_stats(*(() if limit is None else (limit,)))
    return text.getvalue()


def _show(profile, options):
    from IPython.display import display

    if "s" in options:
        print(_table(profile, options["s"], options.get("l")))
        return
    # A terminal shows the text, a notebook the page.
    text = _table(profile, "cumulative", options.get("l", 20))
    display({"text/html": profile._repr_html_(), "text/plain": text}, raw=True)


def load(shell):
    """Register the magics with an IPython shell."""

    def ctprof(line, cell=None):
        options, statement = _split(line)
        if cell is not None and statement:
            raise ValueError(f"%%ctprof: options alone stand behind it, not {statement!r}")
        code = compile(shell.transform_cell(statement if cell is None else cell), "<ctprof>", "exec")
        profile = Profile(builtins="no-builtins" not in options)
        with contextlib.suppress(SystemExit):
            profile.runctx(code, shell.user_ns, shell.user_ns)
        if "D" in options:
            profile.dump_stats(options["D"])
            del profile.stats  # which is a method again
        if "q" not in options:
            _show(profile, options)
        return profile if "r" in options else None

    ctprof.__doc__ = (
        f"Profile a line or, as %%ctprof, a cell: {USAGE}\n\n"
        "-D FILE saves the profile, -s KEY prints a table sorted by KEY (as in pstats) in place of the\n"
        "page, -l N its first N rows; -q shows nothing, -r gives the ctraceprof.Profile;\n"
        "--no-builtins records Python functions only."
    )
    shell.register_magic_function(ctprof, "line_cell", "ctprof")

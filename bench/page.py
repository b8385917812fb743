"""What the page costs: to write for 100 000 places, to open for 200 000 in a browser.

    python bench/page.py --tool build/traceprof --node build/node/node_modules

Fails above its bounds: 0.5 s to write, 2 s from opening to the first paint and to being ready, 80 kB
besides the data. Without a browser the writing alone is measured, and that is said.
"""

import argparse
import json
import os
import platform
import re
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "tests/page"))
import profiles  # noqa: E402

MOST_WRITING, MOST_OPENING, MOST_BYTES = 0.5, 2.0, 80_000
CHROMIUM = os.environ.get("TRACEPROF_CHROMIUM", "/usr/bin/chromium")


def write(tool, source, page):
    begun = time.perf_counter()
    subprocess.run([tool, "report", "-o", page, source], check=True)
    return time.perf_counter() - begun


def open_page(node, page):
    """Milliseconds after the navigation's start, and of work in the page."""
    environment = {**os.environ, "TRACEPROF_NODE": str(Path(node).resolve())}
    script = Path(__file__).with_name("page.mjs")
    result = subprocess.run(["node", script, page], env=environment, check=True, capture_output=True, text=True)
    return json.loads(result.stdout)


def frame_size(page):
    text = page.read_bytes()
    data = re.search(rb'<script type="application/json" id="data">(.*?)</script>', text, re.S)
    return len(text) - len(data[1]), len(text)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--tool", default="build/traceprof")
    parser.add_argument("--node", default="build/node/node_modules")
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()
    lines, failed = [], []

    def row(what, value, bound=None, unit="s"):
        shown = f"{value:.0f}" if unit == "bytes" else f"{value:.3f}"
        lines.append(f"| {what} | {shown} {unit} | {'' if bound is None else f'{bound} {unit}'} |")
        if bound is not None and value > bound:
            failed.append(what)

    with tempfile.TemporaryDirectory() as folder:
        small, large = Path(folder) / "small", Path(folder) / "large"
        profiles.save_large(small.with_suffix(".prof"), 100_000)
        profiles.save_large(large.with_suffix(".prof"), 200_000)
        for path in small, large:
            taken = [write(options.tool, path.with_suffix(".prof"), path.with_suffix(".html")) for _ in range(options.rounds)]
            bound = MOST_WRITING if path is small else None
            row(f"write, {'100' if path is small else '200'} 000 places", statistics.median(taken), bound)
        frame, whole = frame_size(large.with_suffix(".html"))
        row("page without its data", frame, MOST_BYTES, "bytes")
        row("page of 200 000 places", whole, None, "bytes")
        if Path(CHROMIUM).exists() and Path(options.node, "playwright-core").is_dir():
            times = [open_page(options.node, large.with_suffix(".html")) for _ in range(options.rounds)]
            for name in times[0]:
                bound = MOST_OPENING if name in ("first paint", "ready") else None
                row(f"200 000 places: {name}", statistics.median(one[name] for one in times) / 1000, bound)
        else:
            lines.append("| in a browser | there is none here | |")
    text = "\n".join([
        f"# The page, on {platform.machine()}", "",
        f"Medians of {options.rounds} runs (bench/page.py).", "", "| what | measured | bound |", "|---|---|---|", *lines, "",
    ])  # fmt: skip
    Path(__file__).with_name("results").joinpath("page.md").write_text(text)
    print(text)
    if failed:
        raise SystemExit("bench: above its bound: " + ", ".join(failed))


main()

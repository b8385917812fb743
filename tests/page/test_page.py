"""The page in a real browser, and what it is made of."""

import asyncio
import json
import marshal
import os
import re
import shutil
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

import ctraceprof

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(Path(__file__).parent))
import profiles  # noqa: E402

BUILD = Path(os.environ.get("TRACEPROF_BUILD", "build")).resolve()
TOOL = BUILD / "traceprof"
GOOD = ROOT / "tests/golden/good"
# make setup fills it. Screenshots of the run stay in the build.
NODE = Path(os.environ.get("TRACEPROF_NODE", ROOT / "build/node/node_modules"))
SHOTS = BUILD / "page"
CHROMIUM = os.environ.get("TRACEPROF_CHROMIUM", "/usr/bin/chromium")


def missing():
    if shutil.which("node") is None:
        return "no node here"
    if not Path(CHROMIUM).exists():
        return f"no browser: {CHROMIUM} is not there"
    for package in "playwright-core", "axe-core":
        if not (NODE / package).is_dir():
            return f"{package} is not in {NODE}"
    return None


needs_browser = pytest.mark.skipif(missing() is not None, reason=str(missing()))


@pytest.fixture(scope="session")
def pages(tmp_path_factory):
    """Makes pages, each once."""
    folder = tmp_path_factory.mktemp("pages")
    made = {}

    def make(name, *arguments, save=None):
        if name not in made:
            if save is not None:
                save(folder / f"{name}.prof")
                arguments = (*arguments, folder / f"{name}.prof")
            made[name] = folder / f"{name}.html"
            subprocess.run([TOOL, "report", "-o", made[name], *arguments], check=True, timeout=120)
        return made[name]

    make.folder = folder
    return make


@pytest.fixture(scope="session")
def demo(pages):
    """A real program."""

    def save(path):
        command = [sys.executable, "-m", "ctraceprof", "-o", path, ROOT / "examples/textindex"]
        subprocess.run(command, check=True, timeout=120, stdout=subprocess.DEVNULL, cwd=ROOT)

    return pages("demo", save=save)


class Browser:
    """One for all checks; one that hangs is ended, and the next check has another."""

    def __init__(self):
        self.process = None

    def run(self, check, page, argument=None, **options):
        if self.process is None or self.process.poll() is not None:
            SHOTS.mkdir(parents=True, exist_ok=True)
            environment = {**os.environ, "TRACEPROF_NODE": str(NODE), "TRACEPROF_SHOTS": str(SHOTS)}
            self.process = subprocess.Popen(
                ["node", ROOT / "tests/page/run.mjs"], env=environment, text=True, bufsize=1,
                stdin=subprocess.PIPE, stdout=subprocess.PIPE, start_new_session=True,
            )  # fmt: skip
        wanted = {"check": check, "page": str(page), "argument": argument, "options": options}
        self.process.stdin.write(json.dumps(wanted) + "\n")
        guard = threading.Timer(180, self.kill)
        guard.start()
        answer = self.process.stdout.readline()
        guard.cancel()
        assert answer, f"{check}: no answer within three minutes, or the end of the browser"
        assert json.loads(answer) is None, json.loads(answer)[-3000:]

    def kill(self):
        os.killpg(self.process.pid, signal.SIGKILL)

    def close(self):
        if self.process is not None and self.process.poll() is None:
            self.process.stdin.close()
            guard = threading.Timer(30, self.kill)
            guard.start()
            self.process.wait()
            guard.cancel()


@pytest.fixture(scope="session")
def run():
    browser = Browser()
    yield browser.run
    browser.close()


@needs_browser
@pytest.mark.parametrize("check", ["graph", "search", "table", "select", "keyboard", "fragment", "print"])
def test_page(run, check, demo):
    run(check, demo)


@needs_browser
def test_dark(run, demo):
    run("dark", demo, colorScheme="dark")


@needs_browser
def test_narrow(run, demo):
    run("narrow", demo, viewport={"width": 360, "height": 740})


@needs_browser
def test_widths_are_the_known_times(run, pages):
    page = pages("shared", save=profiles.save_shared)
    run("exact", page, [[path, seconds] for path, seconds in profiles.PATHS.items()])


@needs_browser
def test_hostile_names(run, pages):
    page = pages("hostile", save=profiles.save_hostile)
    run("hostile", page, [name.replace("\ufffd", "") for name in profiles.HOSTILE])


@needs_browser
def test_deep(run, pages):
    run("deep", pages("deep", save=lambda path: profiles.save_deep(path, 5000)), 5000)


@needs_browser
def test_large(run, pages):
    run("large", pages("large", save=lambda path: profiles.save_large(path, 200000)), 200000)


@needs_browser
def test_an_estimate_says_so(run, pages):
    run("estimated", pages("estimated", GOOD / "cprofile-3.13.prof"))


@needs_browser
@pytest.mark.parametrize(
    "name, words",
    [
        ("sampling-3.15", ["samples, not calls", "Written by"]),
        ("pyinstrument", ["pyinstrument"]),
        ("profile-3.13", ["exact numbers of calls"]),
    ],
)
def test_files_of_others(run, pages, name, words):
    run("foreign", pages(name, GOOD / f"{name}.prof"), words)


@needs_browser
def test_nothing_was_recorded(run, pages):
    run("foreign", pages("empty", save=lambda path: path.write_bytes(b"{0")), ["no call tree", "No time was measured"])


def save_wild(path):
    most = 2**62 - 1
    contexts = [(0, None, 2**63 - 1, -5), (1, 0, 0, 7), (2, 1, 3, -1000), (3, 0, 1, most), (4, 3, 1, -most)]
    profiles.save_tree(path, ["a", "b", "c", "d", "e"], contexts, properties={"calls_folded": 3, "shared_with": "x"})


@needs_browser
def test_figures_that_cannot_be(run, pages):
    words = ["places had less time than its callees", "a"]
    run("foreign", pages("wild", save=save_wild), words)


def save_version(path, version):
    names = ["main", "slower", "faster", "same", "gone" if version == 0 else "brand_new"]
    own = [[10, 100, 200, 50, 30], [10, 300, 100, 50, 40]][version]
    contexts = [(0, None, 1, own[0] * 10**6)]
    contexts += [(i, 0, 5 + version * (i == 1), own[i] * 10**6) for i in range(1, 5)]
    profiles.save_tree(path, names, contexts)


def diff_page(pages):
    old, new = pages.folder / "old.prof", pages.folder / "new.prof"
    save_version(old, 0)
    save_version(new, 1)
    return pages("diff", "--diff", old, new)


@needs_browser
def test_diff(run, pages):
    run("diff", diff_page(pages))


def with_raw_times(page, name):
    """A copy of the page whose last profile has compensated times, and raw ones twice as long."""
    text = page.read_text(encoding="utf-8")
    data = parts(page)[1]
    profile = data["profiles"][-1]
    profile["times"] = ["compensated", "raw"]
    profile["properties"] += [["compensation", "on"], ["compensation_taken", 1.5]]
    for table, names in (("rows", ["own", "cumulative"]), ("edges", ["cumulative"]), ("threads", ["ticks"])):
        for columns in profile[table] if table == "threads" else [profile[table]]:
            for column in names:
                columns["other" + column.capitalize()] = [2 * value for value in columns[column]]
    changed = page.with_name(name)
    start, end = text.index('id="data">') + len('id="data">'), text.rindex("</script>", 0, text.rindex("<script>"))
    changed.write_text(text[:start] + json.dumps(data).replace("<", "\\u003c") + text[end:], encoding="utf-8")
    return changed


@needs_browser
def test_both_times(run, pages):
    run("times", with_raw_times(pages("shared", save=profiles.save_shared), "times.html"))


@needs_browser
def test_times_of_one_kind_are_compared(run, pages):
    run("alike", with_raw_times(diff_page(pages), "alike.html"))


def save_threads(path):
    def spin():
        return sum(range(20000))

    def in_worker():
        spin()

    def in_main():
        spin()
        worker = threading.Thread(target=in_worker, name="worker")
        worker.start()
        worker.join()

    profile = ctraceprof.Profile(scope="process")
    profile.runcall(in_main)
    profile.dump_stats(path)


@needs_browser
def test_threads(run, pages):
    run("threads", pages("threads", save=save_threads))


def save_coroutines(path):
    async def waits():
        await asyncio.sleep(0.02)

    async def all_of_them():
        await asyncio.gather(waits(), waits(), waits())

    profile = ctraceprof.Profile()
    profile.runcall(asyncio.run, all_of_them())
    profile.dump_stats(path)


@needs_browser
def test_coroutines(run, pages):
    run("coroutines", pages("coroutines", save=save_coroutines))


@needs_browser
def test_wall_time(run, pages):
    page = pages("waiting", save=profiles.save_waiting)
    run("waiting", page, [[path, *seconds] for path, seconds in profiles.WAITING.items()])


@needs_browser
def test_nothing_waits(run, pages):
    run("unwaiting", pages("shared", save=profiles.save_shared))


@needs_browser
def test_in_a_notebooks_frame(run, tmp_path):
    profile = ctraceprof.Profile()
    profile.runcall(sorted, [3, 1, 2], key=abs)
    page = tmp_path / "notebook.html"
    page.write_text(
        "<!doctype html><html lang=en><title>Notebook</title><main><h1>A cell</h1>"
        f'{profile._repr_html_()}</main><script>performance.mark("ready")</script></html>',
        encoding="utf-8",
    )
    run("framed", page)


# --- the file itself -------------------------------------------------------------------------


def parts(page):
    """The page without its data, and the data."""
    text = page.read_text(encoding="utf-8")
    found = re.search(r'<script type="application/json" id="data">(.*?)</script>', text, re.S)
    return text[: found.start(1)] + text[found.end(1) :], json.loads(found[1])


def test_size_without_data(demo):
    frame, _ = parts(demo)
    assert len(frame.encode()) <= 80000


def test_policy_names_what_is_there(demo):
    import base64
    import hashlib

    frame, _ = parts(demo)
    policy = re.search(r'Content-Security-Policy" content="([^"]*)"', frame)[1]
    for tag, directive in (("style", "style-src"), ("script", "script-src")):
        content = re.findall(rf"<{tag}>(.*?)</{tag}>", frame, re.S)
        assert len(content) == 1
        digest = base64.b64encode(hashlib.sha256(content[0].encode()).digest()).decode()
        assert f"{directive} 'sha256-{digest}'" in policy
    assert "default-src 'none'" in policy and "unsafe" not in policy
    assert "http:" not in frame.replace("http://www.w3.org/2000/svg", "") and "https:" not in frame


def test_same_bytes_for_the_same_input(demo, tmp_path):
    again = tmp_path / "again.html"
    for locale in ("C", "de_DE.UTF-8"):
        environment = {**os.environ, "LC_ALL": locale}
        subprocess.run([TOOL, "report", "-o", again, demo.with_suffix(".prof")], check=True, env=environment)
        assert again.read_bytes() == demo.read_bytes()


def test_data_is_the_profile(pages):
    _, data = parts(pages("shared", save=profiles.save_shared))
    profile = data["profiles"][0]
    names = [data["strings"][i] for i in data["functions"]["name"]]
    rows = dict(zip(names, profile["rows"]["own"]))
    assert rows == pytest.approx({"leaf": 1.84, "shared": 0.5, "work": 0.1, "again": 0.028, "cheap": 0, "dear": 0})
    thread = profile["threads"][0]
    assert sum(thread["calls"]) == sum(profile["rows"]["calls"])
    assert (profile["tree"], profile["times"], profile["unit"]) == ("exact", ["raw"], 0.001)


def paths_of(thread, names, unit):
    """Seconds of each path of a thread's contexts."""
    paths, times = [], {}
    for function, up, ticks in zip(thread["function"], thread["up"], thread["ticks"]):
        above = paths[len(paths) - up] if up else ()
        paths.append((*above, names[function]))
        times[paths[-1]] = ticks * unit
    return times


def test_edges_alone_cannot_tell_what_the_tree_tells(pages, tmp_path):
    """leaf() has most of shared()'s time when dear() calls that, and little when cheap() does. Whoever has
    no more than pstats' part of the same file, as snakeviz, gives it the same share below both."""
    exact = pages("shared", save=profiles.save_shared)
    whole = exact.with_suffix(".prof").read_bytes()
    (tmp_path / "edges.prof").write_bytes(marshal.dumps(marshal.loads(whole)))
    guess = tmp_path / "edges.html"
    subprocess.run([TOOL, "report", "-o", guess, tmp_path / "edges.prof"], check=True)
    times = {}
    for page in exact, guess:
        data = parts(page)[1]
        names = [data["strings"][i] for i in data["functions"]["name"]]
        profile = data["profiles"][0]
        times[page] = paths_of(profile["threads"][0], names, profile["unit"])
        assert profile["tree"] == ("exact" if page is exact else "estimated")
    assert times[exact] == pytest.approx(profiles.PATHS)
    path = ("work", "cheap", "shared", "leaf")
    assert times[guess][path] > 4 * profiles.PATHS[path]


def test_hostile_data_stays_data(pages):
    page = pages("hostile", save=profiles.save_hostile)
    text = page.read_bytes().decode("utf-8")  # it is UTF-8
    assert text.count("<script") == 2 and text.count("</script") == 2
    _, data = parts(page)
    assert set(profiles.HOSTILE) <= set(data["strings"])


def test_it_is_quick(tmp_path):
    profiles.save_large(tmp_path / "large.prof", 100000)
    command = [TOOL, "report", "-o", tmp_path / "large.html", tmp_path / "large.prof"]
    taken = []
    for _ in range(3):
        begun = time.perf_counter()
        subprocess.run(command, check=True)
        taken.append(time.perf_counter() - begun)
    assert min(taken) < 2  # bench/page.py measures

"""What the pages, the reports, Prometheus and scrapers of process profiles get."""

import asyncio
import gzip
import json
import math
import os
import pstats
import re
import shutil
import subprocess
import threading
import time
from html.parser import HTMLParser
from pathlib import Path

import pytest
from web_asgi import KEY, SECRET, Client, captures, fetch, get, never

import ctraceprof
from ctraceprof._spans import current_spans
from ctraceprof._web.core import under_way
from ctraceprof.asgi import ProfilerMiddleware

TOOL = Path(os.environ.get("TRACEPROF_BUILD", "build")).resolve() / "traceprof"
HERE = __file__


def leaf():
    pass


async def application(scope, receive, send):
    for _ in range(3):
        leaf()
    with ctraceprof.span("render"):
        await asyncio.sleep(0.002)
    for number in range(int(scope["query_string"] or b"0")):
        current_spans().add_statement("sql", 0, 2_000_000, False, f"SELECT * FROM books WHERE id = {number}")
    if scope["path"] == "/fails":
        raise LookupError("own")
    await send({"type": "http.response.start", "status": 500 if scope["path"] == "/broken" else 200})
    await send({"type": "http.response.body", "body": b"own"})


@pytest.fixture
def app():
    return ProfilerMiddleware(application, secret=SECRET, path="/p", one_in=1, route=lambda scope: scope["path"])


def page(app, place="/", **more):
    client = get(app, "/p" + place, headers=[KEY], **more)
    assert client.status == 200, client.body
    return client


class Tables(HTMLParser):
    """Texts and links of a page; that each element that is opened is closed."""

    EMPTY = {"meta", "link", "img", "br"}

    def __init__(self, body):
        super().__init__()
        self.open, self.rows, self.links, self.text = [], [], [], []
        self.feed(body.decode("utf-8"))
        self.close()
        assert self.open == []

    def handle_starttag(self, tag, attributes):
        if tag not in self.EMPTY:
            self.open.append(tag)
        if tag == "tr":
            self.rows.append([])
        if tag in ("td", "th"):
            self.rows[-1].append("")
        if tag == "a":
            self.links.append(dict(attributes)["href"])

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.text.append(data)
        if "td" in self.open or "th" in self.open:
            self.rows[-1][-1] += data


# --- pages -----------------------------------------------------------------------------------


def test_the_index_before_anything_happened(app):
    body = page(app).body
    assert b"No request has been captured yet." in body and Tables(body).rows == []


def test_the_index(app):
    for path in ["/a", "/a", "/b", "/broken"]:
        get(app, path)
    with pytest.raises(LookupError):
        get(app, "/fails", b"12")
    tables = Tables(page(app).body)
    heads = [row for row in tables.rows if row[0] in ("Route", "Request")]
    assert [len(row) for row in heads] == [10, 10]
    routes = {row[0]: row for row in tables.rows if row[1].isdigit() and row[2].isdigit()}
    assert {name: row[1:3] for name, row in routes.items()} == {
        "GET /a": ["2", "0"], "GET /b": ["1", "0"], "GET /broken": ["1", "1"], "GET /fails": ["1", "1"],
    }  # fmt: skip
    assert all(re.fullmatch(r"\d+\.?\d* ms", cell) for row in routes.values() for cell in row[3:9])
    recent = [row for row in tables.rows if re.match(r"\d{4}-", row[-1])]
    assert [row[0] for row in recent] == ["GET /fails", "GET /broken", "GET /b", "GET /a", "GET /a"]
    assert [row[-2] for row in recent] == ["/fails", "/broken", "/b", "/a", "/a"]
    assert recent[0][1:2] + recent[0][5:7] == ["", "12, 12 alike", "LookupError"]
    assert recent[1][1] == "500" and recent[1][5] == ""


def test_every_link_of_every_page_leads_somewhere(app):
    get(app, "/a", b"2")
    seen, waiting = set(), ["/p/"]
    while waiting:
        place = waiting.pop()
        if place in seen:
            continue
        seen.add(place)
        client = get(app, place, headers=[KEY])
        assert client.status == 200 and client.body, place
        if client.headers["content-type"].startswith("text/html") and not place.endswith("/html"):
            for link in Tables(client.body).links:
                waiting.append(os.path.normpath(os.path.join(os.path.dirname(place), link)) + "/" * link.endswith("/"))
    assert len(seen) == 1 + 2 + 2 * 5


def test_the_pages_address_without_its_slash(app):
    client = get(app, "/p", headers=[KEY])
    assert (client.status, client.headers["location"]) == (308, "p/")
    nested = ProfilerMiddleware(application, secret=SECRET, path="/-/profiles")
    assert get(nested, "/-/profiles", headers=[KEY]).headers["location"] == "profiles/"


def test_the_page_of_a_capture(app):
    get(app, "/a", b"3")
    body = page(app, f"/captures/{captures(app)[0].id}").body
    tables = Tables(body)
    text = " ".join(tables.text)
    assert "GET /a" in text and "SELECT * FROM books WHERE id = ?" in text and "render" in text
    assert ["SELECT * FROM books WHERE id = ?", "3", "6.00 ms", "2.00 ms", "0", "0"] in tables.rows
    (row,) = [row for row in tables.rows if row[0].startswith("leaf (")]
    assert row[1] == "3"
    (row,) = [row for row in tables.rows if row[0].startswith("application (")]
    assert row[1] == "2" and 2 <= float(row[4].split()[0]) < 50  # awaited


def test_the_page_of_a_route(app):
    for _ in range(4):
        get(app, "/a")
    tables = Tables(page(app, "/routes/0").body)
    (row,) = [row for row in tables.rows if row[0].startswith("leaf (")]
    assert row[1] == "12"
    assert "Captured: 4. The profile is the sum of 4." in tables.text


# --- reports ---------------------------------------------------------------------------------


def test_formats_of_a_capture(app, tmp_path):
    get(app, "/a", b"3")
    (capture,) = captures(app)
    place = f"/captures/{capture.id}"
    reports = {name: page(app, f"{place}/{name}") for name in ("text", "html", "speedscope", "pstats", "json")}
    for name, client in reports.items():
        assert page(app, place, query=f"profile_format={name}".encode()).body == client.body

    text = reports["text"].body.decode()
    assert text.startswith("GET /a\nroute /a, 200\n") and "        3    0.000" in text
    assert re.search(r"\n +3 +6.00 ms +2.00 ms +0 +0  SELECT \* FROM books WHERE id = \?\n", text)
    assert re.search(r"\n +1 +\d\.\d+ ms +\d\.\d+ ms +0  render\n", text)

    assert re.search(rb"<title>GET /a, 200, \d+\.\d+ ms</title>", reports["html"].body)
    assert b"script-src 'sha256-" in reports["html"].headers["content-security-policy"].encode()

    scopes = json.loads(reports["speedscope"].body)
    assert {"leaf", "application"} <= {frame["name"] for frame in scopes["shared"]["frames"]}

    file = tmp_path / "x.prof"
    file.write_bytes(reports["pstats"].body)
    counts = {key[2]: row[1] for key, row in pstats.Stats(str(file)).stats.items()}
    assert counts["leaf"] == 3 and counts["application"] == 2
    told = subprocess.run([TOOL, "info", "--check", file], capture_output=True, text=True, check=True).stdout
    assert "GET /a" in told
    assert reports["pstats"].headers["content-disposition"] == f'attachment; filename="request-{capture.id}.prof"'

    data = json.loads(reports["json"].body)
    request = data["request"]
    assert (request["method"], request["path"], request["route"], request["status"]) == ("GET", "/a", "/a", 200)
    assert request["statements"] == [
        {"statement": "SELECT * FROM books WHERE id = ?", "calls": 3, "seconds": 0.006, "longest": 0.002, "fetching": 0,
         "rows": 0, "failed": 0}
    ]  # fmt: skip
    assert request["awaited"] >= 0.002 and request["duration"] >= request["awaited"] and request["is_over"] is True
    assert data["profile"]["format"] == "traceprof"


def test_the_merged_profile_of_a_route(app, tmp_path):
    for path in ["/a", "/a", "/b", "/a"]:
        get(app, path)
    number = {route.template: route.number for route in app._web.routes.all()}["/a"]
    file = tmp_path / "route.prof"
    file.write_bytes(page(app, f"/routes/{number}/pstats").body)
    assert {key[2]: row[1] for key, row in pstats.Stats(str(file)).stats.items()}["leaf"] == 9
    data = json.loads(page(app, f"/routes/{number}/json").body)["route"]
    assert (data["requests"], data["merged"], data["errors"], data["route"]) == (3, 3, 0, "/a")
    assert data["p50"] <= data["p95"] <= data["p99"] and data["mean"] > 0.002
    assert b"captured: 3, with errors: 0" in page(app, f"/routes/{number}/text").body
    assert b"leaf" in page(app, f"/routes/{number}/html").body


def test_a_report_of_nothing():
    async def empty(scope, receive, send):
        await send({"type": "http.response.start", "status": 200})

    app = ProfilerMiddleware(empty, secret=SECRET, path="/p", include="no.such.module")
    ident = get(app, headers=[KEY]).headers["x-profile-id"]
    for name in ("text", "html", "speedscope", "pstats", "json"):
        assert page(app, f"/captures/{ident}/{name}").body
    assert b"Nothing was recorded." in page(app, f"/captures/{ident}/text").body
    assert b"Nothing was recorded." in page(app, f"/captures/{ident}").body


def test_filters_are_the_profiles(app):
    async def outer(scope, receive, send):
        await application(scope, receive, send)

    app = ProfilerMiddleware(outer, one_in=1, include=[Path(HERE).name], builtins=False)
    get(app)
    assert {record.file for record in captures(app)[0].profile.stats()} == {HERE}
    app = ProfilerMiddleware(outer, one_in=1, exclude=Path(HERE).name)
    get(app)
    assert HERE not in {record.file for record in captures(app)[0].profile.stats()}


# --- Prometheus ------------------------------------------------------------------------------

NAME = "http_server_request_duration_seconds"


def samples(app):
    parser = pytest.importorskip("prometheus_client.parser", reason="no prometheus_client here")
    client = page(app, "/metrics")
    assert client.headers["content-type"] == "text/plain; version=0.0.4; charset=utf-8"
    (family,) = parser.text_string_to_metric_families(client.body.decode())
    assert (family.name, family.type) == (NAME, "histogram")
    return family


def series(family):
    """{(route, method, status): ({bound: count}, sum, count)}"""
    found = {}
    for sample in family.samples:
        labels = sample.labels
        key = labels["http_route"], labels["http_request_method"], labels["http_response_status_code"]
        buckets, rest = found.setdefault(key, ({}, {}))
        if sample.name == NAME + "_bucket":
            buckets[float(labels["le"])] = sample.value
        else:
            rest[sample.name.removeprefix(NAME)] = sample.value
    return found


@pytest.mark.parametrize("metrics, expected", [("captured", 1), ("all", 3)])
def test_prometheus_text(metrics, expected):
    chosen = iter([True, False, False] * 9)
    app = ProfilerMiddleware(
        application, secret=SECRET, path="/p", when=lambda scope: next(chosen), metrics=metrics,
        route=lambda scope: 'a\\b"c\nd/' + scope["path"],
    )  # fmt: skip
    for path, method in [("/a", "GET"), ("/broken", "POST"), ("/b", "BREW")]:
        for _ in range(3):
            get(app, path, method=method)
    family = samples(app)
    assert ("captured" in family.documentation) == (metrics == "captured")
    found = series(family)
    assert set(found) == {
        ('a\\b"c\nd//a', "GET", "200"), ('a\\b"c\nd//b', "_OTHER", "200"), ('a\\b"c\nd//broken', "POST", "500"),
    }  # fmt: skip
    for buckets, rest in found.values():
        assert list(buckets) == [0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10, math.inf]
        assert buckets[math.inf] == rest["_count"] == expected
        assert rest["_sum"] >= 0.002 * expected
        assert list(buckets.values()) == sorted(buckets.values())


def test_requests_without_a_response_and_websockets():
    app = ProfilerMiddleware(application, secret=SECRET, path="/p", metrics="all", route=lambda scope: scope["path"])
    with pytest.raises(LookupError):
        get(app, "/fails")
    get(app, "/socket", type="websocket")
    assert set(series(samples(app))) == {("/fails", "GET", "")}


def test_a_registry():
    client = pytest.importorskip("prometheus_client", reason="no prometheus_client here")
    registry = client.CollectorRegistry()
    app = ProfilerMiddleware(application, secret=SECRET, path="/p", one_in=1, registry=registry)
    get(app, "/a")
    from prometheus_client.parser import text_string_to_metric_families

    (family,) = text_string_to_metric_families(client.generate_latest(registry).decode())
    assert series(family) == series(samples(app))
    assert registry.get_sample_value(
        NAME + "_count",
        {"http_route": "(unmatched)", "http_request_method": "GET", "http_response_status_code": "200"},
    ) == 1  # fmt: skip


# --- a profile of the process ----------------------------------------------------------------


def work_elsewhere(stop):
    while not stop.is_set():
        leaf()
        time.sleep(0.001)


@pytest.fixture
def worker():
    stop = threading.Event()
    thread = threading.Thread(target=work_elsewhere, args=(stop,))
    thread.start()
    yield
    stop.set()
    thread.join()


def scrape(app, query=b"seconds=0.1", headers=(KEY,), incoming=()):
    client = Client(*incoming) if incoming else Client()
    return client.request(app, "/p/debug/pprof/profile", query, list(headers))


def test_a_profile_of_the_process(app, worker, tmp_path):
    async def main():
        begun = time.monotonic()
        task = asyncio.ensure_future(scrape(app))
        while not task.done():  # other requests are answered meanwhile
            assert (await fetch(app, "/a")).body == b"own"
        return task.result(), time.monotonic() - begun

    client, seconds = asyncio.run(main())
    assert client.status == 200 and 0.1 <= seconds < 5
    assert client.headers["content-type"] == "application/octet-stream"
    raw = gzip.decompress(client.body)
    assert b"leaf" in raw and b"application" in raw  # of both threads
    assert app._web.scraper._busy.acquire(blocking=False)


def test_one_process_profile_at_a_time(app):
    async def main():
        first = asyncio.ensure_future(scrape(app, b"seconds=0.2"))
        await asyncio.sleep(0.05)
        second = await scrape(app, b"seconds=0.01")
        return await first, second, await scrape(app, b"seconds=0.01")

    assert [client.status for client in asyncio.run(main())] == [200, 429, 200]


def test_a_scraper_that_leaves(app):
    async def main():
        begun = time.monotonic()
        client = await scrape(app, b"seconds=50", incoming=[{"type": "http.request"}, {"type": "http.disconnect"}])
        assert client.sent == [] and time.monotonic() - begun < 10
        task = asyncio.ensure_future(scrape(app, b"seconds=50"))
        await asyncio.sleep(0.02)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        return await scrape(app, b"seconds=0.01")

    assert asyncio.run(main()).status == 200


def test_without_seconds_it_is_as_long_as_gos(app):
    from ctraceprof._web.scrape import Scraper

    assert Scraper(60).seconds(None) == 30 and Scraper(5).seconds("") == 5 and Scraper(60).seconds("14") == 14.0


def test_gos_own_tool_reads_it(app, worker, tmp_path):
    if shutil.which("go") is None:
        pytest.skip("no go here")
    file = tmp_path / "cpu.pb.gz"
    file.write_bytes(asyncio.run(scrape(app)).body)
    environment = {**os.environ, "PPROF_TMPDIR": str(tmp_path)}
    told = subprocess.run(["go", "tool", "pprof", "-top", "-nodefraction=0", file], capture_output=True, text=True, env=environment, timeout=120)
    assert told.returncode == 0 and " leaf\n" in told.stdout, told.stderr + told.stdout


def test_trio():
    trio = pytest.importorskip("trio", reason="trio is not installed")

    async def sleeps(scope, receive, send):
        leaf()
        await trio.sleep(0.02)
        await trio.to_thread.run_sync(leaf)
        await send({"type": "http.response.start", "status": 200})
        await send({"type": "http.response.body", "body": b"own"})

    app = ProfilerMiddleware(sleeps, secret=SECRET, path="/p", one_in=1)

    class Trio(Client):
        async def receive(self):
            if not self.incoming:
                await trio.sleep_forever()
            return self.incoming.pop(0)

    async def main():
        clients = [Trio() for _ in range(4)]
        await clients[0].request(app, "/a")
        await clients[1].request(app, "/p/", headers=[KEY])
        await clients[2].request(app, "/p/debug/pprof/profile", b"seconds=0.05", [KEY])
        await clients[3].request(app, "/a", b"profile=report&profile_format=json", [KEY])
        return clients

    own, index, profile, report = trio.run(main)
    assert own.body == b"own" and b"GET /a" in index.body and gzip.decompress(profile.body)
    request = json.loads(report.body)["request"]
    assert request["awaited"] >= 0.02 and under_way == {}
    assert {record.name: record.calls for record in captures(app)[0].profile.stats()}["leaf"] == 2


def test_a_page_that_cannot_be_made_says_so(app, monkeypatch):
    get(app, "/a")
    monkeypatch.setattr("ctraceprof._web.answers.index_page", lambda *ignored: 1 / 0)
    client = get(app, "/p/", headers=[KEY])
    assert (client.status, client.body) == (500, b"The page could not be made: the log says why.\n")
    assert asyncio.iscoroutinefunction(never)

"""traceprof push, against a server of ours on the loopback that records what it is sent and answers as told."""

import base64
import gzip
import http.server
import json
import os
import re
import socket
import subprocess
import sys
import threading
import time

import pytest
from exports import GOLDEN, TOOL, Pprof, converted, fields, write_profile

TREE = GOLDEN / "good/ctraceprof-3.13.prof"
ROWS = GOLDEN / "good/cprofile-3.13.prof"
PYROSCOPE = "/push.v1.PusherService/Push"
PARCA = "/api/parca.profilestore.v1alpha1.ProfileStoreService/WriteRaw"


def run(*words, environment=None, command=(TOOL,), timeout=60):
    """(exit status, standard output, standard error)."""
    result = subprocess.run(
        [*command, "push", *map(str, words)], capture_output=True, timeout=timeout,
        env={"PATH": os.environ["PATH"], **(environment or {})},
    )  # fmt: skip
    return result.returncode, result.stdout.decode(), result.stderr.decode()


@pytest.fixture(scope="module")
def push():
    if "built without libcurl" in run("http://127.0.0.1:1", TREE, "--retries", "0")[2]:
        pytest.skip("the tool was built without libcurl")
    return run


class Server(http.server.ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server_port}"
        self.answers = []  # (status, headers, bytes), in turn, and the last one again and again
        self.requests = []  # (method, path, headers, body)
        self.times = []

    def messages(self):
        return [json.loads(body) for _, _, _, body in self.requests]


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self):
        server = self.server
        server.times.append(time.monotonic())
        body = self.rfile.read(int(self.headers["Content-Length"]))
        server.requests.append((self.command, self.path, self.headers, body))
        status, headers, answer = server.answers[min(len(server.requests), len(server.answers)) - 1]
        if status is None:  # says nothing at all
            answer.wait(30)
            return
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        try:
            self.wfile.write(answer)
        except OSError:
            pass  # has heard enough

    do_GET = do_POST

    def log_message(self, *words):
        pass


TAKEN = (200, {"Content-Type": "application/json"}, b"{}")


@pytest.fixture
def server():
    server = Server()
    server.answers = [TAKEN]
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


def sent(server):
    """The one message's labels, and its pprof file."""
    ((series,),) = [message["series"] for message in server.messages()]
    (sample,) = series["samples"]
    return series["labels"], base64.b64decode(sample["rawProfile"], validate=True)


def facts(pprof):
    """(time, duration) in nanoseconds."""
    found = dict(fields(gzip.decompress(pprof)))
    return found.get(9, 0), found.get(10, 0)


def test_pyroscope_gets_what_its_reference_says(push, server):
    status, out, err = push(server.url, TREE)
    labels, pprof = sent(server)
    assert (status, out, err) == (0, f"sample: {len(pprof)} bytes of pprof sent to {server.url}\n", "")
    ((method, path, headers, body),) = server.requests
    assert (method, path) == ("POST", PYROSCOPE)
    assert headers["Content-Type"] == "application/json" and headers["User-Agent"].startswith("traceprof/")
    assert not {"Authorization", "X-Scope-OrgID", "Expect"} & set(headers)
    assert labels == [
        {"name": "__name__", "value": "wall"}, {"name": "service_name", "value": "sample"},
    ]  # fmt: skip
    assert pprof == converted(TREE, "pprof")
    assert ("wall", "nanoseconds") in Pprof(gzip.decompress(pprof)).types
    (series,) = json.loads(body)["series"]
    assert set(series) == {"labels", "samples"} and set(series["samples"][0]) == {"ID", "rawProfile"}
    assert re.fullmatch(r"[\da-f]{8}-[\da-f]{4}-8[\da-f]{3}-[89ab][\da-f]{3}-[\da-f]{12}",
                        series["samples"][0]["ID"])


def test_an_id_is_of_what_is_sent(push, server):
    for words in [], [], ["--label", "a=b"], ["--name", "other"], ["--min", "50"]:
        assert push(server.url, TREE, *words)[0] == 0
    first, again, *others = (m["series"][0]["samples"][0]["ID"] for m in server.messages())
    assert first == again and len({first, *others}) == 4


def frame(flag, payload):
    return bytes([flag]) + len(payload).to_bytes(4, "big") + payload


GRPC = {"Content-Type": "application/grpc-web+proto"}
GRPC_TAKEN = (200, GRPC, frame(0, b"") + frame(0x80, b"grpc-status: 0\r\ngrpc-message: \r\n"))


def test_parca_gets_what_its_definition_says(push, server):
    server.answers = [GRPC_TAKEN]
    long = "x" * 200  # a length of two bytes
    status, out, err = push("--server", "parca", server.url + "/", TREE, "--label", "env=" + long)
    pprof = converted(TREE, "pprof")
    assert (status, out, err) == (0, f"sample: {len(pprof)} bytes of pprof sent to {server.url}\n", "")
    ((method, path, headers, body),) = server.requests
    assert (method, path) == ("POST", PARCA)
    assert headers["Content-Type"] == headers["Accept"] == "application/grpc-web+proto"
    assert body[:5] == frame(0, body[5:])[:5]
    ((number, series),) = fields(body[5:])
    assert number == 2
    (one, labels), (two, sample) = fields(series)
    assert (one, two, list(fields(sample))) == (1, 2, [(1, pprof)])
    assert [list(fields(label)) for number, label in fields(labels) if number == 1] == [
        [(1, b"__name__"), (2, b"wall")], [(1, b"service_name"), (2, b"sample")], [(1, b"env"), (2, long.encode())],
    ]  # fmt: skip


def test_parcas_errors(push, server):
    def answered(*answers):
        server.requests.clear()
        server.answers = list(answers)
        status, out, err = push("--server", "parca", server.url, TREE)
        assert len(server.requests) == len(answers)
        return status, err.replace(server.url, "URL")

    head = (200, GRPC | {"Grpc-Status": "3", "Grpc-Message": "bad \tlabel"}, b"")
    assert answered(head) == (3, "traceprof push: URL: gRPC status 3: bad \\tlabel\n")
    body = (200, GRPC, frame(0x80, b"grpc-message:no\x1b[1m\r\ngrpc-status:13\r\n"))
    assert answered(body) == (3, "traceprof push: URL: gRPC status 13: no\\x1b[1m\n")
    status, err = answered((200, GRPC, frame(0x80, b"grpc-status: 14\r\n")), GRPC_TAKEN)
    assert status == 0 and re.fullmatch(r"traceprof push: URL: gRPC status 14; again in 0\.[2-5] s\n", err)
    nothing = "traceprof push: URL: HTTP 200, but not as a server of profiles answers"
    for answer in b"", b"\x80\xff\xff\xff\xffgrpc-status: 0", frame(0x80, b"grpc-status: x"), frame(0, b"grpc-status: 0"), \
            frame(0x80, b"grpc-status:"), frame(0x80, b"grpc-status: 99999999999999999999"), b"\x80\0\0", b"{}":
        status, err = answered((200, GRPC, answer))
        assert status == 3 and err.startswith(nothing), answer
    assert answered((404, {}, b"who?")) == (3, "traceprof push: URL: HTTP 404: who?\n")


def test_base64_of_any_length(push, server, tmp_path):
    for size in range(4):
        path = write_profile(tmp_path / "a.prof", [("a.py", 1, "f" * (size + 1))], {"T": [(0, 0xFFFFFFFF, 1, 5)]},
                             {"start": 1.8e9})  # fmt: skip
        server.requests.clear()
        assert push(server.url, path, "--name", "n")[0] == 0
        assert sent(server)[1] == converted(path, "pprof")


def test_labels(push, server):
    words = ["--label", "env=a=b, {\"c\"}", "--label", "_Node1=käse 🧀", "--name", "my/app.web"]
    status, out, err = push(server.url + "/base//", TREE, *words)
    assert (status, err) == (0, "") and out.startswith("my/app.web: ")
    assert server.requests[0][1] == "/base" + PYROSCOPE
    labels = {label["name"]: label["value"] for label in sent(server)[0]}
    assert labels == {"__name__": "wall", "service_name": "my/app.web", "env": 'a=b, {"c"}', "_Node1": "käse 🧀"}


def test_several_files_and_a_part(push, server):
    assert push(server.url, TREE, TREE, "--focus", "one_round", "--min", "1")[0] == 0
    expected = subprocess.run(
        [TOOL, "convert", "--to", "pprof", "--focus", "one_round", "--min", "1", TREE, TREE],
        capture_output=True, check=True,
    ).stdout  # fmt: skip
    assert sent(server)[1] == expected


COMMANDS = [
    ("app.py --fast", "app"),
    ("/srv/jobs/app.py", "app"),
    ("'/srv/my jobs/big app.py' x", "big app"),
    ("'-m jobs.worker' --all", "jobs.worker"),
    ("-m jobs.worker --all", "jobs.worker"),
    ("-m json", "json"),
    ("manage", "manage"),
]


@pytest.mark.parametrize("command, name", COMMANDS)
def test_the_name_is_the_commands(push, server, tmp_path, command, name):
    path = write_profile(tmp_path / "x.prof", [("a.py", 1, "f")], {"T": [(0, 0xFFFFFFFF, 1, 5)]},
                         {"command": command})  # fmt: skip
    assert push(server.url, path)[0] == 0
    assert sent(server)[0][1] == {"name": "service_name", "value": name}


@pytest.mark.parametrize("command", ["", "-c pass", "'-c import x'", "''", "dir/", "-m", "a\x1bb"])
def test_without_a_name_it_is_asked_for(push, server, tmp_path, command):
    path = write_profile(tmp_path / "x.prof", [("a.py", 1, "f")], {"T": [(0, 0xFFFFFFFF, 1, 5)]},
                         {"command": command})  # fmt: skip
    status, out, err = push(server.url, path)
    assert (status, out, server.requests) == (2, "", [])
    assert "--name NAME" in err and "\x1b" not in err
    assert push(server.url, path, "--name", "x")[0] == 0


def test_times(push, server, tmp_path):
    labels, threads = [("a.py", 1, "f")], {"T": [(0, 0xFFFFFFFF, 1, 5)]}
    recorded = write_profile(tmp_path / "a.prof", labels, threads, {"start": 1.75e9, "duration": 2.5})
    lasted = write_profile(tmp_path / "b.prof", labels, threads, {"duration": 2.5})
    bare = write_profile(tmp_path / "c.prof", labels, threads)
    os.utime(lasted, (1.7e9, 1.7e9))
    os.utime(bare, (1.6e9, 1.6e9))
    for path, expected in (recorded, 1.75e9), (lasted, 1.7e9 - 2.5), (bare, 1.6e9):
        server.requests.clear()
        assert push(server.url, path, "--name", "n")[0] == 0
        assert facts(sent(server)[1])[0] == pytest.approx(expected * 1e9, abs=1000)
    server.requests.clear()
    assert push(server.url, recorded, "--name", "n", "--now")[0] == 0
    start, duration = facts(sent(server)[1])
    assert duration == 2_500_000_000
    assert time.time() - 60 < start / 1e9 < time.time() + 2


def test_an_estimate_is_told(push, server):
    status, _, err = push(server.url, ROWS, "--name", "n")
    assert status == 0
    assert err == ("traceprof push: no file holds the call tree: its paths are estimated from callers and "
                   "callees\n")
    assert "tree: estimated" in Pprof(gzip.decompress(sent(server)[1])).comments


def test_busy_servers_are_asked_again(push, server):
    server.answers = [(503, {}, b"be right back\nnot this"), (500, {}, b""), TAKEN]
    status, out, err = push(server.url, TREE)
    assert status == 0 and out.startswith("sample: ")
    first, second = err.splitlines()
    assert re.fullmatch(rf"traceprof push: {server.url}: HTTP 503: be right back; again in 0\.[2-5] s", first)
    assert re.fullmatch(rf"traceprof push: {server.url}: HTTP 500; again in (0\.[5-9]|1\.0) s", second)
    bodies = [body for _, _, _, body in server.requests]
    assert len(bodies) == 3 and len(set(bodies)) == 1
    a, b, c = server.times
    assert b - a > 0.24 and c - b > 0.49


def test_retry_after_is_kept_to(push, server):
    server.answers = [(429, {"Retry-After": "2"}, b"slowly"), TAKEN]
    status, _, err = push(server.url, TREE)
    assert (status, err) == (0, f"traceprof push: {server.url}: HTTP 429: slowly; again in 2.0 s\n")
    assert server.times[1] - server.times[0] >= 1.9


def test_who_asks_for_too_long_is_left(push, server):
    server.answers = [(503, {"Retry-After": "3600"}, b"")]
    status, _, err = push(server.url, TREE)
    assert (status, err) == (3, f"traceprof push: {server.url}: HTTP 503; it asks to wait 3600 s\n")
    assert len(server.requests) == 1


def test_there_is_an_end_to_it(push, server):
    server.answers = [(503, {}, b"no")]
    status, out, err = push(server.url, TREE, "--retries", "1")
    assert (status, out) == (3, "")
    assert err.splitlines()[-1] == f"traceprof push: {server.url}: HTTP 503: no; tried 2 times"
    assert len(server.requests) == 2


@pytest.mark.parametrize("code", [400, 401, 404, 413, 422, 501])
def test_what_cannot_pass_is_not_tried_again(push, server, code):
    server.answers = [(code, {"Retry-After": "1"}, b'{"code":"invalid_argument"}')]
    status, out, err = push(server.url, TREE)
    assert (status, out) == (3, "") and len(server.requests) == 1
    assert err == f'traceprof push: {server.url}: HTTP {code}: {{"code":"invalid_argument"}}\n'


def test_a_servers_words_are_shown_safely(push, server):
    server.answers = [(400, {}, b"\n  bad \x1b[31mlabel\x07 \xff\xe2\x80\xae\x00" + b"x" * 500 + b"\nmore")]
    _, _, err = push(server.url, TREE)
    assert err.startswith(f"traceprof push: {server.url}: HTTP 400: bad \\x1b[31mlabel\\x07 ")
    assert "\\u202e" in err and err.endswith("x...\n")
    assert err.isprintable() is False and err[:-1].isprintable() and len(err) < 320


def test_redirects_are_not_followed(push, server):
    server.answers = [(307, {"Location": server.url + "/elsewhere"}, b"there"), TAKEN]
    status, out, err = push(server.url, TREE)
    assert (status, out, len(server.requests)) == (3, "", 1)
    assert err == (f"traceprof push: {server.url}: HTTP 307, which is not followed: give the URL that it "
                   "leads to\n")


@pytest.mark.parametrize("answer", [b"<!doctype html>\n<form>", b"{" + b" " * (1 << 16)])
def test_not_every_200_is_a_yes(push, server, answer):
    server.answers = [(200, {"Content-Type": "text/html"}, answer)]
    status, out, err = push(server.url, TREE)
    assert (status, out, len(server.requests)) == (3, "", 1)
    assert err.startswith(f"traceprof push: {server.url}: HTTP 200, but not as a server of profiles answers: ")


def test_an_endless_answer_is_cut(push, server):
    server.answers = [(400, {}, b"y" * (64 << 20))]
    start = time.monotonic()
    status, _, err = push(server.url, TREE)
    assert status == 3 and err.startswith(f"traceprof push: {server.url}: HTTP 400: yyy") and len(err) < 320
    assert time.monotonic() - start < 20


def test_an_empty_answer_will_do(push, server):
    server.answers = [(204, {}, b"")]
    assert push(server.url, TREE)[0] == 0


def test_servers_that_say_nothing_are_left_in_time(push, server):
    silence = threading.Event()
    server.answers = [(None, {}, silence)]
    start = time.monotonic()
    status, out, err = push(server.url, TREE, "--timeout", "0.5", "--retries", "1")
    assert 1 < time.monotonic() - start < 20
    silence.set()
    assert (status, out, len(server.requests)) == (3, "", 2)
    first, last = err.splitlines()
    assert "timed out" in first.lower() and first.startswith(f"traceprof push: {server.url}: ")
    assert last.endswith("; tried 2 times")


def test_nobody_there(push):
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))  # and does not listen
        url = f"http://127.0.0.1:{other.getsockname()[1]}"
        status, out, err = push(url, TREE, "--retries", "1")
    assert (status, out) == (3, "")
    first, last = err.splitlines()
    assert re.search(r"; again in 0\.[2-5] s$", first) and last.endswith("; tried 2 times")
    assert all(line.startswith(f"traceprof push: {url}: ") and "onnect" in line for line in (first, last))


def test_tokens_and_passwords(push, server):
    environment = {"TRACEPROF_PUSH_TOKEN": "s3cret"}
    assert push(server.url, TREE, "--tenant", "team-a", environment=environment)[0] == 0
    headers = server.requests[0][2]
    assert (headers["Authorization"], headers["X-Scope-OrgID"]) == ("Bearer s3cret", "team-a")
    assert push(server.url, TREE, environment={"TRACEPROF_PUSH_USER": "me:s3:cret"})[0] == 0
    assert server.requests[1][2]["Authorization"] == "Basic " + base64.b64encode(b"me:s3:cret").decode()


@pytest.mark.parametrize(
    "environment",
    [{"TRACEPROF_PUSH_TOKEN": "s3cret"}, {"TRACEPROF_PUSH_USER": "me:s3cret"},
     {"TRACEPROF_PUSH_TOKEN": "s3cret\nX-Other: 1"}, {"TRACEPROF_PUSH_USER": "s3cret"},
     {"TRACEPROF_PUSH_USER": "me:s3cret\r\nX-Other: 1"},
     {"TRACEPROF_PUSH_TOKEN": "s3cret", "TRACEPROF_PUSH_USER": "me:s3cret"}],
)  # fmt: skip
def test_secrets_are_not_printed(push, server, environment):
    server.answers = [(401, {"WWW-Authenticate": "Basic"}, b"who are you?"), TAKEN]
    status, out, err = push(server.url, TREE, environment=environment)
    assert status in (2, 3) and "s3cret" not in out + err and err != ""
    assert all("X-Other" not in headers for _, _, headers, _ in server.requests)
    is_sound = len(environment) == 1 and re.fullmatch(r"(me:)?s3cret", *environment.values()) and \
        environment != {"TRACEPROF_PUSH_USER": "s3cret"}
    assert (status == 3) == bool(is_sound)


URLS = ["127.0.0.1:4040", "ftp://h", "file:///etc/passwd", "http://", "https:///x", "http://me:s3cret@h",
        "http://s3cret@h/", "http://h?token=s3cret", "http://h#s3cret", "http://h/a b", "http://h\\s3cret",
        "http://h/\ns3cret", "http://h/ä", "HTTP:h"]  # fmt: skip


@pytest.mark.parametrize("url", URLS)
def test_bad_urls(url):
    status, out, err = run(url, TREE)
    assert (status, out) == (2, "")
    assert err.endswith("; see 'traceprof help push'\n") and "URL" in err and "s3cret" not in err


LABELS = ["env", "=x", "env=", "1a=x", "a-b=x", "ä=x", "a.b=x", "a b=x", "__name__=x", "__a=x", "service_name=x",
          b"a=\xff", "a=\n", "a=\x1b"]  # fmt: skip


@pytest.mark.parametrize("label", LABELS)
def test_bad_labels(label):
    result = subprocess.run([TOOL, "push", "http://h", TREE, "--label", label], capture_output=True)
    assert (result.returncode, result.stdout) == (2, b"")
    assert result.stderr.endswith(b"; see 'traceprof help push'\n")


def test_a_label_twice():
    status, _, err = run("http://h", TREE, "--label", "a=1", "--label", "b=2", "--label", "a=3")
    assert status == 2 and "a label is given twice: 'a=3'" in err


WRONG = [("--timeout", "0"), ("--timeout", "x"), ("--timeout", "nan"), ("--timeout", "1e9"), ("--retries", "-1"),
         ("--retries", "1.5"), ("--retries", "1000"), ("--retries", "x"), ("--min", "101"), ("--min", "x"),
         ("--tenant", ""), ("--tenant", "a b"), ("--tenant", "a\nX-Other: 1"), ("--tenant", "t" * 151),
         ("--name", ""), ("--name", "a\nb"), ("--server", "jaeger")]  # fmt: skip


@pytest.mark.parametrize("option, value", WRONG)
def test_wrong_values(option, value):
    status, out, err = run("http://h", TREE, option, value)
    assert (status, out) == (2, "") and err.startswith("traceprof push: ")


def test_no_profile(push, server, tmp_path):
    (tmp_path / "x.prof").write_text("no profile")
    status, out, err = push(server.url, tmp_path / "x.prof")
    assert (status, out, server.requests) == (3, "", []) and "not a profile" in err


def test_proxies_are_the_environments(push, server):
    """A proxy is asked for the whole URL."""
    environment = {"http_proxy": server.url}
    assert push("http://profiles.invalid:4040", TREE, environment=environment)[0] == 0
    assert server.requests[0][1] == "http://profiles.invalid:4040" + PYROSCOPE
    environment = {"http_proxy": "http://127.0.0.1:1", "no_proxy": "127.0.0.1"}
    assert push(server.url, TREE, environment=environment)[0] == 0


def test_a_build_without_libcurl_says_what_to_do_instead():
    """The package's own command, which is such a build."""
    code = "import sys; from ctraceprof._console import main; sys.exit(main())"
    command = (sys.executable, "-c", code)
    environment = {name: os.environ[name] for name in ("PYTHONPATH",) if name in os.environ}
    status, out, err = run("http://h:4040/", TREE, command=command, environment=environment)
    assert (status, out) == (3, "")
    assert err == ("traceprof push: this traceprof was built without libcurl. Instead:\n"
                   "  traceprof convert -o profile.pb.gz FILE...\n"
                   "  curl --data-binary @profile.pb.gz 'http://h:4040/ingest?name=NAME&format=pprof'\n")
    status, _, err = run("http://h", TREE, "--server", "parca", command=command, environment=environment)
    assert status == 3 and "parca-push" in err
    assert run("h", TREE, command=command, environment=environment)[0] == 2


@pytest.mark.parametrize("url", ["http://127.0.0.1:99999", "http://[bad"])
def test_what_is_no_address_is_tried_once(push, url):
    status, out, err = push(url, TREE)
    assert (status, out) == (3, "") and err == f"traceprof push: {url}: URL using bad/illegal format or missing URL\n"


def test_what_comes_through_a_pipe_is_of_now(server):
    """Where nobody tells when, a file does, and a pipe is read as it is written."""
    result = subprocess.run([TOOL, "push", server.url, "--name", "x", "-"], input=ROWS.read_bytes(), capture_output=True)
    if b"built without libcurl" in result.stderr:
        pytest.skip("the tool was built without libcurl")
    assert result.returncode == 0
    assert abs(facts(sent(server)[1])[0] / 1e9 - time.time()) < 60


def test_blanks_before_the_answer(push, server):
    server.answers = [(200, {}, b" \r\n{}")]
    assert push(server.url, TREE)[0] == 0


def test_what_cannot_be_written_is_not_sent(push, server, tmp_path):
    """Paths a million calls deep, which pprof writes whole."""
    count = 60_000
    labels = [("a.py", n, f"name_{n}" * 10) for n in range(2)]
    contexts = [(0, 0xFFFFFFFF, 1, 1)] + [(n % 2, n - 1, 1, 1) for n in range(1, count)]
    path = write_profile(tmp_path / "deep.prof", labels, {"main": contexts})
    status, out, err = push(server.url, "--name", "x", path)
    assert (status, out) == (3, "") and "more than a gigabyte" in err
    assert server.requests == []

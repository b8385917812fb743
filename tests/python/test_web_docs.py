"""Each snippet of docs/web.md does what is said there."""

import json
import os
import re
import shutil
import subprocess
import sys
import textwrap
import time
from collections import Counter
from pathlib import Path

import pytest
from servers import serve
from webclient import fetch

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[2]
TEXT = (ROOT / "docs/web.md").read_text()
SECRET = "a secret of the tests"
KEY = [("X-Profile-Key", SECRET)]


def snippets():
    """{heading: [(language, code)]}"""
    found, heading = {}, None
    for part in re.finditer(r"^#+ (?P<heading>[^\n]*)$|^```(?P<language>\w+)\n(?P<code>.*?)^```$", TEXT, re.M | re.S):
        if part["heading"]:
            heading = part["heading"]
        else:
            found.setdefault(heading, []).append((part["language"], part["code"]))
    return found


SNIPPETS = snippets()
# Heading: the server, the variable, the route's template.
APPLICATIONS = {
    "FastAPI": ("uvicorn", "app", "/items/{item}"),
    "Starlette": ("uvicorn", "app", "/items/{item:int}"),
    "Litestar": ("uvicorn", "app", "/items/{item}"),
    "Django, asynchronous": ("uvicorn", "application", "/items/<int:item>"),
    "Flask": ("waitress", "app", "/items/<int:item>"),
    "Django": ("gunicorn", "application", "/items/<int:item>"),
}
OTHERS = {"A profile of one request": ["sh"], "Parts of a request": ["python"], "SQL": ["python"],
          "Prometheus": ["yaml", "python"], "Pyroscope, Parca": ["sh"]}  # fmt: skip

DJANGO = {
    "__init__.py": "",
    "settings.py": """
        SECRET_KEY = "of a test"
        ALLOWED_HOSTS = ["*"]
        ROOT_URLCONF = "mysite.urls"
        """,
    "urls.py": """
        from django.http import JsonResponse
        from django.urls import path


        def read_item(request, item):
            return JsonResponse({"item": item})


        urlpatterns = [path("items/<int:item>", read_item)]
        """,
}


def code_of(heading, language="python"):
    (code,) = [code for known, code in SNIPPETS[heading] if known == language]
    return code


def test_no_snippet_is_left_out():
    known = {heading: ["python"] for heading in APPLICATIONS} | OTHERS
    assert {heading: [language for language, _ in some] for heading, some in SNIPPETS.items()} == known
    assert Counter(TEXT.split("\n"))["```"] == sum(map(len, SNIPPETS.values()))


@pytest.fixture
def run(tmp_path):
    """Run a snippet under a server, with more code behind it: a context manager that gives the Server."""

    def run(heading, kind, name, more="", ready="/items/7"):
        if "Django" in heading:
            pytest.importorskip("django", reason="Django is not installed")
            (tmp_path / "mysite").mkdir()
            for file, text in DJANGO.items():
                (tmp_path / "mysite" / file).write_text(textwrap.dedent(text))
        needed = code_of(heading).partition("from ctraceprof")[0] + heading.lower()
        for framework in "fastapi", "starlette", "litestar", "flask", "sqlalchemy", "prometheus_client":
            if framework in needed:
                pytest.importorskip(framework, reason=f"{framework} is not installed")
        (tmp_path / "snippet.py").write_text(code_of(heading) + more)
        path = os.pathsep.join([str(tmp_path), os.environ.get("PYTHONPATH", "")])
        environment = {"PYTHONPATH": path, "PROFILE_SECRET": SECRET}.items()
        return serve(kind, f"snippet:{name}", ready=ready, environment=environment)

    return run


def finished(port, ident):
    """The report, once the request is over: the application may have something to do behind its response."""
    deadline = time.monotonic() + 20
    while True:
        report = json.loads(fetch(port, f"/-/profiles/captures/{ident}/json", headers=KEY).body)
        if report["request"]["is_over"]:
            return report
        assert time.monotonic() < deadline
        time.sleep(0.05)


@pytest.mark.parametrize("heading", APPLICATIONS)
def test_applications(run, heading):
    kind, name, template = APPLICATIONS[heading]
    with run(heading, kind, name) as server:
        plain = fetch(server.port, "/items/7")
        wrong = fetch(server.port, "/items/7?profile=report", headers=[("X-Profile-Key", "x" * 20)])
        for response in plain, wrong:
            assert response.status == 200 and json.loads(response.body) == {"item": 7}
            assert response.header("x-profile-id") is None
        asked = fetch(server.port, "/items/7", headers=KEY)
        assert json.loads(asked.body) == {"item": 7}
        ident = asked.header("x-profile-id")
        report = finished(server.port, ident)
        assert report["request"]["route"] == template and report["request"]["status"] == 200
        calls = Counter()
        for function in report["profile"]["functions"]:
            calls[function["name"]] += function["calls"]
        assert calls["read_item"] == 1
        page = fetch(server.port, "/-/profiles/", headers=KEY)
        assert page.status == 200 and ident in page.body.decode()
        assert fetch(server.port, "/-/profiles/").status == 401
        assert fetch(server.port, f"/-/profiles/captures/{ident}/json").status == 401


def shell(code, port, folder):
    if shutil.which("curl") is None:
        pytest.skip("there is no curl")
    code = code.replace("localhost:8000", f"127.0.0.1:{port}")
    environment = {**os.environ, "PROFILE_SECRET": SECRET}
    result = subprocess.run(["sh", "-e", "-c", code], cwd=folder, env=environment, capture_output=True, text=True,
                            timeout=60)  # fmt: skip
    assert result.returncode == 0 and result.stderr == "", result
    return result.stdout


def test_commands_that_ask(run, tmp_path):
    with run("FastAPI", "uvicorn", "app") as server:
        said = shell(code_of("A profile of one request", "sh"), server.port, tmp_path)
        shell(code_of("Pyroscope, Parca", "sh"), server.port, tmp_path)
    assert re.match(r"(?i)x-profile-id: [\w-]{20,}\n", said)
    assert "GET /items/7\nroute /items/{item}, 200\n" in said and "function calls" in said
    assert (tmp_path / "request.html").read_text().startswith("<!doctype html>")
    assert (tmp_path / "profile.pb.gz").read_bytes()[:2] == b"\x1f\x8b"


def test_spans(run):
    wrapped = f"\nfrom ctraceprof.asgi import ProfilerMiddleware\napp = ProfilerMiddleware(app, secret={SECRET!r}, server_timing=True)"
    with run("Parts of a request", "uvicorn", "app", wrapped, ready="/orders/7") as server:
        assert fetch(server.port, "/orders/7").header("server-timing") is None
        header = fetch(server.port, "/orders/7", headers=KEY).header("server-timing")
    assert [entry.split(";")[0] for entry in header.split(", ")] == ["total", "active", "awaited", "load", "render"]


def python(code):
    result = subprocess.run([sys.executable, "-c", code], env={**os.environ, "PROFILE_SECRET": SECRET},
                            capture_output=True, text=True, timeout=60)  # fmt: skip
    assert result.returncode == 0, result.stderr
    return result.stdout


def test_sql():
    pytest.importorskip("sqlalchemy", reason="SQLAlchemy is not installed")
    said = python(code_of("SQL") + textwrap.dedent("""
        from ctraceprof._spans import open_spans

        log = open_spans()
        with engine.connect() as connection:
            for n in range(12):
                connection.execute(sqlalchemy.text("SELECT :n"), {"n": n}).all()
        print([(row.statement, row.calls, row.rows) for row in log.statements()])
        """))
    assert said.strip() == "[('SELECT ?', 12, 12)]"


def test_prometheus(run):
    yaml = pytest.importorskip("yaml", reason="PyYAML is not installed")
    (job,) = yaml.safe_load(code_of("Prometheus", "yaml"))["scrape_configs"]
    credentials = [("Authorization", f"Bearer {SECRET}")]
    assert job["authorization"] == {"credentials": "the secret"}
    with run("FastAPI", "uvicorn", "app") as server:
        fetch(server.port, "/items/7", headers=KEY)
        metrics = fetch(server.port, job["metrics_path"], headers=credentials)
        assert fetch(server.port, job["metrics_path"]).status == 401
    wanted = 'http_server_request_duration_seconds_count{http_route="/items/{item}",http_request_method="GET",http_response_status_code="200"} '
    assert metrics.status == 200 and re.search(re.escape(wanted) + "[1-9]", metrics.body.decode())


def test_the_applications_own_prometheus(run):
    pytest.importorskip("prometheus_client", reason="prometheus_client is not installed")
    more = textwrap.dedent("""

        @api.get("/metrics")
        def metrics():
            return prometheus_client.generate_latest().decode()
        """)
    with run("Prometheus", "uvicorn", "app", more, ready="/docs") as server:
        fetch(server.port, "/docs")
        text = json.loads(fetch(server.port, "/metrics").body)
    assert 'http_server_request_duration_seconds_bucket{' in text and '/docs' in text

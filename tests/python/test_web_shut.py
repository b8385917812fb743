"""Nothing of a profile can be had without the guard's or the secret's leave."""

import asyncio
import base64
import itertools
import json
import re

import pytest
from web_asgi import KEY, SECRET, Client, Log, captures, fetch, get, scope_of

from ctraceprof.asgi import ProfilerMiddleware

PATH = "/-/profiles"

# What only a profile, or a page of profiles, would say.
INSIDES = (b"inner_function", b"test_web_shut", b"function calls", b"Profiles", b"speedscope", b"_bucket{")


def inner_function():
    pass


async def application(scope, receive, send):
    inner_function()
    status = 200 if scope["path"] == "/own" else 404
    await send({"type": "http.response.start", "status": status, "headers": [(b"x-own", b"1")]})
    await send({"type": "http.response.body", "body": b"own answer for " + repr(scope["path"]).encode()})


def make(**options):
    """A middleware with captures to be stolen, and the id of one."""
    app = ProfilerMiddleware(application, path=PATH, one_in=1, keep=1000, **options)
    for _ in range(3):
        get(app, "/own")
    return app, captures(app)[0].id


def assert_nothing(client, app_answers=True):
    """The application's own response, or the challenge, and not a word more."""
    assert not any(word in message.get("body", b"") for word in INSIDES for message in client.sent), client.body[:200]
    names = set(client.headers)
    assert not names & {"x-profile-id", "x-profile-error", "server-timing"}, names
    if app_answers:
        assert client.body.startswith(b"own answer for ") and names == {"x-own"}
    else:
        assert client.status == 401


PLACES = [
    "", "/", "/captures/{id}", "/captures/{id}/html", "/captures/{id}/pstats", "/captures/", "/captures/x",
    "/captures/x/text", "/routes/0", "/routes/0/speedscope", "/routes/99", "/metrics", "/debug/pprof/profile",
    "/nothing", "/captures/{id}/../{id}", "/captures/%2e%2e", "/captures/" + "a" * 5000,
]  # fmt: skip

WRONG_KEYS = [
    [], [(b"x-profile-key", b"")], [(b"x-profile-key", b"wrong" * 4)], [(b"x-profile-key", SECRET[:-1].encode())],
    [(b"x-profile-key", SECRET.encode() + b" ")], [(b"x-profile-key", SECRET.upper().encode())],
    [(b"x-profile-key", SECRET.encode() * 300)], [(b"x-profile-key", b"\x00\xff\r\n")],
    [(b"x-profile-key", b"no"), KEY],  # the first one counts
    [(b"x-profile-keys", SECRET.encode())], [(b"cookie", b"x-profile-key=" + SECRET.encode())],
    [(b"authorization", b"Bearer wrong")], [(b"authorization", b"Basic " + base64.b64encode(SECRET.encode() + b":"))],
    [(b"authorization", SECRET.encode())], [(b"authorization", b"Digest " + SECRET.encode())],
    [(b"authorization", b"Bearer " + b"x" * 100_000)], [(b"x-profile", b"report"), (b"x-profile-format", b"text")],
]  # fmt: skip


@pytest.mark.parametrize("headers", WRONG_KEYS, ids=range(len(WRONG_KEYS)))
def test_no_secret_and_wrong_secrets(headers):
    app, ident = make(secret=SECRET)
    answers = []
    for place, query, method in itertools.product(PLACES, (b"", b"profile=report&profile_format=html"), ("GET", "POST")):
        client = get(app, PATH + place.format(id=ident), query, headers, method=method)
        assert_nothing(client, app_answers=False)
        answers.append(client.sent)
    # What is there and what is not are answered alike, so that nothing can be guessed.
    assert all(answer == answers[0] for answer in answers)
    for query in (b"profile=1", b"profile=report", b"profile=report&profile_format=json"):
        assert_nothing(get(app, "/own", query, headers))
    assert {capture.ask for capture in captures(app)} == {None}


@pytest.mark.parametrize("refusal", [False, None, 0, ""])
def test_whom_a_guard_refuses_the_application_answers(refusal):
    app, ident = make(guard=lambda scope: refusal)
    for place in PLACES:
        path = PATH + place.format(id=ident)
        assert get(app, path).sent == get(application, path).sent
    for query in (b"profile=1", b"profile=report&profile_format=text"):
        assert_nothing(get(app, "/own", query))


async def refuses(scope):
    await asyncio.sleep(0)
    return False


async def raises(scope):
    await asyncio.sleep(0)
    raise PermissionError


@pytest.mark.parametrize("guard", [refuses, raises, lambda scope: 1 / 0, lambda scope: refuses(scope)])
def test_guards_that_await_or_raise(guard):
    with Log() as log:
        app, _ = make(guard=guard)
        assert_nothing(get(app, PATH + "/"))
        assert_nothing(get(app, "/own", b"profile=report"))
        assert_nothing(get(app, PATH + "/metrics"))
    assert log.told == ([] if guard is refuses or guard.__name__ == "<lambda>" and not log.told else ["guard raised an exception"])


def test_with_a_guard_the_secret_opens_no_page():
    app, ident = make(guard=lambda scope: False, secret=SECRET)
    for place in PLACES:
        client = get(app, PATH + place.format(id=ident), headers=[KEY, (b"authorization", b"Bearer " + SECRET.encode())])
        # The application's answer: to a request that may ask for a profile, and did.
        assert client.body.startswith(b"own answer for ") and set(client.headers) <= {"x-own", "x-profile-id"}


def test_without_path_there_are_no_pages():
    app = ProfilerMiddleware(application, secret=SECRET, one_in=1)
    get(app, "/own")
    for path in (PATH + "/", "/", "/captures/" + captures(app)[0].id, "/debug/pprof/profile"):
        client = get(app, path, headers=[KEY])
        assert client.body.startswith(b"own answer for ")


def test_guessed_ids():
    app, ident = make(secret=SECRET)
    assert len(ident) >= 22 and len({capture.id for capture in captures(app)}) == 3
    guesses = [ident[:-1], ident + "A", ident.swapcase(), "0", "-1", "None", "*", "", "A" * 22, ident + "%00", f" {ident}"]
    for guess in guesses:
        assert get(app, f"{PATH}/captures/{guess}", headers=[KEY]).status == 404
    assert get(app, f"{PATH}/captures/{ident}", headers=[KEY]).status == 200
    for guess in ("-1", "+0", "0x0", "00000000000", "1e0", "٠", "²", "3", "", " 0"):
        assert get(app, f"{PATH}/routes/{guess}", headers=[KEY]).status == 404, guess
    # Of another middleware, even where both have the same secret.
    other = ProfilerMiddleware(application, path=PATH, secret=SECRET)
    assert get(other, f"{PATH}/captures/{ident}", headers=[KEY]).status == 404


TRICKS = [
    "//-/profiles/", "/-//profiles/", "/-/profiles//", "/./-/profiles/", "/x/../-/profiles/", "/-/profiles/..",
    "/-/PROFILES/", "/-/profiles;/", "/-/profiles.", "/-/profilesx", "/-/profile", "/-/profiles\x00", "/-/profiles ",
    "/-/profiles\\", "/-/profiles%2f", "/%2d/profiles/", "/-/profiles/captures/../captures/{id}",
    "/-/profiles/./captures/{id}", "/-/profiles//captures/{id}", "/-/profiles/captures//{id}",
    "/-/profiles/captures/{id}/", "/-/profiles/captures/{id}/html/", "/-/profiles/CAPTURES/{id}", "-/profiles/", "",
    "/-/profiles/debug//pprof/profile", "/-/profiles/debug/pprof/profile/", "/-/profiles/debug/pprof/cmdline",
    "/-/profiles/debug/pprof/", "/-/profiles/metrics/", "/-/profiles/../../etc/passwd",
]  # fmt: skip


@pytest.mark.parametrize("path", TRICKS)
def test_path_tricks(path):
    """Without leave: nothing, whatever the path. With it: only the very paths are pages."""
    app, ident = make(secret=SECRET)
    path = path.format(id=ident)
    raw = path.replace("/", "%2f").encode("latin-1")
    for more in ({}, {"raw_path": raw}, {"root_path": "/-"}, {"root_path": "/-/profiles"}, {"root_path": "/x"}):
        client = get(app, path, **more)
        assert_nothing(client, app_answers=client.status != 401)
        opened = get(app, path, headers=[KEY], **more)
        assert opened.status in (404, 405) or path == "/-/profiles//" or more.get("root_path"), opened.status
        assert not any(word in opened.body for word in (b"inner_function", b"Profiles")) or more.get("root_path")


def test_the_raw_path_is_not_looked_at():
    app, _ = make(secret=SECRET)
    assert get(app, "/own", headers=[KEY], raw_path=PATH.encode() + b"/").body.startswith(b"own answer")
    assert get(app, PATH + "/", headers=[KEY], raw_path=b"/own").status == 200
    assert_nothing(get(app, PATH + "/", raw_path=b"/own"), app_answers=False)


def test_below_a_root_path():
    """Servers differ in whether a scope's path has what the application is mounted under."""
    app, _ = make(secret=SECRET)
    for path in ("/mount" + PATH + "/", PATH + "/"):
        assert get(app, path, headers=[KEY], root_path="/mount").status == 200
        assert_nothing(get(app, path, root_path="/mount"), app_answers=False)
    assert get(app, "/mounted" + PATH + "/", headers=[KEY], root_path="/mount").body.startswith(b"own answer")


def test_websockets_see_no_page():
    app, _ = make(secret=SECRET)
    client = Client()
    scope = {**scope_of(PATH + "/", headers=[KEY]), "type": "websocket"}
    asyncio.run(app(scope, client.receive, client.send))
    assert client.body.startswith(b"own answer for ")


def test_header_injection():
    """Nothing of a request, or of the program, gets into a header as it is."""
    hostile = "/a\r\nSet-Cookie: x=y/\u2028/\x00"
    app = ProfilerMiddleware(application, path=PATH, secret=SECRET, server_timing=True)
    ident = get(app, hostile, b"profile=1&profile_format=text", [KEY]).headers["x-profile-id"]
    clients = [get(app, hostile, b"profile=report&profile_format=%0d%0aX:%20y", [KEY])]
    clients += [get(app, f"{PATH}/captures/{ident}/{name}", headers=[KEY]) for name in ("html", "text", "json", "pstats")]
    clients += [get(app, PATH, b"x=%0d%0a", [KEY]), get(app, f"{PATH}/captures/\r\nX: y", headers=[KEY])]
    for client in clients:
        for name, value in client.sent[0]["headers"]:
            assert name.islower() and name.isascii() and not set(name + value) & set(b"\r\n\x00")
    disposition = clients[1].headers["content-disposition"]
    assert disposition == f'inline; filename="request-{ident}.html"'


HOSTILE = "<script>alert(1)</script>\"'><img src=x onerror=alert(2)>&amp;{{7*7}}\u202e\x1b[31m"


def hostile_application():
    """With a function, a route, a span and a statement whose names are markup."""
    import ctraceprof
    from ctraceprof._spans import current_spans

    space = {}
    exec(compile("def f(): pass", HOSTILE + ".py", "exec"), space)
    function = space["f"]
    function.__code__ = function.__code__.replace(co_name=HOSTILE, co_qualname=HOSTILE)

    async def app(scope, receive, send):
        function()
        with ctraceprof.span(HOSTILE):
            pass
        current_spans().add_statement("sql", 0, 1000, False, f'SELECT "{HOSTILE}"')
        await send({"type": "http.response.start", "status": 200})
        await send({"type": "http.response.body", "body": b""})

    return ProfilerMiddleware(app, path=PATH, secret=SECRET, one_in=1, route=lambda scope: HOSTILE, server_timing="all")


def test_script_in_a_path_or_a_name_stays_text():
    app = hostile_application()
    client = get(app, "/" + HOSTILE)
    header = client.headers["server-timing"]
    assert header.isascii() and header.isprintable() and "alert(1)" in header
    assert re.fullmatch(r'([\w.!#$%&*+^`|~\'-]+(;desc="[^"\\]*")?;dur=\d+\.\d{3}(, |$))+', header), header
    ident = captures(app)[0].id
    for place in ("/", f"/captures/{ident}", "/routes/0"):
        body = get(app, PATH + place, headers=[KEY]).body
        assert b"<script" not in body and b"<img" not in body and b"\x1b" not in body
        assert b"&lt;script&gt;alert(1)&lt;/script&gt;" in body
        assert b"&amp;amp;" in body  # not taken for markup that is escaped already
    page = get(app, f"{PATH}/captures/{ident}/html", headers=[KEY]).body
    assert page.count(b"<script") == 2 and b"<img" not in page
    text = get(app, f"{PATH}/captures/{ident}/text", headers=[KEY])
    assert text.headers["content-type"] == "text/plain; charset=utf-8" and b"\\x1b[31m" in text.body and b"\x1b" not in text.body
    data = json.loads(get(app, f"{PATH}/captures/{ident}/json", headers=[KEY]).body)
    assert data["request"]["route"] == HOSTILE and HOSTILE in {span["name"] for span in data["request"]["spans"]}


def test_headers_of_all_that_is_answered():
    app, ident = make(secret=SECRET)
    places = ["", "/", f"/captures/{ident}", f"/captures/{ident}/html", f"/captures/{ident}/speedscope", "/routes/0",
              "/metrics", "/nothing", "/captures/x"]  # fmt: skip
    clients = [get(app, PATH + place, headers=[KEY]) for place in places]
    clients += [get(app, PATH + "/"), get(app, "/own", b"profile=report", [KEY])]
    for client in clients:
        headers = client.headers
        assert headers["cache-control"] == "no-store" and headers["x-content-type-options"] == "nosniff"
        assert headers["referrer-policy"] == "no-referrer" and headers["x-frame-options"] == "DENY"
        assert headers["cross-origin-resource-policy"] == "same-origin"
        policy = headers["content-security-policy"]
        assert "default-src 'none'" in policy and "unsafe" not in policy and "frame-ancestors 'none'" in policy
        assert int(headers["content-length"]) == len(client.body)
        assert len(client.sent[0]["headers"]) == len(headers)  # none twice
    assert clients[-2].headers["www-authenticate"].startswith("Basic realm=")


def test_ways_to_show_the_secret():
    app, _ = make(secret=SECRET)
    token = SECRET.encode()
    for header in (KEY, (b"authorization", b"Bearer " + token), (b"authorization", b"Basic " + base64.b64encode(b"me:" + token))):
        assert get(app, PATH + "/", headers=[header]).status == 200
    # A password that a browser sends everywhere asks for no profile by itself.
    assert_nothing(get(app, "/own", b"profile=report", [(b"authorization", b"Bearer " + token)]))


def test_only_get_and_head():
    app, _ = make(secret=SECRET)
    for method in ("POST", "PUT", "DELETE", "OPTIONS", "TRACE", "get", "X"):
        client = get(app, PATH + "/", headers=[KEY], method=method)
        assert (client.status, client.headers["allow"]) == (405, "GET, HEAD")
    head, whole = (get(app, PATH + "/", headers=[KEY], method=method) for method in ("HEAD", "GET"))
    assert head.body == b"" and head.headers["content-length"] == whole.headers["content-length"]


@pytest.mark.parametrize(
    "query",
    [b"seconds=0", b"seconds=-1", b"seconds=61", b"seconds=1e9", b"seconds=nan", b"seconds=inf", b"seconds=x",
     b"seconds=" + b"9" * 5000, b"seconds=0x10", b"seconds=%00"],
)  # fmt: skip
def test_oversized_requests_for_a_process_profile(query):
    app, _ = make(secret=SECRET)
    client = get(app, PATH + "/debug/pprof/profile", query, [KEY])
    assert client.status == 400 and client.body == b"seconds must be a number above 0, at most 60\n"


def test_oversized_requests_for_captures():
    """However many ask, and whatever they send, there are so many at once and so many are kept."""
    app = ProfilerMiddleware(application, secret=SECRET, max_at_once=3, keep=5)

    async def slow(scope, receive, send):
        await asyncio.sleep(0.01)
        await application(scope, receive, send)

    app.app = slow

    async def main():
        query = b"profile=1&profile_format=html&" + b"x" * 5000
        return await asyncio.gather(*(fetch(app, "/own", query, [KEY]) for _ in range(100)))

    clients = asyncio.run(main())
    assert sum("x-profile-id" in client.headers for client in clients) == 3
    assert all(client.body.startswith(b"own answer") for client in clients)
    for _ in range(10):
        get(app, "/" + "long" * 10_000, headers=[KEY])
    kept = captures(app)
    assert len(kept) == 5 and max(len(capture.path) for capture in kept) == 200


def test_another_sites_page_may_not_begin_a_recording():
    app, _ = make(secret=SECRET)
    for site, status in (("cross-site", 403), ("same-site", 403), ("same-origin", 200), ("none", 200)):
        headers = [KEY, (b"sec-fetch-site", site.encode())]
        assert get(app, PATH + "/debug/pprof/profile", b"seconds=0.01", headers).status == status


def test_secrets_are_not_told():
    app, ident = make(secret=SECRET)
    bodies = [get(app, PATH + place, headers=[KEY]).body for place in ("/", f"/captures/{ident}", f"/captures/{ident}/json")]
    bodies.append(get(app, "/own", f"token=t0ken&profile=report&profile_format=json".encode(), [KEY]).body)
    assert not any(SECRET.encode() in body or b"t0ken" in body for body in bodies)
    assert SECRET not in repr(vars(app)) and SECRET not in repr(app)

"""Which request for a page gets what. Whether it may have anything was decided before."""

from typing import NamedTuple

from .asking import FORMATS, parse_query
from .exposition import CONTENT_TYPE as EXPOSITION_TYPE
from .exposition import exposition
from .markup import PAGE_POLICY, SAFETY, report_policy
from .page import RECENT, capture_page, index_page, route_page
from .reports import capture_report, route_report
from .scrape import ScrapeWish

__all__ = ["Answer", "answer", "begin_scrape", "challenge", "failure", "report_answer", "scrape_answer"]

PLAIN = "text/plain; charset=utf-8"
HTML = "text/html; charset=utf-8"


class Answer(NamedTuple):
    """headers: pairs of str, ASCII, Content-Length among them."""

    status: int
    headers: list
    body: bytes


def _answer(status, content_type, body, *more, policy=PAGE_POLICY):
    headers = [
        ("Content-Type", content_type),
        ("Content-Length", str(len(body))),
        ("Content-Security-Policy", policy),
        *SAFETY,
        *more,
    ]
    return Answer(status, headers, body)


def _say(status, text, *more):
    return _answer(status, PLAIN, (text + "\n").encode("ascii"), *more)


def challenge():
    """To who has not shown the secret, whatever was asked for."""
    realm = ("WWW-Authenticate", 'Basic realm="profiles", charset="UTF-8"')
    return _say(401, "The secret is needed: as X-Profile-Key, as a password or as a bearer token.", realm)


def failure():
    """What could not be made."""
    return _say(500, "The page could not be made: the log says why.")


def report_answer(report, *more):
    """The Answer that a Report is."""
    policy = report_policy(report.body) if report.content_type == HTML else PAGE_POLICY
    kind = "attachment" if report.is_file else "inline"
    name = ("Content-Disposition", f'{kind}; filename="{report.file_name}"')
    return _answer(200, report.content_type, report.body, name, *more, policy=policy)


def scrape_answer(body):
    """The Answer that a finished Scrape is."""
    name = ("Content-Disposition", 'attachment; filename="profile.pb.gz"')
    return _answer(200, "application/octet-stream", body, name)


def answer(web, method, place, query, site=None):
    """The Answer to an allowed request, or a ScrapeWish, for begin_scrape().

    web: the Web; place: the path behind the pages' own, '' or from '/' on; query: bytes or str;
    site: the value (str) of the header Sec-Fetch-Site, or None.
    """
    if method not in ("GET", "HEAD"):
        return _say(405, "Only GET and HEAD are understood.", ("Allow", "GET, HEAD"))
    if place == "":
        return _say(308, "See below.", ("Location", web.options.path.rpartition("/")[2] + "/"))
    if place == "/":
        running = sorted(web.running(), key=lambda capture: capture.began)
        return _answer(200, HTML, index_page(web.routes.all(), web.store.newest(RECENT), running))
    kind, *rest = place[1:].split("/")
    if kind == "captures" and len(rest) in (1, 2):
        return _thing(web.find(rest[0]), rest[1:], query, capture_page, capture_report)
    if kind == "routes" and len(rest) in (1, 2):
        return _thing(_route(web, rest[0]), rest[1:], query, route_page, route_report)
    if kind == "metrics" and not rest:
        return _answer(200, EXPOSITION_TYPE, exposition(web.routes, web.options.metrics))
    if place == "/debug/pprof/profile":
        return _scrape_wish(web, method, query, site)
    return _say(404, "There is no such page.")


def _route(web, text):
    return web.routes.by_number(int(text)) if text.isascii() and text.isdigit() and len(text) < 9 else None


def _thing(thing, rest, query, make_page, make_report):
    if thing is None:
        return _say(404, "There is no such capture here; it may be another process's, or have made room for others.")
    format = rest[0] if rest else parse_query(query).get("profile_format")
    if format is None:
        return _answer(200, HTML, make_page(thing))
    if format not in FORMATS:
        return _say(404, f"The format must be one of {', '.join(FORMATS)}.")
    return report_answer(make_report(thing, format))


def _scrape_wish(web, method, query, site):
    if site in ("cross-site", "same-site"):
        return _say(403, "Another site's page may not begin a recording.")
    if method == "HEAD":
        return _say(405, "Only GET is understood.", ("Allow", "GET"))
    try:
        return ScrapeWish(web.scraper.seconds(parse_query(query).get("seconds")))
    except ValueError as error:
        return _say(400, str(error))


def begin_scrape(web):
    """The Scrape that was wished for, or the Answer that there is none."""
    try:
        scrape = web.scraper.begin()
    except Exception as error:
        web.journal.tell("scrape", "the process cannot be profiled", error)
        return _say(503, "The process cannot be profiled now: the log says why.")
    if scrape is None:
        return _say(429, "One recording at a time.", ("Retry-After", str(int(web.options.max_seconds) + 1)))
    return scrape

"""Web: all that a middleware has, apart from the way in which its requests come."""

import contextlib
import functools
import os
import weakref
from contextvars import ContextVar

from .._profile import Profile
from .._spans import leave_spans
from .abandoned import abandon, end_abandoned
from .answers import answer, begin_scrape, challenge, failure, report_answer, scrape_answer
from .asking import is_secret, parse_ask, secret_in
from .capture import Capture
from .exposition import Collector
from .journal import Journal
from .options import Options
from .places import Places
from .recorders import Recorders
from .reports import capture_report
from .routes import Routes
from .sampling import NO, YES_AND_NEXT, OneIn, PerSecond, kind_of_path
from .scrape import Scraper
from .store import Store
from .templates import LONGEST, UNMATCHED
from .timing import server_timing
from .watchdog import Watchdog

__all__ = ["Web", "inherited_capture", "under_way"]

BUSY = "there are too many captures at once"
NO_HOOK = "the interpreter's hook cannot be had; the log says why"
NO_MEMORY = "there is no memory for it; the log says why"

# Profiles to record with that are kept for the next captures.
SPARE = 4

# Captures under way, of all middlewares of the process, by their ids; and a weak reference to the one that a
# context belongs to: contexts may outlive what is kept.
under_way = {}
_inside = ContextVar("ctraceprof_capture", default=None)


def inherited_capture():
    """The capture under way that the calling context belongs to, or None."""
    reference = _inside.get()
    capture = None if reference is None else reference()
    return None if capture is None or capture.is_over else capture


class Web:
    """How a middleware uses it, for each request:

    1. Is it for the pages? place_of(path). May it see them? has_secret(), or the guard, through ask().
       Then answer() or refuse().
    2. Is it to be captured? ask_of() where can_ask, else the predicate, through ask(), or is_sampled().
    3. begin() in the request's context, end() when it is over.

    Methods may be called from any thread. None raises, but for the constructor.
    """

    def __init__(self, **options):
        self.options = chosen = Options(**options)
        self.journal = Journal()
        self.routes = Routes(chosen.max_routes, chosen.profile["compensate"])
        self.store = Store(chosen.keep, chosen.keep_bytes)
        self.scraper = Scraper(chosen.max_seconds)
        self.can_ask = chosen.secret is not None or chosen.guard is not None
        self.is_sampling = chosen.one_in is not None or chosen.per_second is not None
        self.is_measuring = chosen.metrics == "all"
        self._one_in = None if chosen.one_in is None else OneIn(chosen.one_in, under_way.__len__)
        self._per_second = None if chosen.per_second is None else PerSecond(chosen.per_second)
        self._start_anew()
        if chosen.registry is not None:
            chosen.registry.register(Collector(self.routes, chosen.metrics))
        if chosen.captures:
            self._warm_up()

    def _start_anew(self):
        self._process = os.getpid()
        self._places = Places(self.options.max_at_once)
        self._recorders = Recorders(SPARE, self.options.profile)
        self._watchdog = Watchdog(self.options.max_seconds, self.cut)

    def _warm_up(self):
        """What the first recording of a process finds out takes some 40 ms, which no request is to wait for."""
        try:
            with Profile(**self.options.profile):
                pass
        except Exception as error:
            self.journal.tell("hook", "requests cannot be profiled", error)

    # --- may it? -----------------------------------------------------------------------------

    def ask(self, name, argument):
        """What the application's function of that name ("when", "guard", "route") says; None if it raises."""
        try:
            return getattr(self.options, name)(argument)
        except Exception as error:
            self.journal.tell(name, f"{name} raised an exception", error)
            return None

    def has_secret(self, key, authorization=None):
        """Whether a request brings the secret: bytes, or None, of X-Profile-Key and of Authorization."""
        secret = self.options.secret
        if secret is None:
            return False
        if key is not None:
            return is_secret(key, secret)
        return authorization is not None and is_secret(secret_in(authorization), secret)

    # --- pages -------------------------------------------------------------------------------

    def place_of(self, path):
        """Where among the pages a path is: '' or what follows from a slash on; None if it is none of them."""
        own = self.options.path
        if own is None or not path.startswith(own):
            return None
        place = path[len(own) :]
        return place if place == "" or place[0] == "/" else None

    def answer(self, method, place, query, site=None):
        """The Answer, or a ScrapeWish, to who may see the pages. It takes its time: not for an event loop."""
        end_abandoned()
        try:
            return answer(self, method, place, query, site)
        except Exception as error:
            return self._failed(error)

    def begin_scrape(self):
        """A Scrape, to be finished when the time of its wish is over, and to be closed in any case; or an Answer."""
        return begin_scrape(self)

    def finish_scrape(self, scrape):
        """The Answer that a Scrape has become; not for an event loop either."""
        try:
            return scrape_answer(scrape.finish())
        except Exception as error:
            return self._failed(error)

    def _failed(self, error):
        self.journal.tell("page", "a page could not be made", error)
        return failure()

    def refuse(self):
        """The Answer to who has not shown the secret. Whom a guard refuses the application answers."""
        return challenge()

    # --- which requests ----------------------------------------------------------------------

    def ask_of(self, query, has_key, profile=None, format=None):
        """The Ask of a request that may ask, or None; see parse_ask()."""
        return parse_ask(query, has_key, profile, format)

    def is_sampled(self, path):
        """Whether it is a request's turn to be captured unasked: NO, YES or YES_AND_NEXT."""
        turn = NO if self._one_in is None else self._one_in.is_next()
        return turn if turn or self._per_second is None else self._per_second.is_next(kind_of_path, path)

    # --- captures ----------------------------------------------------------------------------

    def begin(self, kind, method, path, request, find_template, ask=None, turn=NO, task=None):
        """Begin to capture the request of the calling context: (Capture, ""), or (None, why not).

        kind: "http" or "websocket"; request: what route= is asked about; find_template: without
        arguments, called when the request is over, for the route's template or None; turn: what is_sampled()
        said; task: what runs it.
        """
        end_abandoned()
        if ask is not None and ask.error:
            return None, ask.error
        if self._process != os.getpid():
            self._forked()
        place = None if ask is not None else kind_of_path(path)
        if not self._places.take(place):
            return None, BUSY
        find_route = functools.partial(self.template, request, find_template)
        try:
            recorder = self._recorders.take()
            capture = Capture(kind, method, path, ask, find_route, recorder, self.options.profile["compensate"])
        except Exception as error:  # no memory
            self._places.give_back(place)
            self.journal.tell("capture", "a request could not be captured", error)
            return None, NO_MEMORY
        try:
            capture.web, capture.place, capture.task = self, place, task
            under_way[capture.id] = capture
            capture.token = _inside.set(weakref.ref(capture))
            self._watchdog.watch(capture)  # which may start its thread: not to be recorded
            capture.begin(turn == YES_AND_NEXT)
        except Exception as error:
            self._let_go(capture)
            self.journal.tell("hook", "requests cannot be profiled", error)
            return None, NO_HOOK
        return capture, ""

    def _let_go(self, capture):
        """It is over, or has not even begun."""
        self._watchdog.forget(capture)
        if self._process == capture.process:
            self._places.give_back(capture.place)
        under_way.pop(capture.id, None)
        if capture.token is not None:
            with contextlib.suppress(ValueError):  # another context: that one goes with its request
                _inside.reset(capture.token)
        capture.forget_request()

    def _forked(self):
        """The parent's captures are not this process's."""
        under_way.clear()
        self._start_anew()

    def template(self, request, find_template):
        """The route's template of a request that has been routed: what route= says, else what is found."""
        template = None
        if self.options.route is not None:
            template = self.ask("route", request)
        try:
            if template is None:
                template = find_template()
            return template[:LONGEST] if isinstance(template, str) and template else UNMATCHED
        except Exception as error:
            self.journal.tell("template", "a request's route could not be found", error)
            return UNMATCHED

    def cut(self, capture):
        """A capture has taken too long: its recording ends, its request goes on."""
        self.end(capture, cut=True)

    def end(self, capture, cut=False):
        """The request is over. Nothing happens if the capture had ended before."""
        try:
            if self._stop(capture, cut):
                self._file(capture)
                self._recorders.give_back(capture.hand_back())
            elif not cut:
                self._measure_late(capture)
        except Exception as error:
            self.journal.tell("capture", "a capture was lost", error)

    def abandon(self, capture):
        """The request was dropped, wherever that may have happened: its end() follows."""
        capture.note_end()
        abandon(functools.partial(self.end, capture))

    def _stop(self, capture, cut):
        try:
            return capture.stop(cut)
        except BaseException:  # it is over all the same: its place is another's
            self._let_go(capture)
            raise

    def _measure_late(self, capture):
        """How long a request took whose recording was ended before it."""
        seconds = capture.whole_duration()
        if capture.kind == "http" and seconds is not None:
            self.routes.measure(capture.route or UNMATCHED, capture.method, capture.status, seconds)

    def _file(self, capture):
        try:
            capture.route = capture.find_route()
            self.routes.add(capture)
            self.store.add(capture)
        finally:
            self._let_go(capture)

    def running(self):
        """A list of this middleware's captures under way."""
        return [capture for capture in list(under_way.values()) if capture.web is self]

    def find(self, ident):
        """The capture of that id, kept or under way, or None."""
        capture = under_way.get(ident)
        return capture if capture is not None and capture.web is self else self.store.get(ident)

    def report(self, capture, *headers):
        """The Answer in place of a response; not for an event loop."""
        try:
            return report_answer(capture_report(capture, capture.ask.format), *headers)
        except Exception as error:
            return self._failed(error)

    def response_headers(self, capture):
        """Pairs of str for the response of a request that is captured."""
        headers = []
        if capture.ask is not None:
            headers.append(("X-Profile-Id", capture.id))
        wanted = self.options.server_timing
        if wanted == "all" or (wanted and capture.ask is not None):
            try:
                headers.append(("Server-Timing", server_timing(capture)))
            except Exception as error:
                self.journal.tell("timing", "a Server-Timing header could not be made", error)
        return headers

    def isolate(self, capture):
        """The calling context has inherited a capture by chance, as servers' callbacks do: it leaves it."""
        try:
            capture.leave()
            leave_spans(capture.spans)
            _inside.set(None)
        except Exception as error:
            self.journal.tell("isolate", "a context could not be told apart", error)

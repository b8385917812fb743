"""Per-route durations for Prometheus: its text format, and a collector for prometheus_client."""

import math

__all__ = ["CONTENT_TYPE", "Collector", "exposition"]

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"

NAME = "http_server_request_duration_seconds"
LABELS = ("http_route", "http_request_method", "http_response_status_code")

HELP = {
    "all": "Duration of HTTP requests.",
    "captured": "Duration of those HTTP requests that were captured by ctraceprof.",
}


def _escape(text):
    return text.replace("\\", r"\\").replace("\n", r"\n").replace('"', r"\"")


def _bound(value):
    return "+Inf" if math.isinf(value) else repr(float(value))


def exposition(routes, what):
    """Bytes in Prometheus' text format. what: "all" or "captured", which requests the durations are of."""
    lines = [f"# HELP {NAME} {HELP[what]}", f"# TYPE {NAME} histogram"]
    for template, method, status, pairs, total in routes.histograms():
        values = (template, method, str(status) if status else "")
        labels = ",".join(f'{name}="{_escape(value)}"' for name, value in zip(LABELS, values, strict=True))
        lines += [f'{NAME}_bucket{{{labels},le="{_bound(bound)}"}} {count}' for bound, count in pairs]
        lines += [f"{NAME}_sum{{{labels}}} {total!r}", f"{NAME}_count{{{labels}}} {pairs[-1][1]}"]
    return ("\n".join(lines) + "\n").encode("utf-8", "replace")


class Collector:
    """The same for a registry of prometheus_client."""

    def __init__(self, routes, what):
        self._routes = routes
        self._help = HELP[what]

    def describe(self):
        """Nothing: the registry need not collect to learn of names."""
        return []

    def collect(self):
        from prometheus_client.core import HistogramMetricFamily  # there is one: it has the registry

        family = HistogramMetricFamily(NAME, self._help, labels=LABELS)
        for template, method, status, pairs, total in self._routes.histograms():
            values = (template, method, str(status) if status else "")
            family.add_metric(values, [(_bound(bound), count) for bound, count in pairs], total)
        yield family

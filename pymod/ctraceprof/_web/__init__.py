"""What ctraceprof.asgi and ctraceprof.wsgi have in common. Nothing here knows ASGI, WSGI or a framework.

    options    what a middleware is told, checked
    asking     what a request asks for, and whether it may
    sampling   which requests are captured unasked
    places     how many captures there are at once
    capture    one request: its figures and its profile
    recorders  profiles that record one capture after the other
    abandoned  captures whose requests were dropped
    watchdog   ends captures that take too long
    templates  the route that a request was for, as its framework spells it
    histogram  durations by their logarithms, and in OpenTelemetry's buckets
    routes     what captures add up to, by route
    store      captures that are kept
    reports    a capture or a route as text, HTML, speedscope, pstats or JSON
    markup     pages' frame: style, policy, escaping
    page       the pages
    exposition Prometheus' text format
    timing     the Server-Timing header
    answers    which request for a page gets what
    core       Web, which has all of these, and is what a middleware talks to
    face       what both middlewares are made of
"""

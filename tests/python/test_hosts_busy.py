"""Hostile hosts: what happens while hooks, timers and handlers are at work. Profiles are enabled, disabled,
cleared and dropped by other threads, by signal handlers, finalizers, collections and timers."""

import signal

import pytest

from hosts import each_scope, run

TIMERS = {"clock": "Profile(scope=scope)", "timer": "Profile(time.perf_counter_ns, 1e-9, scope=scope)",
          "slow timer": "Profile(lambda: (leaf(), time.perf_counter_ns())[1], 1e-9, scope=scope)"}


@pytest.mark.parametrize("timer", TIMERS)
@each_scope
def test_other_threads_switch_profiles_on_and_off_at_full_speed(scope, timer):
    source = f"""
    import random
    warnings.simplefilter("ignore")
    sys.setswitchinterval(1e-6)
    stop, errors = False, []
    def new():
        return {TIMERS[timer]}
    def work():
        while not stop:
            mixed()
    def toggle(seed):
        rng = random.Random(seed)
        while not stop:
            i = rng.randrange(len(profiles))
            profile, action = profiles[i], rng.random()
            try:
                if action < 0.4: profile.enable()
                elif action < 0.8: profile.disable()
                elif action < 0.85: profile.clear()
                elif action < 0.9: profile.getstats()
                elif action < 0.95: profiles[i] = new()
                else: ctraceprof.bind(leaf)()
            except ValueError as error:
                assert "already enabled" in str(error), error
            except BaseException as error:
                errors.append(error)
    def guarded(target, *args):
        try:
            target(*args)
        except BaseException as error:
            errors.append(error)
    profiles = [new() for _ in range(6)]
    threads = [*in_threads(2, guarded, work), *in_threads(2, guarded, toggle, 1)]
    time.sleep(2 * seconds)
    stop = True
    join(threads)
    for profile in profiles:
        profile.disable()
        figures = profile.getstats()
        assert all(f.totaltime >= 0 and f.inlinetime >= 0 for f in figures)
    assert errors == [], errors[:3]
    with new() as profile:
        leaf()
    assert calls(profile) >= 1
    """
    run(source, scope)


@each_scope
def test_enabled_on_one_thread_and_disabled_on_another(scope):
    """Nothing is counted after disable(), whatever the thread that is recorded is doing."""
    source = """
    sys.setswitchinterval(1e-6)
    stop = False
    def work():
        while not stop:
            leaf(); sum(numbers(3))
    def enable_and_work():
        with_it = contextvars.copy_context()
        with_it.run(profile.enable)
        enabled.set()
        with_it.run(work)
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        stop, enabled, profile = False, threading.Event(), Profile(scope=scope)
        threads = in_threads(1, enable_and_work)
        enabled.wait()
        for _ in range(100): leaf()
        profile.disable()
        before = calls(profile)
        for _ in range(100): leaf()
        assert calls(profile) == before
        stop = True
        join(threads)
        assert calls(profile) == before
    """
    run(source, scope)


@pytest.mark.skipif(not hasattr(signal, "setitimer"), reason="there is no setitimer() here")
@pytest.mark.parametrize("timer", ["clock", "slow timer"])
@each_scope
def test_a_signal_handler_switches_profiles(scope, timer):
    """The handler may come within the profile's own timer: it is refused there, and says so."""
    source = f"""
    warnings.simplefilter("ignore")
    sys.unraisablehook = lambda unraisable: None
    enabled = [False] * 3
    profiles = [{TIMERS[timer]} for _ in enabled]
    handled = refused = 0
    def handler(number, frame):
        global handled, refused
        i = handled % len(profiles)
        handled += 1
        try:
            if enabled[i]: profiles[i].disable()
            else: profiles[i].enable()
            enabled[i] = not enabled[i]
            leaf()
            if handled % 7 == 0: profiles[i].clear()
        except RuntimeError as error:
            assert "from within the timer" in str(error), error
            refused += 1
    signal.signal(signal.SIGALRM, handler)
    signal.setitimer(signal.ITIMER_REAL, 0.0007, 0.0007)
    end = time.monotonic() + 2 * seconds
    while time.monotonic() < end:
        mixed()
    signal.setitimer(signal.ITIMER_REAL, 0)
    assert handled > 50, handled
    for profile in profiles:
        profile.disable()
    assert {timer == "slow timer"!r} or refused == 0
    """
    run(source, scope)


@pytest.mark.skipif(not hasattr(signal, "setitimer"), reason="there is no setitimer() here")
@each_scope
def test_a_signal_handler_that_raises(scope):
    """An exception out of nowhere leaves calls that end by unwinding, and a profile that is right."""
    source = """
    class Interrupt(BaseException): pass
    def handler(number, frame):
        raise Interrupt
    signal.signal(signal.SIGALRM, handler)
    interrupted, end = 0, time.monotonic() + seconds
    def spin(depth):
        if depth: spin(depth - 1)
        while True: leaf(); sum(numbers(5))
    while time.monotonic() < end:
        profile = Profile(scope=scope)
        try:
            signal.setitimer(signal.ITIMER_REAL, 0.001)
            with profile:
                spin(5)
        except Interrupt:
            interrupted += 1
            assert calls(profile, "spin") in range(7), calls(profile, "spin")
        assert sum(row[2] < 0 or row[3] < 0 for row in profile.stats.values()) == 0
    assert interrupted > 5, interrupted
    """
    run(source, scope)


@each_scope
def test_exceptions_thrown_into_running_threads(scope):
    source = """
    class Thrown(Exception): pass
    def spin():
        while not stop:
            try:
                while not stop:
                    leaf(); sum(numbers(4)); [abs(i) for i in range(3)]
                    coroutine = step(2); coroutine.send(None); coroutine.close()
            except Thrown: pass
    stop = False
    sys.setswitchinterval(1e-5)
    profile = Profile(scope=scope)
    threading.excepthook = lambda args: None
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        profile.enable()
        threads = in_threads(2, ctraceprof.bind(spin))
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            for thread in threads:
                ctypes.pythonapi.PyThreadState_SetAsyncExc(
                    ctypes.c_ulong(thread.ident), ctypes.py_object(Thrown))
            time.sleep(0.001)
        stop = True
        for thread in threads: thread.join(60)
        profile.disable()
        gc.collect()
    leaf()
    profile.snapshot_stats()
    assert all(row[2] >= 0 and row[3] >= 0 for row in profile.stats.values())
    """
    run(source, scope, errors=None)


@each_scope
def test_exceptions_in_weird_places(scope):
    source = """
    warnings.simplefilter("ignore")
    sys.unraisablehook = lambda unraisable: None
    class Evil:
        def __del__(self): leaf(); raise ValueError
        def __repr__(self): raise ValueError
        def __hash__(self): raise ValueError
        def __call__(self): raise ValueError
        __eq__ = __len__ = __getattr__ = lambda *ignored: (leaf(), 1 / 0)
    def deep(): return deep()
    def catches():
        try: yield 1
        except GeneratorExit: leaf()
        finally: leaf()
    def refuses():
        while True:
            try: yield 1
            except GeneratorExit: pass
    async def throws(): raise StopIteration
    def attempt(function, *args):
        try: function(*args)
        except Exception: pass
        except RecursionError: pass
    def weird():
        attempt(Evil()); attempt(repr, Evil()); attempt(hash, Evil()); attempt(len, Evil())
        attempt(deep)
        attempt(sorted, [Evil(), Evil()]); attempt(getattr, Evil(), "x")
        generator = catches(); next(generator); attempt(generator.throw, KeyError)
        generator = catches(); next(generator); del generator
        generator = catches(); attempt(generator.throw, KeyError)
        generator = refuses(); next(generator); attempt(generator.close)
        generator = numbers(3); next(generator); attempt(generator.send, 1); generator.close()
        attempt(asyncio.run, throws())
        attempt(list, map(lambda: 1, [1])); attempt(max, 1, "a"); attempt(exec, "1 +")
        coroutine = step(1); coroutine.close(); del coroutine
        coroutine = step(2); attempt(coroutine.throw, KeyError)
    for _ in range(5):
        with Profile(scope=scope) as profile: weird()
    profile.snapshot_stats()
    assert calls(profile, "weird") == 1 and calls(profile, "deep") > 100
    assert all(row[2] >= 0 and row[3] >= 0 for row in profile.stats.values())
    assert sys.exc_info() == (None, None, None)
    """
    run(source, scope, errors=None)


@pytest.mark.parametrize("timer", ["clock", "timer"])
@each_scope
def test_collections_and_finalizers_that_meddle(scope, timer):
    """Objects in cycles that toggle, clear and drop profiles as they are collected, at any allocation."""
    source = f"""
    warnings.simplefilter("ignore")
    sys.unraisablehook = lambda unraisable: None
    class Cycle:
        def __init__(self, n): self.me, self.n = self, n
        def __del__(self):
            i = self.n % len(profiles)
            try:
                if self.n % 5 == 0: profiles[i].disable()
                elif self.n % 5 == 1: profiles[i].enable()
                elif self.n % 5 == 2: profiles[i].clear()
                elif self.n % 5 == 3: profiles[i] = {TIMERS[timer]}
                else: profiles[i].getstats()
            except (ValueError, RuntimeError): pass
            leaf()
    def callback(phase, details): leaf()
    profiles = [{TIMERS[timer]} for _ in range(4)]
    gc.callbacks.append(callback)
    gc.set_threshold(3, 2, 2)
    n, end = 0, time.monotonic() + 2 * seconds
    while time.monotonic() < end:
        namespace = {{}}
        exec("fresh = lambda x=[]: [x, []]", namespace)
        for _ in range(20):
            n += 1
            Cycle(n); namespace["fresh"](); sum(numbers(2))
        [[] for _ in range(50)]
    gc.callbacks.clear()
    gc.set_threshold(0)
    for profile in profiles: profile.disable()
    """
    run(source, scope)


@each_scope
def test_timers_that_enable_disable_clear_and_drop_other_profiles(scope):
    source = """
    warnings.simplefilter("ignore")
    sys.unraisablehook = lambda unraisable: None
    import random
    rng, others, kept = random.Random(3), [], []
    def timer():
        action = rng.randrange(12)
        if action == 0 and len(others) < 5:
            others.append(Profile(timer if rng.random() < 0.3 else None, scope=scope))
        elif others:
            other = rng.choice(others)
            try:
                if action in (1, 2): other.enable()
                elif action == 3: other.disable()
                elif action == 4: other.clear()
                elif action == 5: others.remove(other)
                elif action == 6: other.getstats()
                elif action == 7: profile.disable()
                elif action == 8: other.__init__(scope=scope)
            except (ValueError, RuntimeError): pass
        return time.perf_counter()
    def busy():
        while time.monotonic() < end: mixed()
    profile = Profile(timer, scope=scope)
    profile.enable()
    end = time.monotonic() + 2 * seconds
    threads = in_threads(2, ctraceprof.bind(busy))
    busy()
    join(threads)
    rng.randrange = lambda n: 11
    for other in [profile, *others]: other.disable()
    assert calls(profile) > 0
    """
    run(source, scope)


@each_scope
def test_disable_waits_for_a_timer_on_another_thread(scope):
    """Not from within the timer: it is refused there only. A timer that waits for us is not waited for
    for ever."""
    source = """
    inside, release = threading.Event(), threading.Event()
    def timer():
        if threading.get_ident() in armed:
            inside.set()
            release.wait(20)
        return time.perf_counter()
    def work():
        if scope == "thread": profile.enable()
        armed.add(threading.get_ident())
        context.run(leaf)
    profile, armed = Profile(timer, scope=scope), set()
    worker = threading.Thread(target=work)
    context = contextvars.Context()
    if scope != "thread":
        profile.enable()
    context = contextvars.copy_context()
    worker.start()
    assert inside.wait(20)
    threading.Timer(0.3, release.set).start()
    began = time.monotonic()
    profile.disable()
    assert 0.1 < time.monotonic() - began < 20
    worker.join()
    inside.clear(); release.clear(); armed.clear()
    worker = threading.Thread(target=work)
    if scope != "thread":
        profile.enable()
        context = contextvars.copy_context()
    worker.start()
    assert inside.wait(20)
    try:
        profile.disable()
    except RuntimeError as error:
        assert "timer of the profile" in str(error)
    else:
        raise AssertionError("nothing was refused")
    finally:
        release.set()
    worker.join()
    profile.disable()
    """
    run(source, scope)


@each_scope
def test_a_profile_dropped_while_enabled_does_not_take_the_hook_along(scope):
    """On 3.11 the hook holds it: enabling the next one is what drops it."""
    source = """
    warnings.simplefilter("ignore")
    for _ in range(20):
        Profile(scope=scope).enable()
        with Profile(scope=scope) as profile:
            leaf()
        assert calls(profile) == 1
    """
    run(source, scope)

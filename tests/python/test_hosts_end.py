"""Hostile hosts: threads, interpreters and processes that end while something is recorded."""

import sys

import pytest

from hosts import MONITORING, each_scope, run

SUBINTERPRETERS = """
try:
    import _interpreters
except ImportError:
    import _xxsubinterpreters as _interpreters

def run_in_another(source):
    number = _interpreters.create()
    failure = _interpreters.run_string(number, "import sys; sys.path[:] = %r\\n" % sys.path + source)
    assert failure is None, failure
    _interpreters.destroy(number)
"""


@each_scope
def test_threads_that_die_with_open_frames(scope):
    """pthread_exit() takes a thread's stack down without a word to the interpreter."""
    if not sys.platform.startswith("linux"):
        pytest.skip("pthread_exit() through the interpreter's frames is known to work on Linux only")
    source = """
    libc = ctypes.CDLL(None)
    libc.pthread_exit.argtypes = [ctypes.c_void_p]
    died = []
    def die():
        died.append(next(numbers(3)))
        libc.pthread_exit(None)
    def outer():
        if scope == "thread":
            own = Profile(); own.enable(); kept.append(own)
        die()
    kept = []
    threading.stack_size(64 << 20)  # more than is kept for threads to come: it is unmapped as the thread ends
    profile = Profile(scope=scope)
    profile.enable()
    bound = ctraceprof.bind(outer)
    for n in range(20):
        threading.Thread(target=bound, daemon=True).start()
        while len(died) <= n:
            time.sleep(0.001)
    time.sleep(0.05)
    mixed()
    profile.disable()
    assert calls(profile) == 5
    if scope != "thread":
        assert calls(profile, "die") == 20, calls(profile, "die")
    for own in kept:
        own.disable()
        assert calls(own, "die") == 1
    sys.stdout.flush()
    os._exit(0)  # what such threads held is not given back: threading would wait for them
    """
    run(source, scope)


@each_scope
def test_threads_end_while_their_profile_is_enabled(scope):
    source = """
    def enable_and_end():
        profile = Profile(scope=scope)
        profile.enable()
        mixed()
        kept.append(profile)
    kept = []
    for _ in range(20):
        join(in_threads(1, enable_and_end))
    leaf()
    for profile in kept:
        profile.disable()
        assert calls(profile) >= 5
    again = Profile(scope=scope)
    again.runcall(leaf)
    assert calls(again) == 1
    """
    run(source, scope)


ENDS = {
    "returns": "",
    "exits": "sys.exit(0)",
    "at once": "sys.stdout.flush(); os._exit(0)",
    "in atexit": "import atexit; atexit.register(lambda: (mixed(), profile.disable(), late.enable()))",
    "in a finalizer": "cycle = Late(); cycle.me = cycle; sys.late = Late()",
    "in a task": "asyncio.run(leave())",
    "in a thread": "in_threads(1, lambda: (late.enable(), mixed()))",
}


@pytest.mark.parametrize("daemons", [0, 3])
@pytest.mark.parametrize("end", ENDS)
@each_scope
def test_profiles_left_enabled_at_exit(scope, end, daemons):
    source = f"""
    profile, late, timed = (Profile(scope=scope), Profile(scope=scope),
                            Profile(time.perf_counter_ns, 1e-9, scope=scope))
    class Late:
        def __del__(self, Profile=Profile, leaf=leaf, scope=scope):
            try:
                own = Profile(scope=scope); own.enable(); leaf()
                self.kept = own
            except Exception:
                pass  # what it needs may be gone
    async def leave():
        own = Profile(scope=scope); own.enable()
        sys.never = asyncio.ensure_future(step(1000))
        await asyncio.sleep(0)
        generator = ticks()
        await generator.__anext__()
        sys.generator = generator
    async def ticks():
        while True:
            await asyncio.sleep(0); yield 1
    def spin():
        while True:
            leaf(); sum(numbers(3))
    profile.enable(); timed.enable()
    bound = ctraceprof.bind(spin)
    for _ in range({daemons}):
        threading.Thread(target=bound, daemon=True).start()
    suspended = numbers(3); next(suspended)
    mixed()
    {ENDS[end]}
    """
    run(source, scope, errors=None, options=["-X", "dev", "-W", "ignore"] if daemons else [])


@each_scope
def test_a_profile_enabled_in_the_context_of_the_module_that_ends(scope):
    """The interpreter takes the context down as one of the last things."""
    source = """
    import contextvars
    class Last:
        def __del__(self, leaf=leaf):
            leaf()
    variable = contextvars.ContextVar("last")
    variable.set(Last())
    threading.local().last = Last()
    profile = Profile(scope=scope)
    profile.enable()
    sys.kept = [profile, Last(), contextvars.copy_context()]
    del profile
    """
    run(source, scope, errors=None)


@each_scope
def test_subinterpreters_record_for_themselves(scope):
    try:
        import _interpreters  # noqa: F401
    except ImportError:
        pytest.importorskip("_xxsubinterpreters", reason="no module for subinterpreters here")
    source = SUBINTERPRETERS + """
INNER = '''
import contextvars, threading
from ctraceprof import Profile
def leaf(): return 1
async def awaited(): leaf()
def drive(coroutine):
    try: coroutine.send(None)
    except StopIteration: pass
profile = Profile(scope=%r)
with profile:
    leaf(); drive(awaited())
    contextvars.copy_context().run(leaf)
profile.snapshot_stats()
n = sum(row[1] for (_, _, name), row in profile.stats.items() if name == "leaf")
assert n == 3, n
left = Profile(scope=%r)
left.enable(); leaf()
''' % (scope, scope)
with Profile(scope=scope) as profile:
    for _ in range(5):
        leaf(); run_in_another(INNER); leaf()
    threads = in_threads(3, run_in_another, INNER)
    for _ in range(300):
        leaf()
    join(threads)
    leaf()
assert calls(profile) == 311, calls(profile)
"""
    run(source, scope, errors=None)


def test_two_interpreters_in_turn_on_one_thread():
    """A thread that comes back to an interpreter finds its profile as it was. (In the other one it has
    a thread state of its own each time, and is another thread by that.)"""
    if not MONITORING:
        pytest.importorskip("_xxsubinterpreters", reason="no module for subinterpreters here")
    source = SUBINTERPRETERS + """
number = _interpreters.create()
def inner(source):
    failure = _interpreters.run_string(number, source)
    assert failure is None, failure
inner("import sys; sys.path[:] = %r" % sys.path)
inner("from ctraceprof import Profile\\ndef leaf(): pass\\n"
      "p = Profile(scope=%r)\\np.enable()" % scope)
profile = Profile(scope=scope)
profile.enable()
for _ in range(50):
    leaf()
    inner("leaf()")
inner("p.disable(); p.snapshot_stats()\\n"
      "n = sum(r[1] for k, r in p.stats.items() if k[2] == 'leaf')\\n"
      "assert n == 50 or %r == 'thread', n" % scope)
_interpreters.destroy(number)
leaf()
profile.disable()
assert calls(profile) == 51, calls(profile)
"""
    for scope in ("thread", "process") if MONITORING else ("thread",):
        run(source, scope)


@each_scope
def test_concurrent_interpreters(scope):
    pytest.importorskip("concurrent.interpreters", reason="concurrent.interpreters is 3.14's")
    source = """
    from concurrent import interpreters
    def one():
        interpreter = interpreters.create()
        interpreter.exec("import sys; sys.path[:] = %r" % sys.path)
        interpreter.exec("from ctraceprof import Profile\\ndef leaf(): pass\\n"
                         "p = Profile(scope=%r)\\np.runcall(leaf)\\np.enable()" % scope)
        interpreter.exec("leaf()")
        interpreter.close()
    with Profile(scope=scope) as profile:
        join(in_threads(4, one))
        leaf()
    assert calls(profile) == 1
    """
    run(source, scope, errors=None)


CALLBACKS = """
libc = ctypes.CDLL(None)
libc.pthread_join.argtypes = [ctypes.c_ulong, ctypes.c_void_p]
ENTRY = ctypes.CFUNCTYPE(ctypes.c_void_p, ctypes.c_void_p)

def run_c_threads(count, function):
    "Threads that the interpreter learns of as they call; their states go with each call."
    failures = []
    def body(ignored):
        try:
            function()
        except BaseException as error:
            failures.append(error)
    entry = ENTRY(body)
    for _ in range(count):
        thread = ctypes.c_ulong()
        assert libc.pthread_create(ctypes.byref(thread), None, entry, None) == 0
        libc.pthread_join(thread, None)
    assert failures == []
"""


@pytest.mark.skipif(sys.platform == "win32", reason="threads of C are made with pthread_create()")
@each_scope
def test_contexts_entered_in_threads_of_c(scope):
    source = CALLBACKS + """
def own():
    with Profile(scope=scope) as profile:
        leaf(); contextvars.copy_context().run(leaf)
    assert calls(profile) == 2

def never_disabled():
    profile = Profile(scope=scope)
    profile.enable(); leaf()
    left.append(profile)

def with_finalizers():
    "What a thread state holds goes while the state goes."
    class Last:
        def __del__(self):
            leaf(); contextvars.copy_context().run(leaf)
    local.last = Last()
    variable.set(Last())
    bound()

left, local, variable = [], threading.local(), contextvars.ContextVar("last")
with Profile(scope=scope) as profile:
    bound = ctraceprof.bind(leaf)
    run_c_threads(100, own)
    run_c_threads(100, never_disabled)
    run_c_threads(100, bound)
    run_c_threads(100, with_finalizers)
    gc.collect()
    leaf()
for other in left:
    other.disable()
    assert calls(other) >= 1
print(calls(profile))
"""
    count = int(run(source, scope))
    if scope == "thread":
        assert count == 1
    elif MONITORING:
        # the hook of 3.11 is not in threads that C code has made
        assert count >= 201


@pytest.mark.skipif(sys.platform == "win32", reason="threads of C are made with pthread_create()")
@each_scope
def test_one_thread_of_c_that_calls_many_times(scope, tmp_path):
    """Each call has a thread state of its own, at what may be the address of the last one."""
    import shutil
    import subprocess

    if shutil.which("cc") is None:
        pytest.skip("needs a C compiler")
    code = tmp_path / "caller.c"
    code.write_text(
        "#include <pthread.h>\n"
        "static void (*called)(int); static int count; static pthread_t thread;\n"
        "static void *run(void *x) { for (int i = 0; i < count; i++) called(i); return x; }\n"
        "void start(void (*f)(int), int n) { called = f; count = n;\n"
        "    pthread_create(&thread, 0, run, 0); }\n"
        "void finish(void) { pthread_join(thread, 0); }\n"
    )
    command = ["cc", "-shared", "-fPIC", "-o", tmp_path / "caller.so", code, "-lpthread"]
    subprocess.run(command, check=True)
    source = """
    library = ctypes.CDLL(path)
    def body(i):
        if i % 3 == 0:
            profile = Profile(scope=scope); profile.enable(); kept.append(profile)
        bound()
        if i % 5 == 0 and kept:
            kept.pop(0).disable()
        contextvars.copy_context().run(leaf)
    kept = []
    callback = ctypes.CFUNCTYPE(None, ctypes.c_int)(body)
    sys.setswitchinterval(1e-6)
    with Profile(scope=scope) as profile:
        bound = ctraceprof.bind(leaf)
        library.start(callback, 600)
        for _ in range(3000):
            leaf()
        library.finish()
    for other in kept:
        other.disable()
    print(calls(profile))
    """
    count = int(run(source, scope, tmp_path / "caller.so"))
    if MONITORING:
        assert count == 3000 + {"thread": 0, "process": 1200, "context": 600}[scope]
    else:
        assert count >= 3000

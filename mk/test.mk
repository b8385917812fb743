# Tests. `make test` installs what it lacks and runs all of them; `make check` is the C units alone.

VENV ?= $(BUILD)/venv
VENV_PYTHON = $(VENV)/bin/python
PYTEST_PACKAGES = pytest hypothesis setuptools wheel snakeviz tuna gprof2dot flameprof pyprof2calltree
# Hosts of tasks, greenlets and magics. Not each of them is there for each interpreter; tests say what they miss.
PYTEST_HOSTS = anyio uvloop greenlet gevent IPython mypy pyright
# Frameworks and servers of the web, and what their clients need; as above.
PYTEST_WEB = uvicorn fastapi starlette flask django gunicorn waitress litestar sqlalchemy aiosqlite httpx \
	websockets prometheus_client
# Viewers written for Node, and what drives a browser; into the build, whatever it is called.
# Playwright is one that still runs on Debian 12's Node.js 18.
NODE_PACKAGES = speedscope ajv playwright-core axe-core
NODE_VERSION_playwright-core = @1.58
NODE_FOLDER = build/node
# Interpreters for the longer targets, and for readers of our files in `make test`.
PYTHONS ?= $(PYTHON)

# tests/c/tool_failure.c is a program of its own: the linker gives it another malloc.
TOOL_FAILURE = tests/c/tool_failure.c
C_TESTS = $(sort $(filter-out $(TOOL_FAILURE),$(wildcard tests/c/*.c)))
C_TEST_OBJECTS = $(patsubst %.c,$(BUILD)/obj/%.o,$(C_TESTS))
CHECK_FLAGS = $(shell pkg-config --cflags --libs check)

$(BUILD)/unit-tests: $(C_TEST_OBJECTS) $(call objects,tool) $(BUILD)/libtraceprof.a
	$(CC) $(CFLAGS) $(LDFLAGS) -o $@ $^ $(CHECK_FLAGS) -lm

# GNU's linker and those like it can do that; Apple's cannot.
WRAPPED = malloc calloc realloc free fopencookie
ifeq ($(SHARED_SUFFIX),so)
TOOL_FAILURE_TEST = $(BUILD)/tool-failure
$(TOOL_FAILURE_TEST): $(BUILD)/obj/$(TOOL_FAILURE:.c=.o) $(call objects,tool) $(BUILD)/libtraceprof.a
	$(CC) $(CFLAGS) $(LDFLAGS) $(WRAPPED:%=-Wl,--wrap=%) -o $@ $^ $(CHECK_FLAGS) -lm
endif

.PHONY: setup setup-build
setup-build: ## install compiler and headers through apt where missing
	sh mk/setup.sh build $(PYTHON)

setup: setup-build ## install all that the tests need, and a virtual environment
	sh mk/setup.sh test $(PYTHON)
	@test -x $(VENV_PYTHON) || $(PYTHON) -m venv $(VENV)
	@$(VENV_PYTHON) -c 'import pytest, hypothesis, setuptools' 2>/dev/null || \
		$(VENV_PYTHON) -m pip install -q $(PYTEST_PACKAGES)
	@for package in $(PYTEST_HOSTS) $(PYTEST_WEB); do \
		$(VENV_PYTHON) -c "import $$package" 2>/dev/null || \
			$(VENV_PYTHON) -m pip install -q --only-binary :all: $$package || \
			echo "$$package cannot be had for $(PYTHON): its tests will be skipped"; done
	@for package in $(NODE_PACKAGES); do test -d $(NODE_FOLDER)/node_modules/$$package || missing=1; done; \
		if [ -n "$$missing" ]; then mkdir -p $(NODE_FOLDER) && npm install --silent --no-audit --no-fund \
			--no-save --prefix $(NODE_FOLDER) $(foreach p,$(NODE_PACKAGES),$(p)$(NODE_VERSION_$(p))) || \
			echo "npm packages cannot be had: their tests will be skipped"; fi

.PHONY: check valgrind test test-python
check: $(BUILD)/unit-tests $(TOOL_FAILURE_TEST) ## run the C unit tests
	@for test in $^; do $$test || exit 1; done

valgrind: $(BUILD)/unit-tests $(TOOL_FAILURE_TEST) ## run the C unit tests under valgrind
	@for test in $^; do \
		CK_FORK=no CK_TIMEOUT_MULTIPLIER=20 TRACEPROF_TEST_QUICK=1 \
			valgrind -q --leak-check=full --error-exitcode=9 $$test || exit 1; done

# PYTHONPATH stays as absolute as it must be: tests change folders.
test-python: all ## run the Python tests against the tree
	PYTHONPATH=$(CURDIR)/pymod TRACEPROF_BUILD=$(CURDIR)/$(BUILD) TEST_PYTHONS="$(PYTHONS)" \
		$(VENV_PYTHON) -m pytest -q -ra tests $(PYTEST_FLAGS)

.PHONY: growth
growth: all ## a million coroutines, thread states, tasks, 100 000 sessions and requests: memory must stay flat (20 min)
	PYTHONPATH=$(CURDIR)/pymod TRACEPROF_BUILD=$(CURDIR)/$(BUILD) TRACEPROF_TEST_FULL=1 \
		$(VENV_PYTHON) -m pytest -q -ra tests/python/test_growth.py tests/python/test_web_growth.py $(PYTEST_FLAGS)

test: ## run all tests; installs what they need
	$(MAKE) setup
	$(MAKE) all check
	$(MAKE) valgrind
	$(MAKE) asan
	$(MAKE) test-python
	$(MAKE) test-cpython
	$(MAKE) coverage

.PHONY: test-cpython matrix
# Status 3: the interpreter came without its tests, as the script has said.
test-cpython: ## run CPython's own tests of cProfile, profile and pstats on ctraceprof
	@for python in $(PYTHONS); do \
		$(MAKE) -s PYTHON=$$python extension && \
		PYTHONPATH=$(CURDIR)/pymod $$python tests/python/cpython_suite.py || [ $$? = 3 ] || exit 1; \
	done

matrix: ## run the Python tests on every interpreter in PYTHONS
	@for python in $(PYTHONS); do \
		version=$$($$python -c 'import sys; print("%d.%d.%d" % sys.version_info[:3])') && \
		echo "== $$python ($$version)" && \
		$(MAKE) -s PYTHON=$$python VENV=$(BUILD)/venv-$$version setup test-python test-cpython \
			PYTHONS=$$python || exit 1; done

# Sanitizers: the C tests, the tool, and the extension in an interpreter that is not instrumented.
SANITIZE = -fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer
ASAN_BUILD = $(BUILD)/asan
.PHONY: asan
asan: ## run C and Python tests with the address and undefined behaviour sanitizers
	ASAN_OPTIONS=allocator_may_return_null=1 $(MAKE) BUILD=$(ASAN_BUILD) \
		CFLAGS="-O1 -g $(SANITIZE)" check $(ASAN_BUILD)/traceprof
	$(MAKE) BUILD=$(ASAN_BUILD) CFLAGS="-O1 -g $(SANITIZE)" PACKAGE=$(ASAN_BUILD)/pymod/ctraceprof \
		package extension
	LD_PRELOAD="$$($(CC) -print-file-name=libasan.so) $$($(CC) -print-file-name=libstdc++.so.6)" \
		ASAN_OPTIONS=detect_leaks=0:allocator_may_return_null=1 PYTHONPATH=$(CURDIR)/$(ASAN_BUILD)/pymod \
		TRACEPROF_BUILD=$(CURDIR)/$(ASAN_BUILD) TRACEPROF_TEST_QUICK=1 \
		$(VENV_PYTHON) -m pytest -q -p no:cacheprovider -m "not slow" \
		tests/python/test_profile.py tests/python/test_timers.py tests/python/test_hooks.py \
		tests/python/test_labels.py tests/python/test_tool.py tests/python/test_tui.py tests/python/test_html.py \
		tests/python/test_same_counts.py tests/python/test_hostile.py \
		tests/python/test_fork.py tests/python/test_processes.py \
		tests/python/test_contexts.py tests/python/test_coroutines.py tests/python/test_awaited.py \
		tests/python/test_hosts.py tests/python/test_hosts_end.py tests/python/test_hosts_busy.py \
		tests/python/test_filters.py tests/python/test_filters_off.py tests/python/test_recurrent.py tests/python/test_sums.py \
		tests/python/test_decorator.py tests/python/test_decorator_kinds.py tests/python/test_decorator_generators.py \
		tests/python/test_web_parts.py tests/python/test_web_asgi.py tests/python/test_web_limits.py \
		tests/python/test_web_left.py tests/python/test_wsgi.py
	$(MAKE) fuzz-replay

# Coverage: everything once more with counters, C tests and Python tests.
# Of the two builds of line_input.c, tui_screen.c and push_http.c those with a library are measured: gcovr cannot
# add up files in which a function has two places.
COV_BUILD = $(BUILD)/cov
.PHONY: coverage
coverage: ## measure line coverage of lib/ and tools/; fails below 90 %
	rm -rf $(COV_BUILD)/counts && find $(COV_BUILD) -name '*.gcda' -delete 2>/dev/null || true
	$(MAKE) BUILD=$(COV_BUILD) CFLAGS="-O0 -g --coverage" check lib $(COV_BUILD)/traceprof
	$(MAKE) BUILD=$(COV_BUILD) CFLAGS="-O0 -g --coverage" PACKAGE=$(COV_BUILD)/pymod/ctraceprof \
		package extension
	PYTHONPATH=$(CURDIR)/$(COV_BUILD)/pymod TRACEPROF_BUILD=$(CURDIR)/$(COV_BUILD) \
		TRACEPROF_TEST_QUICK=1 $(VENV_PYTHON) -m pytest -q -p no:cacheprovider -m "not slow" tests/python
	find $(COV_BUILD) '(' -name 'line_input.gc*' -o -name 'tui_screen.gc*' -o -name 'push_http.gc*' ')' -delete
	gcovr --root . --object-directory $(COV_BUILD) --filter 'lib/' --filter 'tools/' \
		--exclude-throw-branches --txt --fail-under-line 90 --print-summary $(COV_BUILD)

# Every compiler there is, with all its warnings as errors. Not part of `make test`: clang is large.
.PHONY: warnings
warnings: ## build everything with gcc and clang, warnings as errors
	@for compiler in gcc clang; do \
		command -v $$compiler >/dev/null || { echo "no $$compiler here: left out"; continue; }; \
		echo "== $$compiler"; \
		mkdir -p $(BUILD)/$$compiler/pymod && $(MAKE) -s CC=$$compiler BUILD=$(BUILD)/$$compiler CFLAGS="-O2 -Werror" lib tool \
			$(BUILD)/$$compiler/unit-tests PACKAGE=$(BUILD)/$$compiler/pymod extension || exit 1; \
	done

# Measuring. bench/README.md says what is measured and how to read it.

BENCH_PYTHONS ?= $(PYTHON)
BENCH_ROUNDS ?= 11
BENCH_ACCURACY_ROUNDS ?= 7
BENCH_PACKAGES = yappi pyinstrument markdown jinja2 pygments
BENCH_BUILD = $(BUILD)/bench
FLOOR = $(BENCH_BUILD)/_floor$(EXT_SUFFIX)

.PHONY: bench bench-one bench-packages bench-floor bench-pair bench-tool bench-exports bench-page bench-filters bench-web
bench: bench-tool bench-exports bench-page ## measure overhead under each of BENCH_PYTHONS, and the tool, into bench/results
	@for python in $(BENCH_PYTHONS); do \
		$(MAKE) PYTHON=$$python extension bench-floor && \
		$(MAKE) PYTHON=$$python bench-one || exit 1; \
	done

# A venv of its own, since the packages are not the project's business otherwise. PYTHON's own pip fills
# it: not every interpreter can put one into a venv. A package that cannot be had for this version is
# left out; the table says so.
BENCH_VENV = $(BUILD)/bench-venv-$(shell $(PYTHON) -c 'import platform; print(platform.python_version())')
bench-packages: venv = $(BENCH_VENV)
bench-packages:
	test -x $(venv)/bin/python || $(PYTHON) -m venv --without-pip $(venv)
	@for package in $(BENCH_PACKAGES); do \
		$(PYTHON) -m pip --python $(venv)/bin/python install --quiet \
			--disable-pip-version-check $$package || \
			echo "bench: $$package could not be installed and is left out"; \
	done

bench-one: venv = $(BENCH_VENV)
bench-one: bench-packages
	PYTHONPATH=pymod:$(BENCH_BUILD) $(venv)/bin/python bench/run.py --rounds $(BENCH_ROUNDS)
	PYTHONPATH=pymod:$(BENCH_BUILD) $(venv)/bin/python bench/scopes.py --rounds $(BENCH_ROUNDS)

# All of BENCH_PYTHONS have their turn, whichever of them is beyond its bounds.
.PHONY: bench-accuracy bench-accuracy-one
bench-accuracy: ## measure how true reported times are under each of BENCH_PYTHONS; fails beyond its bounds
	@status=0; for python in $(BENCH_PYTHONS); do \
		$(MAKE) PYTHON=$$python extension && \
		$(MAKE) PYTHON=$$python bench-accuracy-one || status=1; \
	done; exit $$status

bench-accuracy-one: venv = $(BENCH_VENV)
bench-accuracy-one: bench-packages
	PYTHONPATH=pymod $(venv)/bin/python bench/accuracy.py --rounds $(BENCH_ACCURACY_ROUNDS)

bench-floor: $(FLOOR)
$(FLOOR): bench/floor.c lib/cpython/compat.h
	@mkdir -p $(@D)
	$(CC) -std=c11 $(WARNINGS) -fPIC -fvisibility=hidden -Iinclude -Ilib/cpython $(CFLAGS) \
		$(PY_INCLUDES) $(EXT_LINK) $(LDFLAGS) -o $@ $<

.PHONY: bench-decorator
bench-decorator: extension ## measure what ctraceprof.profile adds to a call; fails above its bounds
	PYTHONPATH=pymod $(PYTHON) bench/decorator.py

bench-filters: extension bench-floor ## measure what filters save; fails above its bound
	PYTHONPATH=pymod:$(BENCH_BUILD) $(PYTHON) bench/filters.py

bench-pair: $(BENCH_BUILD)/pair ## measure the recorder alone; fails above its bound
	$<
$(BENCH_BUILD)/pair: bench/pair.c $(BUILD)/libtraceprof.a
	@mkdir -p $(@D)
	$(CC) -std=c11 $(WARNINGS) -Iinclude $(CFLAGS) $(LDFLAGS) -o $@ $^ -lm

bench-page: tool extension ## measure the page: to write, to open; fails above its bounds
	PYTHONPATH=pymod $(PYTHON) bench/page.py --tool $(BUILD)/traceprof --node $(NODE_FOLDER)/node_modules

# Servers, their frameworks and other profilers, beside the packages above.
BENCH_WEB_PACKAGES = fastapi uvicorn uvloop httptools flask gunicorn pyinstrument fastapi-profiler
bench-web: BENCH_PACKAGES = $(BENCH_WEB_PACKAGES)
bench-web: extension bench-packages $(BENCH_BUILD)/load ## measure what middleware costs a server; fails beyond its bounds
	PYTHONPATH=pymod $(BENCH_VENV)/bin/python bench/web.py --load $(BENCH_BUILD)/load $(BENCH_WEB_FLAGS)
$(BENCH_BUILD)/load: bench/load.c
	@mkdir -p $(@D)
	$(CC) -std=c11 -D_DEFAULT_SOURCE $(WARNINGS) $(CFLAGS) $(LDFLAGS) -o $@ $<

bench-tool: tool $(BENCH_BUILD)/reader ## measure the tool against pstats; fails below its bounds
	$(PYTHON) bench/tool.py --tool $(BUILD)/traceprof --reader $(BENCH_BUILD)/reader
bench-exports: tool ## measure exports of 100 000 contexts; fails above half a second
	$(PYTHON) bench/exports.py --tool $(BUILD)/traceprof
$(BENCH_BUILD)/reader: bench/reader.c $(BUILD)/libtraceprof.a
	@mkdir -p $(@D)
	$(CC) -std=c11 $(WARNINGS) -Iinclude $(CFLAGS) $(LDFLAGS) -o $@ $^ -lm

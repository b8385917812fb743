# Fuzzing; tests/fuzz/README.md says what it is held to and what was run. The replay needs no fuzzer.

FUZZ_BUILD = $(BUILD)/fuzz
FUZZ_TARGETS = reader command pattern import
FUZZ_CORPUS = tests/fuzz/corpus
FUZZ_RUNS ?= 1000000
FUZZ_SECONDS ?= 300
FUZZ_CC ?= clang
AFL_CC ?= afl-clang-fast
FUZZ_FLAGS = -std=c11 $(WARNINGS) -Iinclude $(addprefix -Ilib/,$(LAYERS)) -Itools \
	-O2 -g -fno-omit-frame-pointer
FUZZ_SANITIZE = -fsanitize=address,undefined -fno-sanitize-recover=all
FUZZ_SOURCES = tests/fuzz/bounds.c $(call sources,lib) $(PAGE_PARTS) $(call sources,tool)
FUZZ_HEADERS = $(wildcard tests/fuzz/*.h include/traceprof/*.h lib/*/*.h tools/*.h)
# libFuzzer's switches: commands print, which nobody is to read.
FUZZ_SWITCHES = -max_len=4096 -timeout=5 -rss_limit_mb=2048 -print_final_stats=1
fuzz-command: FUZZ_SWITCHES += -close_fd_mask=3

# What is given when nothing else is said: golden files to the reader, and to each target its corpus.
FUZZ_REPLAYED_reader = tests/golden/good tests/golden/bad $(FUZZ_CORPUS)/reader
FUZZ_REPLAYED_command = $(FUZZ_CORPUS)/command
FUZZ_REPLAYED_pattern = $(FUZZ_CORPUS)/pattern
FUZZ_REPLAYED_import = $(FUZZ_CORPUS)/import tests/golden/good

# With the sanitizers' objects, which `make asan` has made.
replay_objects = $(patsubst %,$(BUILD)/obj/tests/fuzz/%.o,bounds replay) $(call objects,tool)
$(BUILD)/replay-%: $(BUILD)/obj/tests/fuzz/fuzz_%.o $(replay_objects) $(BUILD)/libtraceprof.a
	$(CC) $(CFLAGS) $(LDFLAGS) -o $@ $^ -lm

.PRECIOUS: $(BUILD)/replay-% $(BUILD)/obj/tests/fuzz/%.o $(FUZZ_BUILD)/fuzz-% $(FUZZ_BUILD)/afl-%
.PHONY: replay fuzz-replay fuzz-reader fuzz-command fuzz-pattern fuzz-import fuzz-afl fuzz-tools
fuzz-replay: ## give golden files and the fuzz corpus to the targets, with sanitizers
	@$(MAKE) -s BUILD=$(ASAN_BUILD) CFLAGS="-O1 -g $(SANITIZE)" replay

# What a command prints goes nowhere; stderr is shown when something was found.
replay: $(addprefix $(BUILD)/replay-,$(FUZZ_TARGETS))
	@$(foreach target,$(FUZZ_TARGETS),$(call replay,$(target),,$(FUZZ_REPLAYED_$(target)) \
		$(wildcard $(FUZZ_CORPUS)/found/$(target)-*)) &&) \
	$(call replay,reader,--truncate,tests/golden/good) && \
	$(call replay,reader,--flip,$(FUZZ_FLIPPED)) && \
	$(call replay,import,--truncate,$(FUZZ_CORPUS)/import) && \
	$(call replay,import,--flip,$(addprefix $(FUZZ_CORPUS)/import/,$(FUZZ_FLIPPED_TEXT)))

# Each byte of the small ones to whatever it can be, of the other to what is likely to break it.
FUZZ_FLIPPED = $(FUZZ_CORPUS)/small-tree.prof $(FUZZ_CORPUS)/small-async.prof \
	$(FUZZ_CORPUS)/small-times.prof \
	tests/golden/good/cprofile-3.13.prof

FUZZ_FLIPPED_TEXT = small.collapsed small.callgrind circle.callgrind

# Of a target, with a switch, these paths.
define replay
{ printf 'fuzz-replay: %s %s: ' $(1) '$(2)' && \
$(BUILD)/replay-$(1) $(2) $(3) >/dev/null 2>$(BUILD)/replay.log && \
tail -n 1 $(BUILD)/replay.log || { cat $(BUILD)/replay.log; exit 1; }; }
endef

fuzz-tools:
	@command -v $(FUZZ_CC) >/dev/null || \
		{ echo "fuzz: no $(FUZZ_CC) here: libFuzzer comes with clang; FUZZ_CC names another" >&2; exit 1; }

$(FUZZ_BUILD)/fuzz-%: tests/fuzz/fuzz_%.c $(FUZZ_SOURCES) $(FUZZ_HEADERS) | fuzz-tools
	@mkdir -p $(@D)
	$(FUZZ_CC) $(FUZZ_FLAGS) -fsanitize=fuzzer $(FUZZ_SANITIZE) $(LDFLAGS) -o $@ $(filter %.c,$^) -lm

# New inputs are kept in the build; `libfuzzer -merge=1` makes a corpus of them (README).
fuzz-reader fuzz-command fuzz-pattern fuzz-import: fuzz-%: $(FUZZ_BUILD)/fuzz-%
	@mkdir -p $(FUZZ_BUILD)/new-$*
	$< $(FUZZ_SWITCHES) -runs=$(FUZZ_RUNS) -artifact_prefix=$(FUZZ_BUILD)/$*- \
		$(FUZZ_BUILD)/new-$* $(FUZZ_REPLAYED_$*)
fuzz-reader: ## FUZZ_RUNS inputs to the reader (libFuzzer)
fuzz-command: ## the same to the commands
fuzz-pattern: ## the same to regular expressions
fuzz-import: ## the same to collapsed stacks and callgrind files, and what comes out to all writers

# afl-clang-fast brings a driver for LLVMFuzzerTestOneInput by itself when asked for the fuzzer.
FUZZ_AFL_TARGET ?= reader
$(FUZZ_BUILD)/afl-%: tests/fuzz/fuzz_%.c $(FUZZ_SOURCES) $(FUZZ_HEADERS)
	@command -v $(AFL_CC) >/dev/null || \
		{ echo "fuzz: no $(AFL_CC) here: it comes with AFL++; AFL_CC names another" >&2; exit 1; }
	@mkdir -p $(@D)
	AFL_QUIET=1 $(AFL_CC) $(FUZZ_FLAGS) -fsanitize=fuzzer $(FUZZ_SANITIZE) $(LDFLAGS) -o $@ \
		$(filter %.c,$^) -lm

fuzz-afl: $(FUZZ_BUILD)/afl-$(FUZZ_AFL_TARGET) ## FUZZ_AFL_TARGET (reader) under AFL++ for FUZZ_SECONDS
	@rm -rf $(FUZZ_BUILD)/afl-seeds && mkdir -p $(FUZZ_BUILD)/afl-seeds
	@find $(FUZZ_REPLAYED_$(FUZZ_AFL_TARGET)) -type f -size -9k \
		-exec cp {} $(FUZZ_BUILD)/afl-seeds ';'
	AFL_NO_UI=1 AFL_SKIP_CPUFREQ=1 AFL_I_DONT_CARE_ABOUT_MISSING_CRASHES=1 AFL_NO_AFFINITY=1 \
		afl-fuzz -m none -t 2000 -V $(FUZZ_SECONDS) -i $(FUZZ_BUILD)/afl-seeds \
		-o $(FUZZ_BUILD)/afl-out -- ./$<
	@crashes=$$(find $(FUZZ_BUILD)/afl-out/default/crashes $(FUZZ_BUILD)/afl-out/default/hangs \
		-type f ! -name 'README*' | wc -l); echo "fuzz-afl: $$crashes found"; [ "$$crashes" = 0 ]

# make help lists the targets. PYTHON chooses the interpreter that the extension is built for.

PYTHON ?= python3
BUILD ?= build
PREFIX ?= /usr/local
DESTDIR ?=
CC ?= cc
AR ?= ar

CFLAGS ?= -O2 -g
WARNINGS = -Wall -Wextra -Wshadow -Wconversion
LAYERS = base clock profile record marshal emit import cpython
BASE_FLAGS = -std=c11 $(WARNINGS) -fPIC -fvisibility=hidden -Iinclude \
	$(addprefix -Ilib/,$(LAYERS)) -Itools -MMD -MP
ALL_CFLAGS = $(BASE_FLAGS) $(CFLAGS)
SHARED_SUFFIX = $(if $(filter Darwin,$(shell uname -s)),dylib,so)

# The one list of sources; setup.py reads it too.
sources = $(shell sed -n 's/^$(1) //p' sources.txt)
objects = $(patsubst %.c,$(BUILD)/obj/%.o,$(call sources,$(1)))
# The page of lib/emit/page as C, the one source that is made.
PAGE_PARTS = $(BUILD)/made/page_parts.c
lib_objects = $(call objects,lib) $(PAGE_PARTS:.c=.o)
VERSION := $(shell sed -n 's/^\#define TP_VERSION_STRING "\(.*\)"/\1/p' include/traceprof/version.h)
SOVERSION := $(firstword $(subst ., ,$(VERSION)))

# What the extension needs to know of its interpreter; one recipe's worth of Python.
py_config = $(shell $(PYTHON) -c 'import sysconfig as s; \
	print(s.get_config_var("EXT_SUFFIX"), "-I" + s.get_path("include"), "-I" + s.get_path("platinclude"))')
PY_CONFIG := $(py_config)
EXT_SUFFIX = $(word 1,$(PY_CONFIG))
PY_INCLUDES = $(subst -I,-isystem ,$(sort $(wordlist 2,3,$(PY_CONFIG))))
PY_OBJ = $(BUILD)/obj/py$(EXT_SUFFIX)
py_objects = $(patsubst %.c,$(PY_OBJ)/%.o,$(call sources,$(1)))
# Where the package lies that the extension is put beside; other builds have their own copy.
PACKAGE ?= pymod/ctraceprof
EXTENSION = $(PACKAGE)/_core$(EXT_SUFFIX)
TOOL_EXTENSION = $(PACKAGE)/_tool$(EXT_SUFFIX)
EXT_LINK = -shared $(if $(filter Darwin,$(shell uname -s)),-undefined dynamic_lookup,-Wl,--exclude-libs,ALL)

LIBS = $(BUILD)/libtraceprof.a $(BUILD)/libtraceprof.$(SHARED_SUFFIX)

.PHONY: all lib tool extension
all: lib tool extension ## build library, tool, and the extension for PYTHON
lib: $(LIBS) $(BUILD)/traceprof.pc
tool: $(BUILD)/traceprof
extension: $(EXTENSION) $(TOOL_EXTENSION)

# A copy of the package's Python files, for builds that put their extension elsewhere.
.PHONY: package
package:
	@mkdir -p $(PACKAGE)/_start $(PACKAGE)/_web
	cp pymod/ctraceprof/*.py $(PACKAGE)
	cp pymod/ctraceprof/_web/*.py $(PACKAGE)/_web
	cp pymod/ctraceprof/_start/*.py $(PACKAGE)/_start

$(BUILD)/obj/%.o: %.c
	@mkdir -p $(@D)
	$(CC) $(ALL_CFLAGS) -c $< -o $@

$(PAGE_PARTS): $(call sources,page) mk/embed.sh mk/squeeze.awk sources.txt
	@mkdir -p $(@D)
	sh mk/embed.sh > $@.new && mv $@.new $@

$(BUILD)/made/%.o: $(BUILD)/made/%.c
	$(CC) $(ALL_CFLAGS) -c $< -o $@

$(PY_OBJ)/%.o: %.c
	@mkdir -p $(@D)
	$(CC) $(ALL_CFLAGS) $(PY_INCLUDES) -c $< -o $@

$(BUILD)/libtraceprof.a: $(lib_objects)
	@rm -f $@
	$(AR) rcs $@ $^

ifeq ($(SHARED_SUFFIX),so)
SHARED_FLAGS = -Wl,-soname,libtraceprof.so.$(SOVERSION) -Wl,--version-script=lib/libtraceprof.map \
	-Wl,--no-undefined
endif
$(BUILD)/libtraceprof.$(SHARED_SUFFIX): $(lib_objects) lib/libtraceprof.map
	$(CC) -shared $(SHARED_FLAGS) $(CFLAGS) $(LDFLAGS) -o $@ $(lib_objects) -lm
	@ln -sf $(@F) $(BUILD)/libtraceprof.so.$(SOVERSION)

$(BUILD)/libtraceprof-cpython.a: $(call py_objects,cpython)
	@rm -f $@
	$(AR) rcs $@ $^

# Line editing for 'traceprof browse', where there is a library for it. The extension goes without: its
# process may have the interpreter's own.
edit_links = $(shell echo 'int main(void) { return readline("") != NULL; }' | $(CC) $(filter-out --coverage,$(CFLAGS)) \
	-include stdio.h -include $(1)/readline.h -x c - -o /dev/null $(LDFLAGS) $(2) 2>/dev/null && echo $(2))
EDIT_LIBS := $(or $(call edit_links,editline,-ledit),$(call edit_links,readline,-lreadline))
EDIT_FLAGS = $(if $(EDIT_LIBS),-DTP_HAVE_EDITLINE=$(if $(filter -ledit,$(EDIT_LIBS)),1,2))

# The screen of 'traceprof tui', in the same way.
curses_links = $(shell echo 'int main(void) { wint_t key; return newterm(0, stdout, stdin) != 0 && get_wch(&key); }' | \
	$(CC) $(filter-out --coverage,$(CFLAGS)) -D_XOPEN_SOURCE=700 -DNCURSES_WIDECHAR=1 -include stdio.h \
	-include curses.h -x c - -o /dev/null $(LDFLAGS) $(1) 2>/dev/null && echo $(1))
CURSES_LIBS := $(or $(call curses_links,-lncursesw),$(call curses_links,-lncurses))
TERM_LIBS = $(EDIT_LIBS) $(CURSES_LIBS)
TERM_FLAGS = $(EDIT_FLAGS) $(if $(CURSES_LIBS),-DTP_HAVE_CURSES=1)

# libcurl for 'traceprof push', which says so where there is none (or with CURL_LIBS= on the command line).
# The extension goes without: the package needs no library at run time.
CURL_LIBS := $(shell echo 'int main(void) { return curl_easy_init() == NULL; }' | $(CC) \
	$(filter-out --coverage,$(CFLAGS)) -include curl/curl.h -x c - -o /dev/null $(LDFLAGS) -lcurl 2>/dev/null && \
	echo -lcurl)
CURL_FLAGS = $(if $(CURL_LIBS),-DTP_HAVE_CURL)
tool_objects = $(patsubst %/push_http.o,%/push_http.curl.o,$(patsubst %/tui_screen.o,%/tui_screen.term.o,\
	$(patsubst %/line_input.o,%/line_input.term.o,$(call objects,tool))))

# What is found later, as `make setup` installs it, is built with.
TOOL_LIBS = $(BUILD)/tool-libs
.PHONY: tool-libs-now
$(TOOL_LIBS): tool-libs-now
	@mkdir -p $(@D)
	@echo "$(TERM_LIBS) $(CURL_LIBS)" | cmp -s - $@ || echo "$(TERM_LIBS) $(CURL_LIBS)" > $@

$(BUILD)/obj/%.term.o: %.c $(TOOL_LIBS)
	@mkdir -p $(@D)
	$(CC) $(ALL_CFLAGS) $(TERM_FLAGS) -c $< -o $@

$(BUILD)/obj/%.curl.o: %.c $(TOOL_LIBS)
	@mkdir -p $(@D)
	$(CC) $(ALL_CFLAGS) $(CURL_FLAGS) -c $< -o $@

$(BUILD)/traceprof: $(tool_objects) $(call objects,toolmain) $(BUILD)/libtraceprof.a $(TOOL_LIBS)
	$(CC) $(CFLAGS) $(LDFLAGS) -o $@ $(filter-out $(TOOL_LIBS),$^) -lm $(TERM_LIBS) $(CURL_LIBS)

$(EXTENSION): $(call py_objects,core) $(call py_objects,cpython) $(BUILD)/libtraceprof.a
	$(CC) $(EXT_LINK) $(CFLAGS) $(LDFLAGS) -o $@ $^ -lm

$(TOOL_EXTENSION): $(call py_objects,toolmodule) $(call objects,tool) $(BUILD)/libtraceprof.a
	$(CC) $(EXT_LINK) $(CFLAGS) $(LDFLAGS) -o $@ $^ -lm

$(BUILD)/traceprof.pc: lib/traceprof.pc.in include/traceprof/version.h
	@mkdir -p $(@D)
	sed -e 's|@PREFIX@|$(PREFIX)|' -e 's|@VERSION@|$(VERSION)|' $< > $@

-include $(shell find $(BUILD)/obj -name '*.d' 2>/dev/null)

include mk/install.mk
include mk/demo.mk
include mk/test.mk
include mk/fuzz.mk
include mk/bench.mk

.PHONY: clean help
clean: ## remove all that was built
	rm -rf $(BUILD) pymod/ctraceprof/*.so pymod/*.egg-info

help: ## list the targets
	@sed -n 's/^\([a-z-]*\):.*## /\1\t/p' Makefile mk/*.mk | expand -t 16

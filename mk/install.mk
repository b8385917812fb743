# Installing the library, its headers and the tool.

LIBDIR ?= $(PREFIX)/lib
DATADIR ?= $(PREFIX)/share
COMPLETION_DIRS = bash-completion/completions zsh/site-functions fish/vendor_completions.d

.PHONY: install
install: lib tool ## install library, headers, tool and manual page under PREFIX (and DESTDIR)
	install -d $(DESTDIR)$(PREFIX)/bin $(DESTDIR)$(LIBDIR)/pkgconfig \
		$(DESTDIR)$(PREFIX)/include/traceprof
	install -m 644 include/traceprof/*.h $(DESTDIR)$(PREFIX)/include/traceprof
	install -m 644 $(BUILD)/libtraceprof.a $(DESTDIR)$(LIBDIR)
	install -m 755 $(BUILD)/libtraceprof.$(SHARED_SUFFIX) \
		$(DESTDIR)$(LIBDIR)/libtraceprof.$(SHARED_SUFFIX).$(VERSION)
	ln -sf libtraceprof.$(SHARED_SUFFIX).$(VERSION) \
		$(DESTDIR)$(LIBDIR)/libtraceprof.$(SHARED_SUFFIX).$(SOVERSION)
	ln -sf libtraceprof.$(SHARED_SUFFIX).$(SOVERSION) \
		$(DESTDIR)$(LIBDIR)/libtraceprof.$(SHARED_SUFFIX)
	sed -e 's|@PREFIX@|$(PREFIX)|' -e 's|@VERSION@|$(VERSION)|' lib/traceprof.pc.in \
		> $(DESTDIR)$(LIBDIR)/pkgconfig/traceprof.pc
	install -m 755 $(BUILD)/traceprof $(DESTDIR)$(PREFIX)/bin
	install -d $(addprefix $(DESTDIR)$(DATADIR)/,$(COMPLETION_DIRS) man/man1)
	$(BUILD)/traceprof help --man > $(DESTDIR)$(DATADIR)/man/man1/traceprof.1
	$(BUILD)/traceprof completions bash > $(DESTDIR)$(DATADIR)/bash-completion/completions/traceprof
	$(BUILD)/traceprof completions zsh > $(DESTDIR)$(DATADIR)/zsh/site-functions/_traceprof
	$(BUILD)/traceprof completions fish > $(DESTDIR)$(DATADIR)/fish/vendor_completions.d/traceprof.fish

.PHONY: install-cpython
install-cpython: install $(BUILD)/libtraceprof-cpython.a ## install the CPython adapter for PYTHON too
	install -m 644 $(BUILD)/libtraceprof-cpython.a $(DESTDIR)$(LIBDIR)

# Installing the library, its headers and the tool.

LIBDIR ?= $(PREFIX)/lib

.PHONY: install
install: lib tool ## install library, headers and tool under PREFIX (and DESTDIR)
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

.PHONY: install-cpython
install-cpython: install $(BUILD)/libtraceprof-cpython.a ## install the CPython adapter for PYTHON too
	install -m 644 $(BUILD)/libtraceprof-cpython.a $(DESTDIR)$(LIBDIR)

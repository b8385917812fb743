# The first look: build everything, profile a real program, show what was found.

DEMO_FILE = $(BUILD)/demo.prof

.PHONY: demo
demo: ## build, profile examples/textindex, print its table and its hottest path
	@$(MAKE) -s setup-build
	@$(MAKE) -s all
	@echo "$$ python3 -m ctraceprof -o $(DEMO_FILE) examples/textindex"
	@PYTHONPATH=pymod $(PYTHON) -m ctraceprof -o $(DEMO_FILE) examples/textindex
	@printf '\n$$ traceprof top -n 12 $(DEMO_FILE)\n'
	@$(BUILD)/traceprof top -n 12 $(DEMO_FILE)
	@printf '$$ traceprof path $(DEMO_FILE)\n'
	@$(BUILD)/traceprof path $(DEMO_FILE)
	@printf '\nThe profile lies in %s; pstats, snakeviz and others read it.\n' \
		"$(abspath $(DEMO_FILE))"

# Tests. `make test` installs what it lacks, then runs all of them; `make check` is the C units alone.

C_TESTS = $(sort $(wildcard tests/c/*.c))
C_TEST_OBJECTS = $(patsubst %.c,$(BUILD)/obj/%.o,$(C_TESTS))
CHECK_FLAGS = $(shell pkg-config --cflags --libs check)

$(BUILD)/unit-tests: $(C_TEST_OBJECTS) $(BUILD)/libtraceprof.a
	$(CC) $(CFLAGS) $(LDFLAGS) -o $@ $^ $(CHECK_FLAGS) -lm

.PHONY: check
check: $(BUILD)/unit-tests ## run the C unit tests
	$(BUILD)/unit-tests

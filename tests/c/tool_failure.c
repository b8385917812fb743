/* Every allocation of the tool fails once, and once all that follow it: a clean error, nothing printed
 * by halves, nothing leaked, no file touched.
 *
 * The linker's --wrap puts the functions below in the place of the C library's. What stdio allocates for
 * itself lies inside the C library and is not reached. */
#define _GNU_SOURCE
#include <check.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tool.h"
#include "tui_draw.h"

#define GOOD "tests/golden/good/"
#define WITH_COROUTINES "tests/golden/cli/async.prof"
#define PROCESSES "tests/golden/cli/processes.prof"
#define WITH_TIMES "tests/golden/cli/compensated.prof"
#define RAW_ONLY "tests/golden/cli/raw.prof"
#define WITH_TREE GOOD "ctraceprof-3.13.prof"
#define WITH_TREE_TOO GOOD "ctraceprof-3.11.prof"
#define WITHOUT_TREE GOOD "cprofile-3.13.prof"
#define OF_PROFILE GOOD "profile-3.13.prof"
#define OF_SAMPLES GOOD "sampling-3.15.prof"
#define OF_STACKS "tests/fuzz/corpus/import/threads.collapsed"
#define OF_CALLGRIND "tests/fuzz/corpus/import/golden.callgrind"
#define RULES_FILE "rules" /* both in a folder of the test's own */
#define OUTPUT_FILE "sum.prof"

/* What the allocator is told, and what it saw. */
static struct {
    int is_on;
    int goes_on;  /* whether all that follow fail as well */
    long fail_at; /* -1: none */
    long count;
    long live;
} memory;

static int fails(void)
{
    if (!memory.is_on)
        return 0;
    long number = memory.count++;
    if (memory.fail_at < 0 || number < memory.fail_at ||
        (number > memory.fail_at && !memory.goes_on))
        return 0;
    errno = ENOMEM;
    return 1;
}

static void *count_new(void *block)
{
    memory.live += memory.is_on && block != NULL;
    return block;
}

void *__real_malloc(size_t size);
void *__real_calloc(size_t count, size_t size);
void *__real_realloc(void *block, size_t size);
void __real_free(void *block);
FILE *__real_fopencookie(void *cookie, const char *mode, cookie_io_functions_t functions);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t count, size_t size);
void *__wrap_realloc(void *block, size_t size);
void __wrap_free(void *block);
FILE *__wrap_fopencookie(void *cookie, const char *mode, cookie_io_functions_t functions);

void *__wrap_malloc(size_t size)
{
    return fails() ? NULL : count_new(__real_malloc(size));
}

void *__wrap_calloc(size_t count, size_t size)
{
    return fails() ? NULL : count_new(__real_calloc(count, size));
}

void *__wrap_realloc(void *block, size_t size)
{
    if (fails())
        return NULL;
    return block == NULL ? count_new(__real_realloc(NULL, size)) : __real_realloc(block, size);
}

void __wrap_free(void *block)
{
    memory.live -= memory.is_on && block != NULL;
    __real_free(block);
}

FILE *__wrap_fopencookie(void *cookie, const char *mode, cookie_io_functions_t functions)
{
    return fails() ? NULL : __real_fopencookie(cookie, mode, functions);
}

/* Standard output or error, caught in a file without a name. */
typedef struct catcher {
    int fd;     /* 1 or 2 */
    int before; /* what it was */
    int caught;
    char text[1 << 17];
} catcher;

static catcher output = { .fd = STDOUT_FILENO }, errors = { .fd = STDERR_FILENO };
static char folder[] = "/tmp/traceprof-test-XXXXXX";
static char rules_path[64], output_path[64];

static void catch_open(catcher *c)
{
    FILE *file = tmpfile();
    ck_assert_ptr_nonnull(file);
    c->caught = dup(fileno(file));
    c->before = dup(c->fd);
    fclose(file);
    ck_assert_int_ge(c->caught, 0);
    ck_assert_int_ge(c->before, 0);
}

static void catch_begin(catcher *c)
{
    ck_assert_int_eq(ftruncate(c->caught, 0), 0);
    ck_assert_int_eq(lseek(c->caught, 0, SEEK_SET), 0);
    ck_assert_int_eq(dup2(c->caught, c->fd), c->fd);
}

static void catch_end(catcher *c)
{
    ck_assert_int_eq(dup2(c->before, c->fd), c->fd);
    ssize_t size = pread(c->caught, c->text, sizeof c->text - 1, 0);
    ck_assert_int_ge(size, 0);
    ck_assert_int_lt(size, sizeof c->text - 1);
    c->text[size] = '\0';
}

static void write_text(const char *path, const char *text)
{
    FILE *file = fopen(path, "wb");
    ck_assert_ptr_nonnull(file);
    ck_assert_int_ne(fputs(text, file), EOF);
    ck_assert_int_eq(fclose(file), 0);
}

#define BEFORE "what was there"

static int is_as_before(const char *path)
{
    char text[sizeof BEFORE + 1];
    FILE *file = fopen(path, "rb");
    ck_assert_ptr_nonnull(file);
    size_t size = fread(text, 1, sizeof text, file);
    fclose(file);
    return size == strlen(BEFORE) && memcmp(text, BEFORE, size) == 0;
}

static int files_in_folder(void)
{
    int count = 0;
    DIR *listing = opendir(folder);
    ck_assert_ptr_nonnull(listing);
    for (struct dirent *entry; (entry = readdir(listing)) != NULL;)
        count += entry->d_name[0] != '.' || strlen(entry->d_name) > 2;
    closedir(listing);
    return count;
}

/* What is typed comes through a pipe. */
static void type(const char *text)
{
    int ends[2];
    ck_assert_int_eq(pipe(ends), 0);
    ck_assert_int_eq(write(ends[1], text, strlen(text)), (ssize_t)strlen(text));
    close(ends[1]);
    ck_assert_int_eq(dup2(ends[0], STDIN_FILENO), STDIN_FILENO);
    close(ends[0]);
    clearerr(stdin);
}

#define MOST_WORDS 16

typedef struct command_line {
    int status;        /* when nothing fails */
    const char *typed; /* NULL: nothing */
    char *words[MOST_WORDS];
} command_line;

static int run(const command_line *line, long fail_at, int goes_on)
{
    char *words[MOST_WORDS + 1] = { NULL };
    int count = 0;
    for (; line->words[count] != NULL; count++)
        words[count] = line->words[count];
    write_text(output_path, BEFORE);
    type(line->typed != NULL ? line->typed : "");
    catch_begin(&output);
    catch_begin(&errors);
    memory.fail_at = fail_at;
    memory.goes_on = goes_on;
    memory.count = memory.live = 0;
    memory.is_on = 1;
    int status = tp_tool_main(count, words);
    memory.is_on = 0;
    fflush(stdout);
    catch_end(&output);
    catch_end(&errors);
    while (getchar() != EOF)
        ;
    return status;
}

/* A conversation has told of it on standard output, and goes on. */
static int has_told(const command_line *line, int status)
{
    if (line->typed != NULL && strstr(output.text, "MemoryError: \n") != NULL)
        return 1;
    return status == TP_EXIT_INPUT && strstr(errors.text, "out of memory") != NULL;
}

/* Fails the test unless allocation `fail_at` has left all in order. Whether it was reached. */
static int survive(const command_line *line, const char *expected, long fail_at, int goes_on)
{
    int status = run(line, fail_at, goes_on);
    const char *name = line->words[1];
    ck_assert_msg(memory.live == 0, "%s, allocation %ld: %ld blocks leak", name, fail_at,
                  memory.live);
    ck_assert_msg(files_in_folder() == 2, "%s, allocation %ld: a file is left", name, fail_at);
    if (memory.count <= fail_at)
        return 0;
    if (has_told(line, status)) {
        ck_assert_msg(status != TP_EXIT_INPUT || line->typed != NULL || output.text[0] == '\0',
                      "%s, allocation %ld: printed by halves:\n%.1500s", name, fail_at, output.text);
        ck_assert_msg(line->typed != NULL || is_as_before(output_path),
                      "%s, allocation %ld: the file was touched", name, fail_at);
    } else {
        /* What was not needed, then: all is as if nothing had happened. */
        ck_assert_msg(status == line->status && strcmp(output.text, expected) == 0,
                      "%s, allocation %ld: status %d, errors:\n%.300s\noutput:\n%.1500s", name, fail_at,
                      status, errors.text, output.text);
    }
    return 1;
}

static char *copy(const char *text)
{
    char *made = malloc(strlen(text) + 1);
    ck_assert_ptr_nonnull(made);
    return strcpy(made, text);
}

#define TOOL "traceprof"
#define TYPED                                                                                      \
    "sort stdname\nstats 3\n\nstats .5 json\ncallers\ncallees main\nstrip\nreverse\n"               \
    "add " WITHOUT_TREE "\nread " OF_SAMPLES "\nstats\nhelp sort\n?stats\nsort\nstats (\nread\n"     \
    "a line that is longer than the room that is made for one at first, which is eighty bytes\n"

static const command_line lines[] = {
    { 0, NULL, { TOOL, "top", WITH_TREE } },
    { 0, NULL, { TOOL, "top", "--pstats", "-s", "stdname", "-n", "main", WITHOUT_TREE } },
    { 0, NULL, { TOOL, "top", "--pstats", "--strip-dirs", "-rs", "nfl", WITHOUT_TREE, WITH_TREE } },
    { 0, NULL, { TOOL, "top", "--pstats", "-n", "3", OF_SAMPLES } },
    { 0, NULL, { TOOL, "top", "-s", "stdname,calls", "-n", ".5", "-n", "e", "--format", "json",
                 WITHOUT_TREE } },
    { 0, NULL, { TOOL, "top", "--focus", "main", "--ignore", "len", "--hide", "x", "--hide", "y",
                 "--strip-dirs", WITH_TREE } },
    { 0, NULL, { TOOL, "top", "--focus", "fail|main", "--collapse-lib", WITHOUT_TREE } },
    { 0, NULL, { TOOL, "top", WITH_TREE, WITH_TREE_TOO } },
    { 0, NULL, { TOOL, "callers", WITH_TREE } },
    { 0, NULL, { TOOL, "callers", "--pstats", WITHOUT_TREE } },
    { 0, NULL, { TOOL, "callees", "--pstats", OF_PROFILE } },
    { 0, NULL, { TOOL, "callees", WITHOUT_TREE } },
    { 0, NULL, { TOOL, "top", "-s", "awaited", PROCESSES, WITH_COROUTINES } },
    { 0, NULL, { TOOL, "info", "--process", "4711", "--thread", "worker", PROCESSES } },
    { 0, NULL, { TOOL, "tree", WITH_TREE } },
    { 0, NULL, { TOOL, "tree", "--invert", WITH_TREE } },
    { 0, NULL, { TOOL, "tree", WITHOUT_TREE } },
    { 0, NULL, { TOOL, "path", WITH_TREE } },
    { 0, NULL, { TOOL, "peek", "main", WITH_TREE } },
    { 0, NULL, { TOOL, "diff", WITH_TREE, WITHOUT_TREE } },
    { 0, NULL, { TOOL, "diff", "--tree", WITH_TREE, WITH_TREE_TOO } },
    { 0, NULL, { TOOL, "diff", "--strip-dirs", WITHOUT_TREE, WITH_TREE } },
    { 0, NULL, { TOOL, "merge", "-o", output_path, WITH_TREE, WITHOUT_TREE, WITH_TREE } },
    { 3, NULL, { TOOL, "push", "http://h", "--label", "a=b", WITH_TREE } }, /* without libcurl */
    { 0, NULL, { TOOL, "convert", "--to", "speedscope", WITH_TREE } },
    { 0, NULL, { TOOL, "convert", "--to", "callgrind", WITH_TREE } },
    { 0, NULL, { TOOL, "convert", "--to", "callgrind", OF_SAMPLES } },
    { 0, NULL, { TOOL, "convert", "--to", "collapsed", "--min", "5", PROCESSES } },
    { 0, NULL, { TOOL, "convert", "--to", "collapsed", WITHOUT_TREE } },
    { 0, NULL, { TOOL, "convert", "--to", "pprof", "-o", output_path, PROCESSES } },
    { 0, NULL, { TOOL, "convert", "--to", "pstats", "-o", output_path, WITH_TREE } },
    { 0, NULL, { TOOL, "convert", "--to", "dot", WITH_TREE } },
    { 0, NULL, { TOOL, "convert", "--to", "json", PROCESSES } },
    { 0, NULL, { TOOL, "convert", "--to", "jsonl", PROCESSES } },
    { 0, NULL, { TOOL, "convert", "--to", "csv", "--table", "contexts", PROCESSES } },
    { 0, NULL, { TOOL, "report", "-o", output_path, WITH_TREE } },
    { 0, NULL, { TOOL, "report", "--diff", "-o", output_path, WITHOUT_TREE, PROCESSES } },
    { 0, NULL, { TOOL, "top", OF_STACKS } },
    { 0, NULL, { TOOL, "top", OF_CALLGRIND } },
    { 0, NULL, { TOOL, "info", "--check", WITH_TREE } },
    { 1, NULL, { TOOL, "check", "-f", "calls > 3", "-r", rules_path, "-b", WITH_TREE,
                 WITHOUT_TREE } },
    { 1, NULL, { TOOL, "check", "-r", rules_path, "-b", WITH_TREE, "--report", "junit",
                 WITHOUT_TREE } },
    { 1, NULL, { TOOL, "check", "-r", rules_path, "-b", WITH_TREE, "--report", "github",
                 WITHOUT_TREE } },
    { 1, NULL, { TOOL, "check", "-r", rules_path, "-b", WITH_TREE, "--report", "md",
                 WITHOUT_TREE } },
    { 0, TYPED, { TOOL, "browse", WITH_TREE, WITHOUT_TREE } },
    { 0, NULL, { TOOL, "top", "--raw", "--format", "csv", WITH_TIMES, RAW_ONLY } },
    { 0, NULL, { TOOL, "info", "--compensated", "--hide", "main", WITH_TIMES } },
    { 3, NULL, { TOOL, "callers", "--compensated", WITH_TIMES, RAW_ONLY } },
    { 3, NULL, { TOOL, "top", "--pstats", "--compensated", WITH_TIMES, RAW_ONLY } },
    { 0, NULL, { TOOL, "help" } },
    { 0, NULL, { TOOL, "help", "check" } },
    { 0, NULL, { TOOL, "help", "--man" } },
    { 0, NULL, { TOOL, "--version" } },
    { 0, NULL, { TOOL, "completions", "bash" } },
};

#define LINE_COUNT (sizeof lines / sizeof *lines)

static void open_all(void)
{
    ck_assert_ptr_nonnull(mkdtemp(folder));
    snprintf(rules_path, sizeof rules_path, "%s/%s", folder, RULES_FILE);
    snprintf(output_path, sizeof output_path, "%s/%s", folder, OUTPUT_FILE);
    write_text(rules_path, "# rules\n*main* calls > +1%\ntotal calls > 5\n\"*\" cumtime > 0.1ns\n");
    catch_open(&output);
    catch_open(&errors);
}

static void close_all(void)
{
    unlink(rules_path);
    unlink(output_path);
    rmdir(folder);
}

START_TEST(the_tool_survives_any_allocation_failing)
{
    const command_line *line = &lines[_i];
    /* Under valgrind, where each run takes its time, not each. */
    long step = getenv("TRACEPROF_TEST_QUICK") != NULL ? 23 : 1;
    int status = run(line, -1, 0);
    ck_assert_msg(status == line->status, "%s: status %d: %s", line->words[1], status,
                  errors.text);
    ck_assert_int_eq(memory.live, 0);
    ck_assert_int_gt(memory.count, 0);
    char *expected = copy(output.text);
    for (int goes_on = 0; goes_on < 2; goes_on++) {
        for (long n = 0; survive(line, expected, n, goes_on); n += step)
            ;
    }
    free(expected);
}
END_TEST

#define TYPED_KEYS "CE/handle\n>\trsSs\nxtTmfh h/(\nP"

/* traceprof tui without its terminal. Gives whether the making went well. */
static int use_tui(tp_profile *profile, long fail_at, int goes_on)
{
    static const char *const names[] = { PROCESSES };
    const tp_arguments arguments = { .operands = (const char **)names, .operand_count = 1 };
    tp_tui t;
    tp_tui_line line;
    memory.fail_at = fail_at;
    memory.goes_on = goes_on;
    memory.count = memory.live = 0;
    memory.is_on = 1;
    tp_status status = tp_tui_make(&t, &arguments, profile);
    for (const char *key = TYPED_KEYS; status == TP_OK && *key != '\0'; key++) {
        tp_tui_key(&t, *key == '\n' ? TP_KEY_ENTER : (uint32_t)*key);
        for (size_t i = 0; i < 24; i++) {
            if (tp_tui_line_make(&line, &t, i) == 0)
                tp_tui_line_free(&line);
        }
    }
    tp_tui_free(&t);
    memory.is_on = 0;
    return status == TP_OK;
}

START_TEST(the_screen_survives_any_allocation_failing)
{
    static const char *const files[] = { PROCESSES, WITH_TIMES };
    long step = getenv("TRACEPROF_TEST_QUICK") != NULL ? 23 : 1;
    for (size_t i = 0; i < 2; i++) {
        tp_profile *profile;
        ck_assert_int_eq(tp_pstats_read_file(&profile, files[i], NULL, NULL), TP_OK);
        ck_assert(use_tui(profile, -1, 0));
        long all = memory.count;
        ck_assert(!use_tui(profile, 0, 0));
        for (long n = 0; n < 2 * all; n += step) {
            use_tui(profile, n / 2, n % 2 != 0);
            ck_assert_int_eq(memory.live, 0);
        }
        tp_profile_destroy(profile);
    }
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("tool without memory");
    TCase *tests = tcase_create("allocations");
    tcase_set_timeout(tests, 120);
    tcase_add_unchecked_fixture(tests, open_all, close_all);
    tcase_add_loop_test(tests, the_tool_survives_any_allocation_failing, 0, (int)LINE_COUNT);
    tcase_add_test(tests, the_screen_survives_any_allocation_failing);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}

/* The whole of each command, from the command line to the last byte printed. The first six bytes of an
 * input choose the command and its options, the rest is the file (of diff and of a baseline: two). */
#define _XOPEN_SOURCE 700
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bounds.h"
#include "command.h"
#include "tool.h"

#define SECONDS 1.0
#define HEAD 6
#define MOST_WORDS 32

typedef struct file {
    char path[64];
    int descriptor;
} file;

/* Written anew for each input. */
static file files[2];

/* An option and the values it may get; NULL: it takes none. */
typedef struct choice {
    const char *name;
    const char *const *values;
    size_t count;
} choice;

static const char *const patterns[] = { "f", "a|main", "<", "\\.py:[0-9]+\\(" };
static const char *const formats[] = { "text", "md", "csv", "json", "jsonl" };
static const char *const keys[] = { "time", "calls,name", "stdname", "nfl,line" };
static const char *const limits[] = { "3", "0.5", "a", "0" };
static const char *const counts[] = { "3", "0" };
static const char *const widths[] = { "0", "20", "80", "200" };
static const char *const units[] = { "auto", "s", "ns" };
static const char *const colours[] = { "always" };
static const char *const depths[] = { "1", "3", "40" };
static const char *const shares[] = { "0", "0.1", "50" };
static const char *const threads[] = { "MainThread", "1", "" };
static const char *const processes[] = { "7", "8" };
static const char *const kinds[] = { "new,gone", "slower,faster,more-calls" };
static const char *const orders[] = { "cum", "calls" };
static const char *const reports[] = { "junit", "github", "md" };
static const char *const targets[] = { "speedscope", "callgrind", "collapsed", "pprof", "chrome",
                                       "dot",        "json",      "jsonl",     "csv",   "pstats" };
static const char *const rules[] = {
    "calls > 1", "*:f* cumtime > 1ms", "cum% >= 40", "total tottime > 2s", "percall != 0",
    "cumtime > +10%", "calls > +0", "[a-m]* self% > +5",
};

#define VALUES(list) list, sizeof list / sizeof *list

/* In the order of the bits of the head; which of them a command takes, its description says. */
static const choice choices[] = {
    { "strip-dirs", NULL, 0 },   { "collapse-lib", NULL, 0 },        { "focus", VALUES(patterns) },
    { "ignore", VALUES(patterns) }, { "hide", VALUES(patterns) },    { "root", VALUES(patterns) },
    { "invert", NULL, 0 },       { "pstats", NULL, 0 },              { "format", VALUES(formats) },
    { "sort", VALUES(keys) },    { "limit", VALUES(limits) },        { "width", VALUES(widths) },
    { "unit", VALUES(units) },   { "color", VALUES(colours) },       { "depth", VALUES(depths) },
    { "min", VALUES(shares) },   { "thread", VALUES(threads) },      { "tree", NULL, 0 },
    { "by", VALUES(orders) },    { "only", VALUES(kinds) },          { "check", NULL, 0 },
    { "report", VALUES(reports) }, { "allow-missing", NULL, 0 },     { "reverse", NULL, 0 },
};

static const char *const commands[] = { "top",  "callers", "callees", "tree", "path",
                                        "peek", "diff",    "merge",   "info", "check" };

/* It came when the corpus had been made: what is left of the first byte. */
#define FIRST_CONVERT 250

typedef struct line {
    char *words[MOST_WORDS];
    int count;
    char room[1024];
    size_t used;
} line;

static void add(line *l, const char *first, const char *second)
{
    size_t left = sizeof l->room - l->used;
    int size = snprintf(l->room + l->used, left, "%s%s", first, second);
    if (size < 0 || (size_t)size >= left || l->count == MOST_WORDS - 1)
        fuzz_fail("the command line has no room");
    l->words[l->count++] = l->room + l->used;
    l->used += (size_t)size + 1;
}

static int takes(const tp_command *command, const char *name)
{
    const tp_option *option;
    for (size_t n = 0; (option = tp_command_option(command, n)) != NULL; n++) {
        if (strcmp(option->name, name) == 0)
            return 1;
    }
    return 0;
}

/* Whether the option is one that other commands take more for. */
static int is_count(const tp_command *command, const char *name)
{
    return strcmp(name, "limit") == 0 &&
           (strcmp(command->name, "path") == 0 || strcmp(command->name, "diff") == 0);
}

/* Whether --pstats, which does not know that key, is not among the options. */
static int can_be_awaited(const tp_command *command, const uint8_t *head)
{
    return strcmp(command->name, "top") == 0 && (head[1] & 1u << 7) == 0;
}

static void add_times(line *l, const tp_command *command, uint8_t bits)
{
    if ((bits & 64) != 0 && takes(command, "raw"))
        add(l, (bits & 32) != 0 ? "--compensated" : "--raw", "");
}

/* The first three bytes behind the command's say which options, the fifth which of their values. For
 * what came later there are no bits: the fifth's highest turns --thread into --process, and rows to be
 * sorted by time awaited; the two below it say which times. */
static void add_options(line *l, const tp_command *command, const uint8_t *head)
{
    for (size_t i = 0; i < sizeof choices / sizeof *choices; i++) {
        const choice *c = &choices[i];
        char name[32];
        if ((head[1 + i / 8] & 1u << i % 8) == 0 || !takes(command, c->name))
            continue;
        const char *value = c->values == NULL               ? NULL
                            : is_count(command, c->name) ? counts[head[4] % 2]
                                                         : c->values[(head[4] + i) % c->count];
        int is_process = c->values == threads && head[4] >= 128;
        if (is_process)
            value = processes[head[4] % 2];
        else if (c->values == keys && head[4] >= 128 && can_be_awaited(command, head))
            value = "awaited,time";
        snprintf(name, sizeof name, "--%s%s", is_process ? "process" : c->name, value != NULL ? "=" : "");
        add(l, name, value != NULL ? value : "");
    }
    add_times(l, command, head[4]);
}

static void add_operands(line *l, const tp_command *command, const uint8_t *head, int two)
{
    if (strcmp(command->name, "peek") == 0)
        add(l, patterns[head[4] % 4], "");
    if (strcmp(command->name, "merge") == 0 || strcmp(command->name, "convert") == 0)
        add(l, "--output=", "/dev/null");
    if (strcmp(command->name, "convert") == 0)
        add(l, "--to=", targets[head[4] % (sizeof targets / sizeof *targets)]);
    if (strcmp(command->name, "check") == 0) {
        for (size_t i = 0; i < 3; i++)
            add(l, "--fail-if=", rules[(head[4] + 3 * i) % 8]);
        add(l, "--baseline=", files[two].path);
    }
    add(l, files[0].path, "");
    if (strcmp(command->name, "diff") == 0 || strcmp(command->name, "merge") == 0)
        add(l, files[two].path, "");
}

static void open_files(void)
{
    const char *folder = access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp";
    for (int i = 0; i < 2; i++) {
        char name[sizeof files[i].path];
        snprintf(name, sizeof name, "%s/fuzz-XXXXXX", folder);
        files[i].descriptor = mkstemp(name);
        if (files[i].descriptor < 0)
            fuzz_fail("no file can be made");
        unlink(name);
        snprintf(files[i].path, sizeof files[i].path, "/dev/fd/%d", files[i].descriptor);
    }
}

static void write_file(const file *f, const uint8_t *data, size_t size)
{
    if (ftruncate(f->descriptor, 0) != 0 || pwrite(f->descriptor, data, size, 0) != (ssize_t)size)
        fuzz_fail("the file cannot be written");
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    line l = { .count = 0 };
    if (size < HEAD)
        return 0;
    if (files[0].descriptor == 0)
        open_files();
    const tp_command *command = tp_command_find(
        data[0] >= FIRST_CONVERT ? "convert" : commands[data[0] % (sizeof commands / sizeof *commands)]);
    /* The sixth byte cuts the rest in two, in 256ths. */
    size_t rest = size - HEAD, second = rest * data[5] / 256;
    write_file(&files[0], data + HEAD, rest - second);
    write_file(&files[1], data + HEAD + rest - second, second);
    add(&l, "traceprof", "");
    add(&l, command->name, "");
    add_options(&l, command, data);
    add_operands(&l, command, data, second > 0);
    clock_t start = stopwatch_start();
    int status = tp_tool_main(l.count, l.words);
    stopwatch_check(start, SECONDS);
    if (status < TP_EXIT_OK || status > TP_EXIT_INPUT || status == TP_EXIT_USAGE)
        fuzz_fail("an exit status that says nothing of the file");
    return 0;
}

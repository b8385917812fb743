#include "source.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "heading.h"
#include "text.h"
#include "tool.h"

/* What an estimated tree leaves out, of the whole: much smaller things are in no edge's digits. */
#define LEAST_ESTIMATED 0.0001

/* A file's name may have been chosen by somebody else, too. */
static void put_path(const char *command, const char *path)
{
    fprintf(stderr, "traceprof%s%s: ", *command != '\0' ? " " : "", command);
    tp_put_string(stderr, (tp_string){ path, strlen(path) }, TP_PLAIN);
    fputs(": ", stderr);
}

int tp_source_error(const char *path, const tp_error *error)
{
    put_path("", path);
    if (error->system_error != 0)
        fprintf(stderr, "%s: %s\n", error->message, strerror(error->system_error));
    else if (error->status == TP_ENOMEM || error->status == TP_EARGUMENT)
        fprintf(stderr, "%s\n", error->message);
    else
        fprintf(stderr, "not a profile: %s (at byte %llu)\n", error->message,
                (unsigned long long)error->offset);
    return TP_EXIT_INPUT;
}

int tp_source_lacks_tree(const tp_arguments *arguments, const char *path)
{
    put_path(arguments->command->name, path);
    fputs("the file holds no call tree\n", stderr);
    return TP_EXIT_INPUT;
}

int tp_source_read(tp_profile **profile, const char *path, uint32_t as_is)
{
    tp_read_options options = TP_READ_OPTIONS_INIT;
    tp_error error;
    options.as_is = as_is;
    tp_status status = as_is ? tp_pstats_read_file(profile, path, &options, &error)
                             : tp_import_read_file(profile, path, &options, &error);
    if (status == TP_OK)
        return 0;
    return tp_source_error(path, &error);
}

/* Whether each of its times is there in both kinds; a sum may have some only raw. */
static int has_both(const tp_profile *profile)
{
    return tp_profile_has_both_times(profile) && !tp_is_in_part(profile);
}

static void show(tp_profile *profile, tp_times times)
{
    tp_status status = tp_profile_show_times(profile, times);
    (void)status; /* has been seen to: whoever has one kind only shows it */
}

void tp_source_agree(tp_profile *a, tp_profile *b)
{
    if (tp_profile_times(a) == tp_profile_times(b))
        return;
    tp_times times = has_both(a) && has_both(b) ? TP_TIMES_COMPENSATED : TP_TIMES_RAW;
    show(a, times);
    show(b, times);
}

/* Why, as far as the file tells. */
static int lacks_times(const tp_arguments *arguments, const char *path, const tp_profile *profile)
{
    tp_origin origin = tp_profile_origin(profile);
    const tp_property *how = tp_profile_property(profile, "compensation");
    put_path(arguments->command->name, path);
    fputs("no compensated times in the file", stderr);
    if (how != NULL && how->kind == TP_TEXT) {
        fputs("; compensation is ", stderr); /* "off: " and why */
        tp_put_string(stderr, how->text, TP_PLAIN);
    } else if (!origin.has_extension) {
        fprintf(stderr, ", which %s wrote", tp_dialect_name(origin.dialect));
    }
    putc('\n', stderr);
    return TP_EXIT_INPUT;
}

/* Reads a file and shows the times that are asked for, if any are. */
static int read_shown(tp_profile **profile, const tp_arguments *arguments, const char *path)
{
    const tp_times *times = tp_argument_times(arguments);
    int failed = tp_source_read(profile, path, 0);
    if (failed != 0 || times == NULL || tp_profile_show_times(*profile, *times) == TP_OK)
        return failed;
    failed = lacks_times(arguments, path, *profile);
    tp_profile_destroy(*profile);
    return failed;
}

/* What a file has that the sum cannot hold is told, not dropped silently. */
static int finish_merge(tp_merge *merge, tp_profile **profile, size_t files)
{
    size_t without_tree;
    tp_status status = tp_merge_finish(merge, profile, &without_tree);
    if (status != TP_OK)
        return tp_status_error(status);
    if (without_tree > 0 && without_tree < files)
        fprintf(stderr,
                "traceprof: %zu of %zu files %s no call tree, so their sum has none either\n",
                without_tree, files, without_tree == 1 ? "has" : "have");
    return 0;
}

/* Which times files show, and whether all have both. */
typedef struct times_seen {
    int raw;
    int compensated;
    int all_both;
} times_seen;

static void note_times(times_seen *seen, const tp_profile *profile)
{
    if (tp_profile_times(profile) == TP_TIMES_RAW)
        seen->raw = 1;
    else
        seen->compensated = 1;
    seen->all_both &= has_both(profile);
}

static int add_file(tp_merge *merge, const tp_arguments *arguments, const char *path,
                    times_seen *seen)
{
    tp_profile *one;
    int failed = read_shown(&one, arguments, path);
    if (failed != 0)
        return failed;
    note_times(seen, one);
    tp_status status = tp_merge_add(merge, one);
    tp_profile_destroy(one);
    if (status == TP_OK)
        return 0;
    put_path("", path);
    fprintf(stderr, "cannot be added: %s\n", tp_status_message(status));
    return TP_EXIT_INPUT;
}

static int merge_files(tp_profile **profile, const tp_arguments *arguments, const char *const *paths,
                       size_t count)
{
    tp_merge *merge;
    times_seen seen = { .all_both = 1 };
    int failed = 0;
    tp_status status = tp_merge_create(&merge, NULL);
    if (status != TP_OK)
        return tp_status_error(status);
    for (size_t i = 0; failed == 0 && i < count; i++)
        failed = add_file(merge, arguments, paths[i], &seen);
    if (failed == 0)
        failed = finish_merge(merge, profile, count);
    if (failed == 0 && seen.raw && seen.compensated)
        show(*profile, seen.all_both ? TP_TIMES_COMPENSATED : TP_TIMES_RAW);
    tp_merge_destroy(merge);
    return failed;
}

int tp_pattern_error(const tp_command *command, const char *text, const tp_error *error)
{
    fprintf(stderr, "traceprof %s: in the expression '%s' at byte %llu: %s\n", command->name, text,
            (unsigned long long)error->offset, error->message);
    return TP_EXIT_USAGE;
}

/* Each value must be an expression of its own: "a)" and "(b" are none together. */
static int check_patterns(const tp_arguments *arguments, const char *option)
{
    size_t position = 0;
    const char *value;
    while ((value = tp_argument_next(arguments, option, &position)) != NULL) {
        tp_pattern *pattern;
        tp_error error;
        tp_status status = tp_pattern_create(&pattern, value, strlen(value), NULL, &error);
        if (status != TP_OK)
            return status == TP_ENOMEM ? tp_status_error(status)
                                       : tp_pattern_error(arguments->command, value, &error);
        tp_pattern_destroy(pattern);
    }
    return 0;
}

/* How many letters stand in "(?i)" at the beginning of an expression; they count for that one only. */
static int flags_length(const char *text)
{
    if (strncmp(text, "(?", 2) != 0)
        return 0;
    size_t size = strspn(text + 2, "aimsux");
    return size < 8 && text[2 + size] == ')' ? (int)size : 0;
}

/* All values of an option as one expression: any of them. */
static int find_pattern(tp_pattern **pattern, const tp_arguments *arguments, const char *option)
{
    size_t position = 0, size = 0, room = 1;
    const char *value;
    while ((value = tp_argument_next(arguments, option, &position)) != NULL)
        room += strlen(value) + 5;
    int failed = check_patterns(arguments, option);
    if (room == 1 || failed != 0)
        return failed;
    char *text = malloc(room);
    if (text == NULL)
        return tp_status_error(TP_ENOMEM);
    position = 0;
    int single = tp_argument_next(arguments, option, &position) != NULL &&
                 tp_argument_next(arguments, option, &position) == NULL;
    position = 0;
    while ((value = tp_argument_next(arguments, option, &position)) != NULL) {
        int flags = single ? 0 : flags_length(value);
        const char *form = single ? "%s%.*s%s" : flags > 0 ? "%s(?%.*s:%s)" : "%s(?:%.*s%s)";
        size += (size_t)snprintf(text + size, room - size, form, size > 0 ? "|" : "", flags,
                                 value + 2, value + (flags > 0 ? flags + 3 : 0));
    }
    tp_error error;
    tp_status status = tp_pattern_create(pattern, text, size, NULL, &error);
    if (status != TP_OK)
        failed = status == TP_ENOMEM ? tp_status_error(status)
                                     : tp_pattern_error(arguments->command, text, &error);
    free(text);
    return failed;
}

/* Puts `made` in the profile's place. */
static int replace(tp_profile **profile, tp_profile *made, tp_status status)
{
    if (status != TP_OK)
        return tp_status_error(status);
    tp_profile_destroy(*profile);
    *profile = made;
    return 0;
}

static int is_selective(const tp_selection *s)
{
    return s->focus != NULL || s->ignore != NULL || s->hide != NULL || s->root != NULL ||
           s->collapse_lib || s->by_thread || s->by_process;
}

static int is_thread(const tp_thread_tree *tree, tp_string wanted)
{
    char number[32];
    snprintf(number, sizeof number, "%llu", (unsigned long long)tree->id);
    return strcmp(number, wanted.bytes) == 0 ||
           (tree->name.size == wanted.size &&
            memcmp(tree->name.bytes, wanted.bytes, wanted.size) == 0);
}

static int has_thread(const tp_profile *profile, const tp_selection *s)
{
    const tp_process *processes = tp_profile_processes(profile);
    for (size_t i = 0; i < tp_profile_thread_count(profile); i++) {
        const tp_thread_tree *tree = &tp_profile_threads(profile)[i];
        int is_there = !s->by_process || (tree->process != TP_NO_INDEX &&
                                          processes[tree->process].pid == s->process);
        if (is_there && is_thread(tree, s->thread))
            return 1;
    }
    return 0;
}

/* Says why, if the profile holds nothing of what is asked for. 0 if it does. */
static int check_presence(const tp_profile *profile, const tp_arguments *arguments,
                          const tp_selection *s)
{
    const char *name = arguments->command->name;
    int has_process = !s->by_process;
    for (size_t i = 0; i < tp_profile_process_count(profile); i++)
        has_process |= tp_profile_processes(profile)[i].pid == s->process;
    if (!has_process && tp_profile_process_count(profile) == 0)
        fprintf(stderr, "traceprof %s: --process: the file does not say of which process it is\n",
                name);
    else if (!has_process)
        fprintf(stderr, "traceprof %s: no process '%lld'\n", name, (long long)s->process);
    else if (s->by_thread && !has_thread(profile, s))
        fprintf(stderr, "traceprof %s: no thread '%s'%s\n", name, s->thread.bytes,
                s->by_process ? " in that process" : "");
    else
        return 0;
    return TP_EXIT_INPUT;
}

static int select_part(tp_profile **profile, const tp_arguments *arguments,
                       const tp_selection *selection)
{
    tp_profile *made = NULL;
    tp_status status = tp_profile_select(&made, *profile, selection);
    if (status == TP_EARGUMENT) {
        fprintf(stderr, "traceprof %s: --%s needs the call tree, which only ctraceprof's files "
                        "hold\n",
                arguments->command->name,
                selection->by_thread    ? "thread"
                : selection->by_process ? "process"
                                        : "root");
        return TP_EXIT_INPUT;
    }
    int failed = status == TP_OK ? check_presence(*profile, arguments, selection) : 0;
    if (failed != 0) {
        tp_profile_destroy(made);
        return failed;
    }
    return replace(profile, made, status);
}

static int find_process(tp_selection *s, const tp_arguments *arguments)
{
    const char *text = tp_argument(arguments, "process");
    char *end;
    if (text == NULL)
        return 0;
    errno = 0;
    long long pid = strtoll(text, &end, 10);
    if (errno != 0 || end == text || *end != '\0' || pid < 0)
        return tp_usage_error(arguments->command, "not a process's number:", text);
    s->by_process = 1;
    s->process = pid;
    return 0;
}

static int focus(tp_profile **profile, const tp_arguments *arguments)
{
    tp_selection s = TP_SELECTION_INIT;
    const char *thread = tp_argument(arguments, "thread");
    s.collapse_lib = tp_argument_has(arguments, "collapse-lib") != 0;
    if (thread != NULL) {
        s.by_thread = 1;
        s.thread = (tp_string){ thread, strlen(thread) };
    }
    int failed = find_process(&s, arguments);
    if (failed == 0)
        failed = find_pattern(&s.focus, arguments, "focus");
    if (failed == 0)
        failed = find_pattern(&s.ignore, arguments, "ignore");
    if (failed == 0)
        failed = find_pattern(&s.hide, arguments, "hide");
    if (failed == 0)
        failed = find_pattern(&s.root, arguments, "root");
    if (failed == 0 && is_selective(&s))
        failed = select_part(profile, arguments, &s);
    tp_pattern_destroy(s.focus);
    tp_pattern_destroy(s.ignore);
    tp_pattern_destroy(s.hide);
    tp_pattern_destroy(s.root);
    if (failed == 0 && tp_argument_has(arguments, "strip-dirs")) {
        tp_profile *made = NULL;
        tp_status status = tp_profile_strip_dirs(&made, *profile);
        failed = replace(profile, made, status);
    }
    return failed;
}

int tp_source_load_paths(tp_profile **out, const tp_arguments *arguments, const char *const *paths,
                         size_t count)
{
    tp_profile *profile = NULL;
    int failed = count == 1 ? read_shown(&profile, arguments, paths[0])
                            : merge_files(&profile, arguments, paths, count);
    if (failed != 0)
        return failed;
    failed = focus(&profile, arguments);
    if (failed == 0)
        *out = profile;
    else
        tp_profile_destroy(profile);
    return failed;
}

int tp_source_load(tp_profile **profile, const tp_arguments *arguments, size_t first, size_t last)
{
    return tp_source_load_paths(profile, arguments, arguments->operands + first, last - first);
}

int tp_source_estimate_tree(tp_profile **profile, const tp_arguments *arguments)
{
    tp_profile *made = NULL;
    if (tp_profile_thread_count(*profile) > 0 || tp_profile_function_count(*profile) == 0)
        return 0;
    tp_status status = tp_profile_estimate_tree(&made, *profile, LEAST_ESTIMATED);
    int failed = replace(profile, made, status);
    if (failed == 0)
        fprintf(stderr,
                "traceprof %s: no file holds the call tree: its paths are estimated from callers and callees\n",
                arguments->command->name);
    return failed;
}

/* traceprof tui: call tree and table on one screen. */
#define _XOPEN_SOURCE 700
#include <signal.h>
#include <unistd.h>

#include "commands.h"
#include "source.h"
#include "tool.h"
#include "tui_screen.h"

/* What an estimated tree leaves out, as a share of the whole. */
#define LEAST_ESTIMATED 0.0005

static tp_status estimate(tp_profile **profile)
{
    tp_profile *made;
    if (tp_profile_thread_count(*profile) > 0 || tp_profile_function_count(*profile) == 0)
        return TP_OK;
    tp_status status = tp_profile_estimate_tree(&made, *profile, LEAST_ESTIMATED);
    if (status == TP_OK) {
        tp_profile_destroy(*profile);
        *profile = made;
    }
    return status;
}

static int show(const tp_arguments *arguments, tp_profile *profile, const tp_screen *screen)
{
    tp_tui tui;
    int failed;
    tp_status status = tp_tui_make(&tui, arguments, profile);
    tui.bars = screen->bars;
    failed = status == TP_OK ? tp_tui_screen_run(&tui, screen->colour) : tp_status_error(status);
    tp_tui_free(&tui);
    return failed;
}

static int run(const tp_arguments *arguments, FILE *out)
{
    tp_profile *profile = NULL;
    tp_screen screen;
    (void)out;
    int failed = tp_screen_find(&screen, arguments);
    if (failed != 0)
        return failed;
    if (!isatty(STDIN_FILENO) || !isatty(STDOUT_FILENO))
        return tp_usage_error(arguments->command, "input and output must be a terminal", NULL);
    failed = tp_source_load(&profile, arguments, 0, arguments->operand_count);
    if (failed != 0)
        return failed;
    tp_status status = estimate(&profile);
    failed = status == TP_OK ? show(arguments, profile, &screen) : tp_status_error(status);
    tp_profile_destroy(profile);
    /* What ends others ends this, now that the terminal is as it was. */
    if (failed < 0)
        raise(-failed);
    return failed < 0 ? TP_EXIT_INPUT : failed;
}

static const tp_option options[] = {
    { '\0', "root", "RE", "functions that match as the top, and what they call", NULL },
    { '\0', "unit", "UNIT", "of times: auto (default), s, ms, us or ns", "auto s ms us ns" },
    { '\0', "color", "WHEN", "auto (default), always or never", "auto always never" },
    TP_BARS_OPTION,
    { '\0', NULL, NULL, NULL, NULL },
};

const tp_command tp_command_tui = {
    .name = "tui",
    .operands = "FILE...",
    .purpose = "Call tree and table of functions on one screen",
    .text = "Keys, also shown by h:\n"
            "\n"
            "  Up Down j k            move; also PgUp, PgDn, Home, End\n"
            "  Tab, g, r              to the other pane, to the tree, to the table\n"
            "  Enter + Space          unfold or fold; in the table: to where in the tree the\n"
            "                         function took most\n"
            "  Right Left             unfold, then on to the heaviest child; fold, then to\n"
            "                         the parent\n"
            "  e c, E C               unfold, fold; with all that is below\n"
            "  u n p l                to the parent, next sibling, previous one, heaviest\n"
            "                         child\n"
            "  / > <                  search for a regular expression, again, backwards; also\n"
            "                         N and P\n"
            "  s S                    sort the table by cum, self, calls, function; the other\n"
            "                         way about\n"
            "  t T                    next thread, previous thread\n"
            "  x m                    raw or compensated times; another unit\n"
            "  f                      one pane alone, or both\n"
            "  O                      open the function in $VISUAL or $EDITOR\n"
            "  h ?, q                 help; leave\n"
            "\n"
            "total is time in a function called on this path and in all that it called. From\n"
            "files that hold no call tree it is an estimate, as with tree.",
    .options = options,
    .shared = TP_WITH_FOCUS | TP_WITH_TIMES,
    .least = 1,
    .most = SIZE_MAX,
    .run = run,
};

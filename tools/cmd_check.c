/* traceprof check: rules that break a build. */
#include <string.h>

#include "check_report.h"
#include "check_words.h"
#include "commands.h"
#include "rule_list.h"
#include "source.h"
#include "tool.h"

#define MIN_TIME 1e-3

static void put_plain(FILE *out, const char *character)
{
    fputs(character, out);
}

/* "BEFORE 'RULE'BEHIND" to stderr; gives the status. */
static int rule_error(int status, const char *before, const tp_rule *rule, const char *behind)
{
    tp_writer writer = { stderr, put_plain };
    fprintf(stderr, "%s '", before);
    tp_say_span(&writer, rule->text.bytes, rule->text.size);
    fprintf(stderr, "'%s\n", behind);
    return status;
}

/* `rule` is one that needs numbers of calls, or NULL. */
static int check_calls(const tp_profile *profile, const char *path, const tp_rule *rule)
{
    if (rule == NULL || tp_profile_has_calls(profile))
        return 0;
    fprintf(stderr, "traceprof check: %s: ", path);
    return rule_error(TP_EXIT_INPUT, "the file holds no numbers of calls, which", rule,
                      " asks for");
}

static int judge(const tp_arguments *arguments, const tp_case *facts, FILE *out)
{
    const char *form = tp_argument(arguments, "report");
    tp_judgement judgement;
    tp_status status = tp_judge(&judgement, facts);
    int result = judgement.broken > 0 ? TP_EXIT_RULE : TP_EXIT_OK;
    if (status == TP_OK)
        tp_check_report(out, &judgement, form != NULL ? form : "text");
    else
        result = tp_status_error(status);
    tp_judgement_free(&judgement);
    return result;
}

/* With a valid command line: reads the profiles and judges. */
static int check(const tp_arguments *arguments, const tp_rule_list *list, double min_time,
                 FILE *out)
{
    const char *path = tp_argument(arguments, "baseline");
    tp_profile *profile = NULL, *baseline = NULL;
    int status = tp_source_load(&profile, arguments, 0, arguments->operand_count);
    if (status == 0)
        status = check_calls(profile, arguments->operands[0], tp_rule_list_of_calls(list, false));
    if (status == 0 && path != NULL)
        status = tp_source_load_paths(&baseline, arguments, &path, 1);
    if (status == 0 && path != NULL)
        status = check_calls(baseline, path, tp_rule_list_of_calls(list, true));
    if (status == 0 && path != NULL)
        tp_source_agree(profile, baseline);
    if (status == 0) {
        tp_case facts = { .profile = profile,
                          .baseline = baseline,
                          .rules = list->rules,
                          .rule_count = list->count,
                          .min_time = min_time,
                          .allow_missing = tp_argument_has(arguments, "allow-missing") };
        status = judge(arguments, &facts, out);
    }
    tp_profile_destroy(profile);
    tp_profile_destroy(baseline);
    return status;
}

static int run_with(const tp_arguments *arguments, const tp_rule_list *list, FILE *out)
{
    double min_time = MIN_TIME;
    const char *given = tp_argument(arguments, "min-time");
    const tp_rule *relative = tp_rule_list_relative(list);
    if (given != NULL && !tp_rule_parse_time(&min_time, given))
        return tp_usage_error(arguments->command, "not a time:", given);
    if (list->count == 0)
        return tp_usage_error(arguments->command, "no rule given", NULL);
    if (relative != NULL && !tp_argument_has(arguments, "baseline"))
        return rule_error(TP_EXIT_USAGE, "traceprof check: --baseline is missing for", relative,
                          "; see 'traceprof help check'");
    return check(arguments, list, min_time, out);
}

static int run(const tp_arguments *arguments, FILE *out)
{
    tp_rule_list list;
    int status = tp_rule_list_load(&list, arguments);
    if (status == 0)
        status = run_with(arguments, &list, out);
    tp_rule_list_free(&list);
    return status;
}

static const tp_option options[] = {
    { 'f', "fail-if", "RULE", "what breaks the build; may be repeated", NULL },
    { 'r', "rules", "FILE", "rules, one a line, with # comments; may be repeated", NULL },
    { 'b', "baseline", "FILE", "the profile that values with a sign are measured from", NULL },
    { '\0', "min-time", "T", "smaller changes of times break no rule; default: 1ms", NULL },
    { '\0', "allow-missing", NULL, "a pattern that matches no function breaks nothing", NULL },
    { '\0', "report", "FORM", "text (default), junit, github or md", "text junit github md" },
    { '\0', NULL, NULL, NULL, NULL },
};

const tp_command tp_command_check = {
    .name = "check",
    .operands = "FILE...",
    .purpose = "Judge a profile by rules, for continuous integration",
    .text =
        "A rule is [PATTERN] METRIC OP VALUE and says what breaks the build:\n"
        "  app/*.py:handler calls > 100     total calls > +5%      cumtime > +10%\n"
        "  \"*/db.py:*\" cum% >= 40           total tottime > 2s     percall > 1.5ms\n"
        "\n"
        "PATTERN: FILE:NAME, NAME, FILE:LINE(NAME), or {NAME} for a builtin, as tables\n"
        "  print it (its file is ~); with the wildcards * ? [abc] [!abc]; * matches\n"
        "  slashes. FILE is the whole path, or all of it behind a slash. Double quotes\n"
        "  may enclose it. No pattern: each function. total: the whole profile.\n"
        "METRIC: calls (ncalls), pcalls (primitive), tottime (self), cumtime\n"
        "  (cumulative), percall: cumtime by pcalls, self% (tottime%), cum% (cumtime%):\n"
        "  of the total time. total has calls, pcalls, tottime and cumtime.\n"
        "OP: > >= < <= == !=\n"
        "VALUE: a number; times in s (default), ms, us, ns or min. With a sign it is\n"
        "  measured from the baseline: +10%, -10%, +100, +5ms. cumtime > +10%: the\n"
        "  baseline's by more than 10 %. Shares: +5 is five points, +5% a twentieth.\n"
        "\n"
        "With a sign, rules speak of functions that both profiles have: of the same\n"
        "label, or of the same file and name where that is unique in both. New\n"
        "functions are noted, and break nothing. Times must also differ by more than\n"
        "--min-time in the whole run; numbers of calls are exact. A pattern that matches\n"
        "no function breaks its rule.\n"
        "\n"
        "Exit status: 0, or 1 when a rule was broken.",
    .options = options,
    .shared = TP_WITH_FOCUS | TP_WITH_TIMES,
    .least = 1,
    .most = SIZE_MAX,
    .run = run,
};

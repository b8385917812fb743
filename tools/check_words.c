#include "check_words.h"

#include <math.h>
#include <string.h>

#include "characters.h"

void tp_say_span(const tp_writer *writer, const char *bytes, size_t size)
{
    char shown[TP_VISIBLE_ROOM];
    for (size_t at = 0; at < size;) {
        at += tp_character_show(shown, bytes + at, size - at);
        writer->put(writer->out, shown);
    }
}

void tp_say(const tp_writer *writer, const char *text)
{
    tp_say_span(writer, text, strlen(text));
}

void tp_say_count(const tp_writer *writer, size_t count)
{
    char text[32];
    snprintf(text, sizeof text, "%zu", count);
    tp_say(writer, text);
}

/* Not by tp_label_format: a NUL in a name would end it. */
void tp_say_function(const tp_writer *writer, const tp_function *function)
{
    char line[32];
    if (function == NULL) {
        tp_say(writer, "total");
        return;
    }
    tp_string file = function->label.file, name = function->label.name;
    if (function->label.line == 0 && file.size == 1 && file.bytes[0] == '~') {
        int braces = name.size >= 2 && name.bytes[0] == '<' && name.bytes[name.size - 1] == '>';
        tp_say(writer, braces ? "{" : "");
        tp_say_span(writer, name.bytes + braces, name.size - 2 * (size_t)braces);
        tp_say(writer, braces ? "}" : "");
        return;
    }
    snprintf(line, sizeof line, ":%lld(", (long long)function->label.line);
    tp_say_span(writer, file.bytes, file.size);
    tp_say(writer, line);
    tp_say_span(writer, name.bytes, name.size);
    tp_say(writer, ")");
}

/* A wide number; there is no printf for it. `sign` is put before what is not negative. */
static void say_wide(const tp_writer *writer, tp_int128 number, const char *sign)
{
    char text[48];
    size_t at = sizeof text - 1;
    tp_int128 rest = number < 0 ? -number : number;
    text[at] = '\0';
    do {
        text[--at] = (char)('0' + (int)(rest % 10));
        rest /= 10;
    } while (rest > 0);
    tp_say(writer, number < 0 ? "-" : sign);
    tp_say(writer, text + at);
}

/* limit / divisor, a power of ten, to the last place. */
static void say_quotient(const tp_writer *writer, tp_int128 limit, tp_int128 divisor)
{
    tp_int128 whole = limit / divisor, rest = limit % divisor;
    if (limit < 0 && whole == 0)
        tp_say(writer, "-");
    say_wide(writer, whole, "");
    rest = rest < 0 ? -rest : rest;
    if (rest != 0)
        tp_say(writer, ".");
    for (; rest != 0; rest %= divisor) {
        divisor /= 10;
        say_wide(writer, rest / divisor, "");
    }
}

static void say_time(const tp_writer *writer, double seconds, const char *format)
{
    static const struct {
        const char *name;
        double seconds;
    } units[] = { { " s", 1 }, { " ms", 1e-3 }, { " us", 1e-6 }, { " ns", 1e-9 } };
    size_t unit = 0;
    char text[32];
    while (unit < 3 && fabs(seconds) < units[unit].seconds && seconds != 0)
        unit++;
    snprintf(text, sizeof text, format, seconds / units[unit].seconds);
    tp_say(writer, text);
    tp_say(writer, units[unit].name);
}

/* A time or a share. */
static void say_real(const tp_writer *writer, tp_metric metric, double real, const char *format)
{
    char text[32];
    if (!tp_metric_is_share(metric)) {
        say_time(writer, real, format);
        return;
    }
    snprintf(text, sizeof text, format, real);
    tp_say(writer, text);
    tp_say(writer, "%");
}

static void say_figure(const tp_writer *writer, tp_metric metric, const tp_figure *figure)
{
    if (tp_metric_is_count(metric))
        say_wide(writer, figure->count, "");
    else
        say_real(writer, metric, figure->real, "%.6g");
}

void tp_say_actual(const tp_writer *writer, const tp_rule *rule, const tp_finding *finding)
{
    say_figure(writer, rule->metric, &finding->actual);
}

void tp_say_limit(const tp_writer *writer, const tp_rule *rule, const tp_finding *finding)
{
    if (tp_metric_is_count(rule->metric)) {
        tp_int128 limit, divisor;
        tp_figure_exact_limit(&limit, &divisor, rule, &finding->base);
        say_quotient(writer, limit, divisor);
    } else {
        say_real(writer, rule->metric, tp_figure_limit(rule, &finding->base), "%.6g");
    }
}

void tp_say_base(const tp_writer *writer, const tp_rule *rule, const tp_finding *finding)
{
    if (rule->relation != TP_ABSOLUTE)
        say_figure(writer, rule->metric, &finding->base);
}

void tp_say_change(const tp_writer *writer, const tp_rule *rule, const tp_finding *finding)
{
    char text[32];
    double base = finding->base.real, change = finding->actual.real - base;
    if (rule->relation == TP_ABSOLUTE)
        return;
    if (tp_metric_is_count(rule->metric))
        say_wide(writer, (tp_int128)finding->actual.count - finding->base.count, "+");
    else
        say_real(writer, rule->metric, change, "%+.6g");
    if (base == 0)
        return;
    double percent = 100 * change / fabs(base);
    snprintf(text, sizeof text, fabs(percent) < 1e6 ? " (%+.1f%%)" : " (%+.3g%%)", percent);
    tp_say(writer, text);
}

void tp_say_finding(const tp_writer *writer, const tp_rule *rule, const tp_finding *finding)
{
    tp_say_function(writer, finding->function);
    tp_say(writer, ": ");
    tp_say(writer, tp_metric_name(rule->metric));
    tp_say(writer, " ");
    tp_say_actual(writer, rule, finding);
    tp_say(writer, ", limit ");
    tp_say_limit(writer, rule, finding);
    if (rule->relation == TP_ABSOLUTE)
        return;
    tp_say(writer, ", baseline ");
    tp_say_base(writer, rule, finding);
    tp_say(writer, ", change ");
    tp_say_change(writer, rule, finding);
}

void tp_say_new(const tp_writer *writer, const tp_judgement *judgement)
{
    tp_say_count(writer, judgement->new_count);
    tp_say(writer, judgement->new_count == 1 ? " function is" : " functions are");
    tp_say(writer, " not in the baseline: ");
    for (size_t i = 0; i < judgement->new_count && i < TP_NEW_KEPT; i++) {
        tp_say(writer, i > 0 ? ", " : "");
        tp_say_function(writer, judgement->newest[i]);
        tp_say(writer, " ");
        say_time(writer, judgement->newest[i]->cumulative, "%.6g");
    }
    if (judgement->new_count > TP_NEW_KEPT) {
        tp_say(writer, " and ");
        tp_say_count(writer, judgement->new_count - TP_NEW_KEPT);
        tp_say(writer, " more");
    }
}

void tp_say_closing(const tp_writer *writer, const tp_judgement *judgement)
{
    tp_say_count(writer, judgement->count);
    tp_say(writer, judgement->count == 1 ? " rule, " : " rules, ");
    tp_say_count(writer, judgement->broken);
    tp_say(writer, " broken");
    if (judgement->times != NULL) {
        tp_say(writer, "; times are ");
        tp_say(writer, judgement->times);
    }
}

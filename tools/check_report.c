#include "check_report.h"

#include <string.h>

#include "check_words.h"
#include "text.h"

static void put_plain(FILE *out, const char *character)
{
    fputs(character, out);
}

static void put_xml(FILE *out, const char *character)
{
    switch (*character) {
    case '&':
        fputs("&amp;", out);
        break;
    case '<':
        fputs("&lt;", out);
        break;
    case '>':
        fputs("&gt;", out);
        break;
    case '"':
        fputs("&quot;", out);
        break;
    default:
        fputs(character, out);
    }
}

/* The message of a workflow command. Line ends never come here: they have been made visible. */
static void put_message(FILE *out, const char *character)
{
    fputs(*character == '%' ? "%25" : character, out);
}

/* A property of a workflow command, which a colon or comma would end. */
static void put_property(FILE *out, const char *character)
{
    if (*character == ':')
        fputs("%3A", out);
    else if (*character == ',')
        fputs("%2C", out);
    else
        put_message(out, character);
}

static size_t kept(const tp_verdict *verdict)
{
    return verdict->finding_count < TP_FINDINGS_KEPT ? verdict->finding_count : TP_FINDINGS_KEPT;
}

static void say_rule(const tp_writer *writer, const tp_verdict *verdict)
{
    tp_say_span(writer, verdict->rule->text.bytes, verdict->rule->text.size);
}

static void say_more(const tp_writer *writer, const tp_verdict *verdict)
{
    tp_say(writer, "... and ");
    tp_say_count(writer, verdict->finding_count - kept(verdict));
    tp_say(writer, " more");
}

/* One line for each finding. A name that begins with "::" must not begin the line: GitHub obeys
 * such lines, with blanks before them, too. */
static void print_findings(const tp_writer *writer, const tp_verdict *verdict)
{
    if (verdict->missing)
        fputs("  - matches no function\n", writer->out);
    for (size_t i = 0; i < kept(verdict); i++) {
        fputs("  - ", writer->out);
        tp_say_finding(writer, verdict->rule, &verdict->findings[i]);
        fputc('\n', writer->out);
    }
    if (verdict->finding_count > kept(verdict)) {
        fputs("  - ", writer->out);
        say_more(writer, verdict);
        fputc('\n', writer->out);
    }
}

static void print_text(FILE *out, const tp_judgement *judgement)
{
    tp_writer writer = { out, put_plain };
    for (size_t i = 0; i < judgement->count; i++) {
        const tp_verdict *verdict = &judgement->verdicts[i];
        if (!tp_verdict_is_broken(verdict))
            continue;
        fputs("broken: ", out);
        say_rule(&writer, verdict);
        fputc('\n', out);
        print_findings(&writer, verdict);
    }
    if (judgement->new_count > 0) {
        fputs("note: ", out);
        tp_say_new(&writer, judgement);
        fputc('\n', out);
    }
    tp_say_closing(&writer, judgement);
    fputc('\n', out);
}

static void print_testcase(const tp_writer *writer, const tp_verdict *verdict)
{
    FILE *out = writer->out;
    fputs("  <testcase classname=\"traceprof.check\" name=\"", out);
    say_rule(writer, verdict);
    if (!tp_verdict_is_broken(verdict)) {
        fputs("\"/>\n", out);
        return;
    }
    fputs("\">\n    <failure message=\"", out);
    if (verdict->missing)
        fputs("matches no function", out);
    else if (verdict->finding_count == 1)
        tp_say_finding(writer, verdict->rule, &verdict->findings[0]);
    else
        fprintf(out, "broken by %zu functions", verdict->finding_count);
    fputs("\">\n", out);
    print_findings(writer, verdict);
    fputs("    </failure>\n  </testcase>\n", out);
}

static void print_junit(FILE *out, const tp_judgement *judgement)
{
    tp_writer writer = { out, put_xml };
    fprintf(out,
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
            "<testsuite name=\"traceprof check\" tests=\"%zu\" failures=\"%zu\" errors=\"0\" "
            "skipped=\"0\">\n",
            judgement->count, judgement->broken);
    for (size_t i = 0; i < judgement->count; i++)
        print_testcase(&writer, &judgement->verdicts[i]);
    if (judgement->new_count > 0) {
        fputs("  <system-out>", out);
        tp_say_new(&writer, judgement);
        fputs("</system-out>\n", out);
    }
    fputs("</testsuite>\n<!-- ", out);
    tp_say_closing(&writer, judgement);
    fputs(" -->\n", out);
}

/* Names such as "~", "<string>" and "<frozen runpy>" are of no file. */
static int has_file(const tp_function *function)
{
    if (function == NULL || function->label.file.size == 0)
        return 0;
    return function->label.file.bytes[0] != '<' && strcmp(function->label.file.bytes, "~") != 0;
}

/* "::error file=app.py,line=3,title=RULE::"; the message follows. */
static void print_command(FILE *out, const tp_verdict *verdict, const tp_function *function)
{
    tp_writer property = { out, put_property };
    fputs("::error ", out);
    if (has_file(function)) {
        fputs("file=", out);
        tp_say_span(&property, function->label.file.bytes, function->label.file.size);
        if (function->label.line > 0)
            fprintf(out, ",line=%lld", (long long)function->label.line);
        fputc(',', out);
    }
    fputs("title=", out);
    say_rule(&property, verdict);
    fputs("::", out);
}

static void print_commands(FILE *out, const tp_verdict *verdict)
{
    tp_writer message = { out, put_message };
    if (verdict->missing) {
        print_command(out, verdict, NULL);
        fputs("matches no function\n", out);
    }
    for (size_t i = 0; i < kept(verdict); i++) {
        print_command(out, verdict, verdict->findings[i].function);
        tp_say_finding(&message, verdict->rule, &verdict->findings[i]);
        fputc('\n', out);
    }
    if (verdict->finding_count > kept(verdict)) {
        print_command(out, verdict, NULL);
        say_more(&message, verdict);
        fputc('\n', out);
    }
}

static void print_github(FILE *out, const tp_judgement *judgement)
{
    tp_writer message = { out, put_message };
    for (size_t i = 0; i < judgement->count; i++)
        print_commands(out, &judgement->verdicts[i]);
    if (judgement->new_count > 0) {
        fputs("::notice title=traceprof check::", out);
        tp_say_new(&message, judgement);
        fputc('\n', out);
    }
    tp_say_closing(&message, judgement);
    fputc('\n', out);
}

static void print_row(const tp_writer *writer, const tp_rule *rule, const tp_finding *finding)
{
    void (*const columns[])(const tp_writer *, const tp_rule *, const tp_finding *) = {
        tp_say_actual, tp_say_limit, tp_say_base, tp_say_change,
    };
    tp_say_function(writer, finding->function);
    for (size_t i = 0; i < sizeof columns / sizeof *columns; i++) {
        fputs(" | ", writer->out);
        columns[i](writer, rule, finding);
    }
    fputs(" |\n", writer->out);
}

static void print_rows(const tp_writer *writer, const tp_verdict *verdict)
{
    for (size_t i = 0; i < kept(verdict); i++) {
        fputs("| ", writer->out);
        say_rule(writer, verdict);
        fputs(" | ", writer->out);
        print_row(writer, verdict->rule, &verdict->findings[i]);
    }
    if (!verdict->missing && verdict->finding_count <= kept(verdict))
        return;
    fputs("| ", writer->out);
    say_rule(writer, verdict);
    fputs(" | ", writer->out);
    if (verdict->missing)
        tp_say(writer, "matches no function");
    else
        say_more(writer, verdict);
    fputs(" | | | | |\n", writer->out);
}

static void print_md(FILE *out, const tp_judgement *judgement)
{
    tp_writer writer = { out, tp_put_markdown };
    if (judgement->broken > 0)
        fputs("| rule | function | actual | limit | baseline | change |\n"
              "| --- | --- | ---: | ---: | ---: | ---: |\n",
              out);
    for (size_t i = 0; i < judgement->count; i++)
        print_rows(&writer, &judgement->verdicts[i]);
    if (judgement->broken > 0)
        fputc('\n', out);
    if (judgement->new_count > 0) {
        tp_say_new(&writer, judgement);
        fputs("\n\n", out);
    }
    tp_say_closing(&writer, judgement);
    fputc('\n', out);
}

void tp_check_report(FILE *out, const tp_judgement *judgement, const char *form)
{
    if (strcmp(form, "junit") == 0)
        print_junit(out, judgement);
    else if (strcmp(form, "github") == 0)
        print_github(out, judgement);
    else if (strcmp(form, "md") == 0)
        print_md(out, judgement);
    else
        print_text(out, judgement);
}

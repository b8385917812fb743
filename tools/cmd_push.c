/* traceprof push: a profile to a server that keeps those of many. */
#define _XOPEN_SOURCE 700
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include "commands.h"
#include "push_request.h"
#include "push_send.h"
#include "source.h"
#include "text.h"
#include "tool.h"

#define MOST_RETRIES 100
#define LONGEST_TIMEOUT 86400
#define LONGEST_TENANT 150

/* Secrets come from there: what is on a command line can be seen by all. */
#define TOKEN "TRACEPROF_PUSH_TOKEN"
#define USER "TRACEPROF_PUSH_USER"

/* The labels that all have: what was measured, and whose it is. */
enum { METRIC, NAME, FIRST_LABEL };

typedef struct push {
    const tp_arguments *arguments;
    tp_push_server server;
    char *base; /* Owned: the server's URL without slashes at its end */
    char *url;  /* Owned: with the path behind it */
    tp_push_label *labels; /* Owned, the strings borrowed. */
    size_t label_count;
    double least;
    unsigned retries;
    tp_post post;
} push;

static void push_free(push *p)
{
    free(p->base);
    free(p->url);
    free(p->labels);
}

static int is_graphic(const char *text)
{
    for (; *text != '\0'; text++) {
        if (*text < '!' || *text > '~')
            return 0;
    }
    return 1;
}

/* A URL may hold a password, so nothing of a bad one is shown. */
static int check_url(const tp_command *command, const char *url)
{
    const char *rest = strncmp(url, "http://", 7) == 0    ? url + 7
                       : strncmp(url, "https://", 8) == 0 ? url + 8
                                                          : NULL;
    if (rest == NULL)
        return tp_usage_error(command, "the server's URL begins with http:// or https://", NULL);
    if (rest[strcspn(rest, "/@")] == '@')
        return tp_usage_error(command, "the URL is to hold no password; set " USER " or " TOKEN, NULL);
    if (*rest == '\0' || *rest == '/' || !is_graphic(rest) || strpbrk(rest, "?#\"<>\\^`{|}@") != NULL)
        return tp_usage_error(command, "that is no URL of a server, http://HOST:PORT", NULL);
    return 0;
}

static int find_url(push *p)
{
    const char *url = p->arguments->operands[0], *path = tp_push_path(p->server);
    int failed = check_url(p->arguments->command, url);
    if (failed != 0)
        return failed;
    size_t size = strlen(url), room = size + strlen(path) + 1;
    while (url[size - 1] == '/')
        size--;
    p->base = malloc(size + 1);
    p->url = malloc(room);
    if (p->base == NULL || p->url == NULL)
        return tp_status_error(TP_ENOMEM);
    snprintf(p->base, size + 1, "%s", url);
    snprintf(p->url, room, "%s%s", p->base, path);
    p->post.url = p->url;
    return 0;
}

static int add_label(push *p, const char *text)
{
    const tp_command *command = p->arguments->command;
    const char *equals = strchr(text, '=');
    if (equals == NULL)
        return tp_usage_error(command, "a label is KEY=VALUE, not", text);
    tp_push_label label = { { text, (size_t)(equals - text) }, { equals + 1, strlen(equals + 1) } };
    const char *problem = tp_push_bad_key(label.key);
    if (problem == NULL)
        problem = tp_push_bad_value(label.value);
    for (size_t i = FIRST_LABEL; problem == NULL && i < p->label_count; i++) {
        if (p->labels[i].key.size == label.key.size &&
            memcmp(p->labels[i].key.bytes, label.key.bytes, label.key.size) == 0)
            problem = "a label is given twice:";
    }
    if (problem != NULL)
        return tp_usage_error(command, problem, text);
    p->labels[p->label_count++] = label;
    return 0;
}

static int find_labels(push *p)
{
    size_t position = 0;
    const char *name = tp_argument(p->arguments, "name"), *value;
    int failed = 0;
    p->labels = calloc(p->arguments->given_count + FIRST_LABEL, sizeof *p->labels);
    if (p->labels == NULL)
        return tp_status_error(TP_ENOMEM);
    p->labels[METRIC] = (tp_push_label){ { "__name__", 8 }, { "wall", 4 } };
    p->labels[NAME].key = (tp_string){ TP_PUSH_NAME, strlen(TP_PUSH_NAME) };
    p->label_count = FIRST_LABEL;
    if (name != NULL) {
        p->labels[NAME].value = (tp_string){ name, strlen(name) };
        const char *problem = tp_push_bad_value(p->labels[NAME].value);
        if (problem != NULL)
            return tp_usage_error(p->arguments->command, problem, name);
    }
    while (failed == 0 && (value = tp_argument_next(p->arguments, "label", &position)) != NULL)
        failed = add_label(p, value);
    return failed;
}

/* A number within bounds, or what it is without the option. 0 if it is another. */
static int find_number(double *number, const tp_arguments *arguments, const char *option, double standard,
                       double least, double most)
{
    const char *text = tp_argument(arguments, option);
    *number = standard;
    return text == NULL || (tp_parse_number(number, text) && *number >= least && *number <= most);
}

static int find_numbers(push *p)
{
    const tp_arguments *a = p->arguments;
    double retries, percent;
    if (!find_number(&p->post.timeout, a, "timeout", 30, 0.001, LONGEST_TIMEOUT))
        return tp_usage_error(a->command, "not a number of seconds:", tp_argument(a, "timeout"));
    if (!find_number(&retries, a, "retries", 3, 0, MOST_RETRIES) || retries != (unsigned)retries)
        return tp_usage_error(a->command, "not a number of times:", tp_argument(a, "retries"));
    if (!find_number(&percent, a, "min", 0, 0, 100))
        return tp_usage_error(a->command, "not a percentage:", tp_argument(a, "min"));
    p->retries = (unsigned)retries;
    p->least = percent / 100;
    return 0;
}

static const char *secret(const char *variable)
{
    const char *value = getenv(variable);
    return value != NULL && *value != '\0' ? value : NULL;
}

static int find_secrets(push *p)
{
    const tp_command *command = p->arguments->command;
    const char *tenant = tp_argument(p->arguments, "tenant");
    p->post.token = secret(TOKEN);
    p->post.user = secret(USER);
    p->post.tenant = tenant;
    if (p->post.token != NULL && p->post.user != NULL)
        return tp_usage_error(command, "set " TOKEN " or " USER ", not both", NULL);
    if (p->post.token != NULL && !is_graphic(p->post.token))
        return tp_usage_error(command, TOKEN " holds what no token has", NULL);
    if (p->post.user != NULL && (strchr(p->post.user, ':') == NULL || strpbrk(p->post.user, "\r\n") != NULL))
        return tp_usage_error(command, USER " is to be NAME:PASSWORD", NULL);
    if (tenant != NULL && (*tenant == '\0' || strlen(tenant) > LONGEST_TENANT || !is_graphic(tenant)))
        return tp_usage_error(command, "not a tenant's name:", tenant);
    return 0;
}

static int push_init(push *p, const tp_arguments *arguments)
{
    const char *server = tp_argument(arguments, "server");
    *p = (push){ .arguments = arguments };
    p->server = server != NULL && strcmp(server, "parca") == 0 ? TP_SERVER_PARCA : TP_SERVER_PYROSCOPE;
    p->post.type = tp_push_type(p->server);
    int failed = find_url(p);
    if (failed == 0)
        failed = find_labels(p);
    if (failed == 0)
        failed = find_numbers(p);
    if (failed == 0)
        failed = find_secrets(p);
    return failed;
}

/* What a build without libcurl can do instead. */
static int lacks_curl(const push *p)
{
    fputs("traceprof push: this traceprof was built without libcurl. Instead:\n"
          "  traceprof convert -o profile.pb.gz FILE...\n",
          stderr);
    if (p->server == TP_SERVER_PYROSCOPE)
        fprintf(stderr, "  curl --data-binary @profile.pb.gz '%s/ingest?name=NAME&format=pprof'\n", p->base);
    else
        fputs("  and a program that sends pprof files to Parca, such as parca-push\n", stderr);
    return TP_EXIT_INPUT;
}

static int find_name(push *p, const tp_profile *profile)
{
    tp_push_label *name = &p->labels[NAME];
    if (name->value.size == 0)
        name->value = tp_push_name(profile);
    if (tp_push_bad_value(name->value) == NULL)
        return 0;
    return tp_usage_error(p->arguments->command, "the file does not say whose profile it is: --name NAME",
                          NULL);
}

/* When the last of the files was written, as far as they are files. */
static double newest(const tp_arguments *arguments)
{
    double when = 0;
    struct stat facts;
    for (size_t i = 1; i < arguments->operand_count; i++) {
        const char *path = arguments->operands[i];
        if (strcmp(path, "-") == 0 || stat(path, &facts) != 0 || !S_ISREG(facts.st_mode))
            return (double)time(NULL);
        when = (double)facts.st_mtime > when ? (double)facts.st_mtime : when;
    }
    return when;
}

/* Servers sort profiles by when they began. Files that do not tell were written at the end. What is to be
 * of now is so by its beginning: a recording of hours would be too old otherwise. */
static tp_status set_start(const push *p, tp_profile *profile)
{
    const tp_property *start = tp_profile_property(profile, "start");
    const tp_property *duration = tp_profile_property(profile, "duration");
    if (tp_argument_has(p->arguments, "now"))
        return tp_profile_set_real(profile, "start", (double)time(NULL));
    if (start != NULL && start->kind == TP_REAL && start->real > 0)
        return TP_OK;
    double end = newest(p->arguments);
    double lasted = duration != NULL && duration->kind == TP_REAL && duration->real > 0 ? duration->real : 0;
    return tp_profile_set_real(profile, "start", end > lasted ? end - lasted : end);
}

static int send_bytes(push *p, const uint8_t *pprof, size_t size, FILE *out)
{
    tp_collector body;
    int failed = tp_push_body(&body, p->server, p->labels, p->label_count, pprof, size);
    if (failed != 0) {
        failed = tp_status_error(TP_ENOMEM);
    } else {
        p->post.body = body.text;
        p->post.size = body.size;
        failed = tp_push_send(&p->post, p->server, p->base, p->retries);
    }
    tp_collector_free(&body);
    if (failed == 0) {
        tp_put_string(out, p->labels[NAME].value, TP_PLAIN);
        fprintf(out, ": %zu bytes of pprof sent to %s\n", size, p->base);
    }
    return failed;
}

static int send_profile(push *p, tp_profile *profile, FILE *out)
{
    tp_emit_options options = TP_EMIT_OPTIONS_INIT;
    tp_error error = { .status = TP_OK };
    uint8_t *pprof;
    size_t size;
    options.least = p->least;
    tp_status status = set_start(p, profile);
    if (status != TP_OK)
        return tp_status_error(status);
    if (tp_emit(profile, TP_EMIT_PPROF, &options, &pprof, &size, &error) != TP_OK) {
        fprintf(stderr, "traceprof push: %s\n", error.message);
        return TP_EXIT_INPUT;
    }
    int failed = send_bytes(p, pprof, size, out);
    tp_emit_free(pprof);
    return failed;
}

static int load_and_send(push *p, FILE *out)
{
    tp_profile *profile;
    int failed = tp_source_load(&profile, p->arguments, 1, p->arguments->operand_count);
    if (failed != 0)
        return failed;
    failed = find_name(p, profile);
    if (failed == 0)
        failed = tp_source_estimate_tree(&profile, p->arguments);
    if (failed == 0)
        failed = send_profile(p, profile, out);
    tp_profile_destroy(profile);
    return failed;
}

static int run(const tp_arguments *arguments, FILE *out)
{
    push p;
    int failed = push_init(&p, arguments);
    if (failed == 0)
        failed = tp_http_is_there() ? load_and_send(&p, out) : lacks_curl(&p);
    push_free(&p);
    return failed;
}

static const tp_option options[] = {
    { '\0', "server", "SERVER", "what it is: pyroscope (default) or parca", "pyroscope parca" },
    { '\0', "name", "NAME", "whose profile it is; default: the recorded command's script or module", NULL },
    { '\0', "label", "KEY=VALUE", "a label to find it by; may be repeated", NULL },
    { '\0', "now", NULL, "as if of now: servers refuse what began long ago", NULL },
    { '\0', "min", "PERCENT", "fold calls below this share of the whole into their callers; default: 0", NULL },
    { '\0', "tenant", "NAME", "the tenant, where a server has several (X-Scope-OrgID)", NULL },
    { '\0', "timeout", "SECONDS", "that an attempt may take; default: 30", NULL },
    { '\0', "retries", "N", "how often to try again; default: 3", NULL },
    { '\0', NULL, NULL, NULL, NULL },
};

const tp_command tp_command_push = {
    .name = "push",
    .operands = "URL FILE...",
    .purpose = "Send a profile to a Pyroscope or Parca server",
    .text = "URL is the server's own, such as http://localhost:4040. Several files are added\n"
            "up and sent as one profile, in pprof's format. After failures of the network,\n"
            "HTTP 429 and 5xx it is sent again, with pauses that grow, or as long as the\n"
            "server asks. Redirects are not followed. Proxies are those of http_proxy,\n"
            "https_proxy and no_proxy.\n"
            "\n"
            "A password is not for a command line. It comes from the environment:\n"
            "  TRACEPROF_PUSH_TOKEN  a token, sent as Authorization: Bearer\n"
            "  TRACEPROF_PUSH_USER   NAME:PASSWORD, sent as Authorization: Basic\n"
            "\n"
            "A profile is of the time that it was recorded, or else its file was written.",
    .options = options,
    .shared = TP_WITH_FOCUS | TP_WITH_TIMES,
    .least = 2,
    .most = SIZE_MAX,
    .run = run,
};

#define _XOPEN_SOURCE 700
#include "push_send.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "characters.h"
#include "command.h"
#include "push_grpc.h"
#include "text.h"
#include "tool.h"

/* Seconds: the first pause, the longest, and what a server may ask for at most. */
#define FIRST_PAUSE 0.5
#define LONGEST_PAUSE 30.0
#define LONGEST_ASKED 120.0

/* What of a server's words is shown. */
#define SHOWN_CHARACTERS 200

typedef struct sending {
    tp_push_server kind;
    const char *server;
    tp_answer *answer;
    tp_grpc_end end; /* of the answer, if it is gRPC's */
} sending;

static int is_success(const tp_answer *answer)
{
    return answer->status >= 200 && answer->status < 300;
}

static int is_redirect(const tp_answer *answer)
{
    return answer->status >= 300 && answer->status < 400;
}

static int is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

/* Pyroscope answers with an object in JSON, some proxies before it with nothing. A page with a form to
 * log in has the same status. */
static int is_taken(const sending *s)
{
    const tp_answer *answer = s->answer;
    size_t at = 0;
    if (!is_success(answer) || answer->is_cut)
        return 0;
    if (s->kind == TP_SERVER_PARCA)
        return s->end.status == 0;
    while (at < answer->size && is_blank(answer->text[at]))
        at++;
    return at == answer->size || answer->text[at] == '{';
}

/* Whether it may work later. Not so where the server does not know what is asked (501). Of gRPC's it is
 * DEADLINE_EXCEEDED, RESOURCE_EXHAUSTED and UNAVAILABLE. */
static int is_passing(const sending *s)
{
    const tp_answer *answer = s->answer;
    if (answer->status == 0)
        return answer->may_pass;
    if (is_success(answer))
        return s->end.status == 4 || s->end.status == 8 || s->end.status == 14;
    return answer->status == 429 || (answer->status >= 500 && answer->status != 501);
}

/* The first line of a text that somebody else wrote. */
static void put_line(const char *text, size_t size)
{
    size_t at = 0, end, shown = 0;
    uint32_t code;
    while (at < size && is_blank(text[at]))
        at++;
    for (end = at; end < size && shown < SHOWN_CHARACTERS && text[end] != '\r' && text[end] != '\n'; shown++)
        end += tp_character_next(&code, text + end, size - end);
    if (end == at)
        return;
    fputs(": ", stderr);
    tp_put_string(stderr, (tp_string){ text + at, end - at }, TP_PLAIN);
    if (shown == SHOWN_CHARACTERS)
        fputs("...", stderr);
}

/* "traceprof push: http://localhost:4040: HTTP 503: busy", without the line's end. */
static void put_failure(const sending *s)
{
    const tp_answer *answer = s->answer;
    fprintf(stderr, "traceprof push: %s", s->server);
    if (answer->status == 0) {
        put_line(answer->problem, strlen(answer->problem));
    } else if (s->end.status > 0) {
        fprintf(stderr, ": gRPC status %ld", s->end.status);
        put_line(s->end.message, s->end.size);
    } else if (is_redirect(answer)) {
        fprintf(stderr, ": HTTP %ld, which is not followed: give the URL that it leads to", answer->status);
    } else {
        fprintf(stderr, ": HTTP %ld%s", answer->status,
                is_success(answer) ? ", but not as a server of profiles answers" : "");
        put_line(answer->text, answer->size);
    }
}

/* Many that were turned away at once are not to come back at once. */
static double some_share(void)
{
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    unsigned long mixed = (unsigned long)now.tv_nsec * 2654435761u + (unsigned long)getpid() * 40503u;
    return 0.5 + (double)(mixed >> 8 & 0xFFFF) / 0x20000;
}

static double pause_before(unsigned attempt, const tp_answer *answer)
{
    if (answer->status != 0 && answer->retry_after > 0)
        return answer->retry_after;
    return fmin(FIRST_PAUSE * pow(2, attempt), LONGEST_PAUSE) * some_share();
}

static void pause_for(double seconds)
{
    struct timespec left = { .tv_sec = (time_t)seconds,
                             .tv_nsec = (long)((seconds - floor(seconds)) * 1e9) };
    while (nanosleep(&left, &left) != 0 && errno == EINTR)
        continue;
}

static int give_up(const sending *s, unsigned attempts)
{
    put_failure(s);
    if (is_passing(s) && s->answer->retry_after > LONGEST_ASKED)
        fprintf(stderr, "; it asks to wait %.0f s", s->answer->retry_after);
    if (attempts > 1)
        fprintf(stderr, "; tried %u times", attempts);
    putc('\n', stderr);
    return TP_EXIT_INPUT;
}

static int attempt_all(sending *s, const tp_post *post, unsigned retries)
{
    for (unsigned attempt = 0;; attempt++) {
        if (tp_http_post(s->answer, post) != 0)
            return tp_status_error(TP_ENOMEM);
        s->end = (tp_grpc_end){ .status = -1, .message = "" };
        if (s->kind == TP_SERVER_PARCA)
            tp_grpc_read_end(&s->end, s->answer);
        if (is_taken(s))
            return 0;
        double pause = pause_before(attempt, s->answer);
        if (attempt == retries || !is_passing(s) || pause > LONGEST_ASKED)
            return give_up(s, attempt + 1);
        put_failure(s);
        fprintf(stderr, "; again in %.1f s\n", pause);
        fflush(stderr);
        pause_for(pause);
    }
}

int tp_push_send(const tp_post *post, tp_push_server kind, const char *server, unsigned retries)
{
    sending s = { .kind = kind, .server = server, .answer = malloc(sizeof *s.answer) };
    if (s.answer == NULL)
        return tp_status_error(TP_ENOMEM);
    int failed = attempt_all(&s, post, retries);
    free(s.answer);
    return failed;
}

/* The recorder without any Python: a program that profiles its own functions. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <traceprof/traceprof.h>

/* A function is known by the address of its name. */
static const char *const factorial_name = "factorial";
static const char *const main_name = "main";

static tp_status resolve(void *context, const void *key, void *subject, tp_label *label)
{
    (void)context;
    (void)subject;
    const char *name = *(const char *const *)key;
    label->file = (tp_string){ __FILE__, strlen(__FILE__) };
    label->name = (tp_string){ name, strlen(name) };
    return TP_OK;
}

static long factorial(tp_track *track, long n)
{
    tp_enter(track, &factorial_name, NULL);
    long result = n < 2 ? 1 : n * factorial(track, n - 1);
    tp_leave(track, &factorial_name);
    return result;
}

int main(int argc, char **argv)
{
    tp_clock *clock = NULL;
    tp_session *session = NULL;
    tp_track *track;
    tp_profile *profile = NULL;
    tp_error error;
    if (argc != 2) {
        fprintf(stderr, "usage: %s PROFILE\n", argv[0]);
        return 2;
    }
    tp_session_options options = TP_SESSION_OPTIONS_INIT;
    options.resolver.resolve = resolve;
    tp_status status = tp_clock_create(&clock, TP_CLOCK_AUTO);
    options.clock = clock;
    if (status == TP_OK)
        status = tp_session_create(&session, &options);
    if (status == TP_OK)
        status = tp_session_add_track(session, &track, "main", 4, 1);
    if (status == TP_OK) {
        tp_enter(track, &main_name, NULL);
        printf("10! = %ld\n", factorial(track, 10));
        tp_leave(track, &main_name);
        status = tp_session_profile(session, &profile);
    }
    if (status == TP_OK)
        status = tp_pstats_write_file(profile, argv[1], &error);
    if (status != TP_OK)
        fprintf(stderr, "%s: %s\n", argv[0], tp_status_message(status));
    tp_profile_destroy(profile);
    tp_session_destroy(session);
    tp_clock_destroy(clock);
    return status == TP_OK ? EXIT_SUCCESS : EXIT_FAILURE;
}

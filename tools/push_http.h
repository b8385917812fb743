/* One POST over HTTP. It is libcurl that does it, where the build found one (TP_HAVE_CURL). */
#ifndef TP_PUSH_HTTP_H
#define TP_PUSH_HTTP_H

#include <stddef.h>

/* No server that takes profiles answers with more. */
#define TP_ANSWER_ROOM ((size_t)65536)

/* All borrowed; what has no such remark must be there. */
typedef struct tp_post {
    const char *url; /* http or https, without name and password */
    const char *type; /* of the body, and of the answer: "application/json" */
    const void *body;
    size_t size;
    const char *tenant; /* X-Scope-OrgID; may be NULL */
    const char *token;  /* of a bearer; may be NULL */
    const char *user;   /* "name:password"; may be NULL */
    double timeout;     /* seconds that all of it may take */
} tp_post;

typedef struct tp_answer {
    long status;        /* HTTP's; 0: no answer came */
    double retry_after; /* seconds that the server asks to wait; 0: it does not say */
    int may_pass;       /* without an answer: whether the same may work later */
    int is_cut;         /* there was more than there is room for */
    char problem[256];  /* without an answer: why, in words that are not fit for a terminal yet */
    size_t grpc_size;
    char grpc[1024];    /* the lines of its head whose names begin with grpc- */
    size_t size;
    char text[TP_ANSWER_ROOM];
} tp_answer;

/* Whether this build can. */
int tp_http_is_there(void);

/* Sends it once, and follows no redirect. 0, or not 0: memory is exhausted. */
int tp_http_post(tp_answer *answer, const tp_post *post);

#endif

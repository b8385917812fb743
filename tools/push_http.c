#include "push_http.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#include <traceprof/traceprof.h>

#ifdef TP_HAVE_CURL
#include <curl/curl.h>

int tp_http_is_there(void)
{
    return 1;
}

/* What does not fit ends the transfer: who answers at such length is another server. */
static size_t keep_answer(char *bytes, size_t one, size_t count, void *context)
{
    tp_answer *answer = context;
    size_t room = sizeof answer->text - answer->size, size = one * count;
    answer->is_cut |= size > room;
    memcpy(answer->text + answer->size, bytes, size < room ? size : room);
    answer->size += size < room ? size : room;
    return size <= room ? size : 0;
}

/* Lines that are too long for their room are left out. */
static size_t keep_head(char *bytes, size_t one, size_t count, void *context)
{
    tp_answer *answer = context;
    size_t size = one * count;
    if (size > 5 && strncasecmp(bytes, "grpc-", 5) == 0 && size <= sizeof answer->grpc - answer->grpc_size) {
        memcpy(answer->grpc + answer->grpc_size, bytes, size);
        answer->grpc_size += size;
    }
    return size;
}

/* Whether it is the network that failed, and not what was asked of it. */
static int is_passing(CURLcode code)
{
    switch (code) {
    case CURLE_COULDNT_RESOLVE_PROXY:
    case CURLE_COULDNT_RESOLVE_HOST:
    case CURLE_COULDNT_CONNECT:
    case CURLE_OPERATION_TIMEDOUT:
    case CURLE_GOT_NOTHING:
    case CURLE_SEND_ERROR:
    case CURLE_RECV_ERROR:
    case CURLE_PARTIAL_FILE:
    case CURLE_SSL_CONNECT_ERROR:
        return 1;
    default:
        return 0;
    }
}

/* 0, or not 0: memory is exhausted. */
static int add_header(struct curl_slist **headers, const char *name, const char *value)
{
    char line[512];
    snprintf(line, sizeof line, "%s:%s%s", name, *value != '\0' ? " " : "", value);
    struct curl_slist *longer = curl_slist_append(*headers, line);
    if (longer == NULL)
        return -1;
    *headers = longer;
    return 0;
}

static int add_headers(struct curl_slist **headers, const tp_post *post)
{
    return add_header(headers, "Content-Type", post->type) != 0 ||
           add_header(headers, "Accept", post->type) != 0 ||
           add_header(headers, "Expect", "") != 0 || /* waits for no leave to send the body */
           (post->tenant != NULL && add_header(headers, "X-Scope-OrgID", post->tenant) != 0);
}

static CURLcode set_secrets(CURL *curl, const tp_post *post)
{
    CURLcode code = CURLE_OK;
    if (post->token != NULL) {
        code = curl_easy_setopt(curl, CURLOPT_HTTPAUTH, (long)CURLAUTH_BEARER);
        if (code == CURLE_OK)
            code = curl_easy_setopt(curl, CURLOPT_XOAUTH2_BEARER, post->token);
    } else if (post->user != NULL) {
        code = curl_easy_setopt(curl, CURLOPT_HTTPAUTH, (long)CURLAUTH_BASIC);
        if (code == CURLE_OK)
            code = curl_easy_setopt(curl, CURLOPT_USERPWD, post->user);
    }
    return code;
}

/* Proxies are those of the environment, as curl finds them. */
static CURLcode set_up(CURL *curl, tp_answer *answer, const tp_post *post,
                       const struct curl_slist *headers)
{
    long timeout = (long)(post->timeout * 1000);
    CURLcode code = curl_easy_setopt(curl, CURLOPT_URL, post->url);
#if LIBCURL_VERSION_NUM >= 0x075500
    if (code == CURLE_OK)
        code = curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http,https");
#else
    if (code == CURLE_OK)
        code = curl_easy_setopt(curl, CURLOPT_PROTOCOLS, (long)(CURLPROTO_HTTP | CURLPROTO_HTTPS));
#endif
    if (code == CURLE_OK)
        code = set_secrets(curl, post);
    if (code == CURLE_OK)
        code = curl_easy_setopt(curl, CURLOPT_USERAGENT, "traceprof/" TP_VERSION_STRING);
    curl_easy_setopt(curl, CURLOPT_FOLLOWLOCATION, 0L);
    curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT_MS, timeout);
    curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, timeout);
    curl_easy_setopt(curl, CURLOPT_POST, 1L);
    curl_easy_setopt(curl, CURLOPT_POSTFIELDS, post->body);
    curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)post->size);
    curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers);
    curl_easy_setopt(curl, CURLOPT_HEADERFUNCTION, keep_head);
    curl_easy_setopt(curl, CURLOPT_HEADERDATA, answer);
    curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, keep_answer);
    curl_easy_setopt(curl, CURLOPT_WRITEDATA, answer);
    curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, answer->problem);
    return code;
}

static void take_answer(tp_answer *answer, CURL *curl, CURLcode code)
{
    curl_off_t wait = 0;
    if (code == CURLE_OK || answer->is_cut) {
        curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &answer->status);
        if (curl_easy_getinfo(curl, CURLINFO_RETRY_AFTER, &wait) == CURLE_OK && wait > 0)
            answer->retry_after = (double)wait;
        return;
    }
    answer->may_pass = is_passing(code);
    if (answer->problem[0] == '\0')
        snprintf(answer->problem, sizeof answer->problem, "%s", curl_easy_strerror(code));
}

int tp_http_post(tp_answer *answer, const tp_post *post)
{
    _Static_assert(sizeof answer->problem >= CURL_ERROR_SIZE, "libcurl writes as much");
    struct curl_slist *headers = NULL;
    CURLcode code = CURLE_OUT_OF_MEMORY;
    *answer = (tp_answer){ .status = 0 };
    if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK)
        return -1;
    CURL *curl = curl_easy_init();
    if (curl != NULL && add_headers(&headers, post) == 0) {
        code = set_up(curl, answer, post, headers);
        if (code == CURLE_OK)
            code = curl_easy_perform(curl);
        take_answer(answer, curl, code);
    }
    curl_slist_free_all(headers);
    curl_easy_cleanup(curl);
    curl_global_cleanup();
    return code == CURLE_OUT_OF_MEMORY;
}

#else

int tp_http_is_there(void)
{
    return 0;
}

int tp_http_post(tp_answer *answer, const tp_post *post)
{
    (void)post;
    *answer = (tp_answer){ .problem = "built without libcurl" };
    return 0;
}

#endif

/* A client that keeps a server busy: load PORT CONNECTIONS MILLISECONDS PATH
 *
 * Each connection sends a GET, reads the response to its end, and sends the next. It prints how many responses
 * there were, how long that took (nanoseconds), how many of them were not 200 OK, and the times of the
 * median and of the 99th of a hundred (nanoseconds). Responses must tell their length. Exit status 1
 * when a connection breaks off. */
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define MAX_CONNECTIONS 256
#define MAX_RESPONSE 65536
#define MAX_TIMES 4000000

typedef struct connection {
    int socket;
    size_t length; /* of what has been received of the response */
    size_t whole;  /* its length; 0 while its head is not complete */
    uint64_t sent; /* when the request was */
    char response[MAX_RESPONSE + 1];
} connection;

static connection connections[MAX_CONNECTIONS];
static struct pollfd polled[MAX_CONNECTIONS];
static uint64_t times[MAX_TIMES];
static size_t responses, others; /* others than 200 OK */
static char request[1024];

static uint64_t now(void)
{
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (uint64_t)time.tv_sec * 1000000000u + (uint64_t)time.tv_nsec;
}

static bool fail(const char *what)
{
    fprintf(stderr, "load: %s: %s\n", what, strerror(errno));
    return false;
}

static bool open_connection(connection *c, uint16_t port)
{
    struct sockaddr_in address = { .sin_family = AF_INET, .sin_port = htons(port) };
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    int on = 1;
    c->socket = socket(AF_INET, SOCK_STREAM, 0);
    if (c->socket < 0 || connect(c->socket, (struct sockaddr *)&address, sizeof address) != 0)
        return fail("connect");
    return setsockopt(c->socket, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on) == 0 || fail("setsockopt");
}

static bool send_request(connection *c)
{
    size_t length = strlen(request);
    c->length = c->whole = 0;
    c->sent = now();
    return send(c->socket, request, length, 0) == (ssize_t)length || fail("send");
}

/* The length of the response once its head is there, else 0. */
static size_t whole_length(const connection *c)
{
    const char *end = strstr(c->response, "\r\n\r\n");
    if (end == NULL)
        return 0;
    for (const char *line = c->response; line < end; line++) {
        if (line[-1 + (line == c->response)] != '\n' || strncasecmp(line, "content-length:", 15) != 0)
            continue;
        return (size_t)(end + 4 - c->response) + strtoul(line + 15, NULL, 10);
    }
    errno = EBADMSG;
    return SIZE_MAX;
}

/* A part of a response has come; asks again when it is complete and there is time left. */
static bool receive(connection *c, bool again)
{
    ssize_t got = recv(c->socket, c->response + c->length, MAX_RESPONSE - c->length, 0);
    if (got <= 0)
        return fail(got == 0 ? "the server closed a connection" : "recv");
    c->length += (size_t)got;
    c->response[c->length] = '\0';
    if (c->whole == 0)
        c->whole = whole_length(c);
    if (c->whole > MAX_RESPONSE)
        return fail("a response without a length, or too long");
    if (c->whole == 0 || c->length < c->whole)
        return true;
    if (responses < MAX_TIMES)
        times[responses] = now() - c->sent;
    responses++;
    others += strncmp(c->response + strlen("HTTP/1.1"), " 200", 4) != 0;
    return !again || send_request(c);
}

static int compare(const void *left, const void *right)
{
    uint64_t a = *(const uint64_t *)left, b = *(const uint64_t *)right;
    return (a > b) - (a < b);
}

/* Until the time is over and each connection has its last response. */
static bool run(size_t count, uint64_t end)
{
    size_t waiting = count;
    while (waiting > 0) {
        if (poll(polled, (nfds_t)count, 60000) <= 0)
            return fail("poll");
        bool again = now() < end;
        for (size_t i = 0; i < count; i++) {
            if (polled[i].revents == 0)
                continue;
            connection *c = &connections[i];
            if (!receive(c, again))
                return false;
            if (!again && c->length == c->whole) {
                polled[i].fd = -1;
                waiting--;
            }
        }
    }
    return true;
}

int main(int argc, char **argv)
{
    size_t count = argc == 5 ? strtoul(argv[2], NULL, 10) : 0;
    if (count == 0 || count > MAX_CONNECTIONS) {
        fprintf(stderr, "usage: load PORT CONNECTIONS MILLISECONDS PATH\n");
        return 2;
    }
    snprintf(request, sizeof request, "GET %s HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n", argv[4]);
    for (size_t i = 0; i < count; i++) {
        if (!open_connection(&connections[i], (uint16_t)strtoul(argv[1], NULL, 10)))
            return 1;
        polled[i] = (struct pollfd){ .fd = connections[i].socket, .events = POLLIN };
    }
    uint64_t start = now();
    for (size_t i = 0; i < count; i++) {
        if (!send_request(&connections[i]))
            return 1;
    }
    if (!run(count, start + strtoull(argv[3], NULL, 10) * 1000000u))
        return 1;
    uint64_t took = now() - start;
    size_t kept = responses < MAX_TIMES ? responses : MAX_TIMES;
    qsort(times, kept, sizeof *times, compare);
    printf("%zu %llu %zu %llu %llu\n", responses, (unsigned long long)took, others,
           (unsigned long long)times[kept / 2], (unsigned long long)times[kept * 99 / 100]);
    return 0;
}

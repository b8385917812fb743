#define _XOPEN_SOURCE 700
#include "file.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "memory.h"

static tp_status fail(tp_error *error, tp_status status, int system_error, const char *message)
{
    if (error != NULL)
        *error = (tp_error){ .status = status, .system_error = system_error, .message = message };
    return status;
}

/* Room for a whole regular file and one byte more, so that its end is seen without growing; what is no
 * regular file grows as it comes. */
static size_t first_room(int fd, size_t limit)
{
    struct stat facts;
    if (fstat(fd, &facts) == 0 && S_ISREG(facts.st_mode) && facts.st_size > 0)
        return (uint64_t)facts.st_size < limit ? (size_t)facts.st_size + 1 : limit + 1;
    return 65536;
}

static tp_status read_all(uint8_t **bytes, size_t *size, int fd, size_t limit,
                          const tp_allocator *allocator, tp_error *error)
{
    size_t used = 0, capacity = first_room(fd, limit);
    void *data = tp_realloc(allocator, NULL, capacity, 1);
    if (data == NULL)
        return fail(error, TP_ENOMEM, 0, "out of memory while reading");
    for (;;) {
        if (used == capacity && tp_reserve(allocator, &data, &capacity, used + 1, 1) != TP_OK) {
            tp_free(allocator, data);
            return fail(error, TP_ENOMEM, 0, "out of memory while reading");
        }
        ssize_t got = read(fd, (uint8_t *)data + used, capacity - used);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0) {
            int reason = errno;
            tp_free(allocator, data);
            return fail(error, TP_EIO, reason, "cannot read");
        }
        if (got == 0)
            break;
        used += (size_t)got;
        if (used > limit) {
            tp_free(allocator, data);
            return fail(error, TP_ELIMIT, 0, "the file is too large");
        }
    }
    *bytes = data;
    *size = used;
    return TP_OK;
}

tp_status tp_file_read(uint8_t **bytes, size_t *size, const char *path, size_t limit,
                       const tp_allocator *allocator, tp_error *error)
{
    if (strcmp(path, "-") == 0)
        return read_all(bytes, size, STDIN_FILENO, limit, allocator, error);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return fail(error, TP_EIO, errno, "cannot open");
    tp_status status = read_all(bytes, size, fd, limit, allocator, error);
    close(fd);
    return status;
}

static int write_all(int fd, const uint8_t *bytes, size_t size)
{
    while (size > 0) {
        ssize_t put = write(fd, bytes, size);
        if (put < 0 && errno == EINTR)
            continue;
        if (put < 0)
            return errno;
        bytes += put;
        size -= (size_t)put;
    }
    return 0;
}

/* `path` up to and with its last slash, then `name`; NULL without memory. */
static char *beside(const char *path, const char *name, const tp_allocator *allocator)
{
    const char *slash = strrchr(path, '/');
    size_t folder = slash == NULL ? 0 : (size_t)(slash - path) + 1;
    char *joined = tp_alloc(allocator, folder + strlen(name) + 1, 1);
    if (joined == NULL)
        return NULL;
    memcpy(joined, path, folder);
    memcpy(joined + folder, name, strlen(name));
    return joined;
}

/* A new empty file in target's folder, its path in *name (owned by the caller). Gives the descriptor,
 * or -1 with errno. The name does not build on target's, which may be as long as names can be; mkstemp
 * would do but for its mode, which ignores the umask. */
static int create_beside(char **name, const char *target, const tp_allocator *allocator)
{
    char own[64];
    for (unsigned attempt = 0; attempt < 1000; attempt++) {
        snprintf(own, sizeof own, ".traceprof-%ld-%u.tmp", (long)getpid(), attempt);
        *name = beside(target, own, allocator);
        if (*name == NULL) {
            errno = ENOMEM;
            return -1;
        }
        int fd = open(*name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
        if (fd >= 0 || errno != EEXIST)
            return fd;
        tp_free(allocator, *name);
        *name = NULL;
    }
    return -1;
}

#define MOST_LINKS 40

/* The file that is really meant, which need not exist: path itself, or where its symbolic links lead.
 * NULL without memory; errno is ELOOP when they lead in a circle. */
static char *resolve(const char *path, const tp_allocator *allocator)
{
    char *at = beside("", path, allocator);
    for (int links = 0; at != NULL; links++) {
        char target[PATH_MAX];
        ssize_t size = readlink(at, target, sizeof target - 1);
        if (size < 0)
            return at;
        target[size] = '\0';
        char *next = beside(target[0] == '/' ? "" : at, target, allocator);
        tp_free(allocator, at);
        at = next;
        if (at != NULL && links == MOST_LINKS) {
            tp_free(allocator, at);
            errno = ELOOP;
            return NULL;
        }
    }
    errno = ENOMEM;
    return NULL;
}

static tp_status cannot_resolve(tp_error *error)
{
    if (errno == ENOMEM)
        return fail(error, TP_ENOMEM, 0, "out of memory");
    return fail(error, TP_EIO, errno, "cannot follow the link");
}

static tp_status write_directly(const char *path, const uint8_t *bytes, size_t size,
                                tp_error *error)
{
    int fd = open(path, O_WRONLY | O_CLOEXEC);
    if (fd < 0)
        return fail(error, TP_EIO, errno, "cannot open for writing");
    int reason = write_all(fd, bytes, size);
    if (close(fd) != 0 && reason == 0)
        reason = errno;
    return reason == 0 ? TP_OK : fail(error, TP_EIO, reason, "cannot write");
}

static tp_status cannot_create(tp_error *error, int reason)
{
    if (reason == ENOMEM)
        return fail(error, TP_ENOMEM, 0, "out of memory");
    return fail(error, TP_EIO, reason, "cannot create");
}

static tp_status replace_regular(const char *target, const struct stat *old, const uint8_t *bytes,
                                 size_t size, const tp_allocator *allocator, tp_error *error)
{
    char *fresh = NULL;
    int fd = create_beside(&fresh, target, allocator);
    if (fd < 0) {
        int reason = errno;
        tp_free(allocator, fresh);
        return cannot_create(error, reason);
    }
    int reason = write_all(fd, bytes, size);
    if (reason == 0 && old != NULL && fchmod(fd, old->st_mode & 07777) != 0)
        reason = errno;
    if (reason == 0 && fsync(fd) != 0)
        reason = errno;
    if (close(fd) != 0 && reason == 0)
        reason = errno;
    if (reason == 0 && rename(fresh, target) != 0)
        reason = errno;
    if (reason != 0)
        unlink(fresh);
    tp_free(allocator, fresh);
    return reason == 0 ? TP_OK : fail(error, TP_EIO, reason, "cannot write");
}

tp_status tp_file_replace(const char *path, const uint8_t *bytes, size_t size,
                          const tp_allocator *allocator, tp_error *error)
{
    struct stat old;
    bool there = stat(path, &old) == 0;
    if (there && S_ISDIR(old.st_mode))
        return fail(error, TP_EIO, EISDIR, "cannot write");
    if (there && !S_ISREG(old.st_mode))
        return write_directly(path, bytes, size, error);
    if (there && access(path, W_OK) != 0)
        return fail(error, TP_EIO, errno, "cannot write");
    char *target = resolve(path, allocator);
    if (target == NULL)
        return cannot_resolve(error);
    tp_status status =
        replace_regular(target, there ? &old : NULL, bytes, size, allocator, error);
    tp_free(allocator, target);
    return status;
}

tp_status tp_file_probe(const char *path, const tp_allocator *allocator, tp_error *error)
{
    struct stat old;
    bool there = stat(path, &old) == 0;
    if (there && S_ISDIR(old.st_mode))
        return fail(error, TP_EIO, EISDIR, "cannot write");
    if (there && access(path, W_OK) != 0)
        return fail(error, TP_EIO, errno, "cannot write");
    if (there && !S_ISREG(old.st_mode))
        return TP_OK;
    char *target = resolve(path, allocator);
    if (target == NULL)
        return cannot_resolve(error);
    char *fresh = NULL;
    int fd = create_beside(&fresh, target, allocator);
    tp_status status = TP_OK;
    if (fd < 0) {
        status = cannot_create(error, errno);
    } else {
        close(fd);
        unlink(fresh);
    }
    tp_free(allocator, fresh);
    tp_free(allocator, target);
    return status;
}

#define _XOPEN_SOURCE 700
#include "file.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
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

static tp_status read_all(uint8_t **bytes, size_t *size, int fd, size_t limit,
                          const tp_allocator *allocator, tp_error *error)
{
    void *data = NULL;
    size_t used = 0, capacity = 0;
    for (;;) {
        if (tp_reserve(allocator, &data, &capacity, used + 65536, 1) != TP_OK) {
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

/* A new empty file beside target, its name in *name (owned by the caller). Gives the descriptor, or
 * -1 with errno. mkstemp would do but for its mode, which ignores the umask. */
static int create_beside(char **name, const char *target, const tp_allocator *allocator)
{
    size_t room = strlen(target) + 32;
    *name = tp_alloc(allocator, room, 1);
    if (*name == NULL) {
        errno = ENOMEM;
        return -1;
    }
    for (unsigned attempt = 0; attempt < 1000; attempt++) {
        snprintf(*name, room, "%s.%ld-%u.tmp", target, (long)getpid(), attempt);
        int fd = open(*name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
        if (fd >= 0 || errno != EEXIST)
            return fd;
    }
    return -1;
}

/* The file that is really meant: path itself, or where its symbolic links lead. */
static char *resolve(const char *path, const tp_allocator *allocator)
{
    char *real = realpath(path, NULL);
    const char *chosen = real != NULL ? real : path;
    char *copy = tp_alloc(allocator, strlen(chosen) + 1, 1);
    if (copy != NULL)
        memcpy(copy, chosen, strlen(chosen));
    free(real);
    return copy;
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

static tp_status replace_regular(const char *target, const struct stat *old, const uint8_t *bytes,
                                 size_t size, const tp_allocator *allocator, tp_error *error)
{
    char *beside = NULL;
    int fd = create_beside(&beside, target, allocator);
    if (fd < 0) {
        int reason = errno;
        tp_free(allocator, beside);
        return fail(error, reason == ENOMEM ? TP_ENOMEM : TP_EIO, reason, "cannot create");
    }
    int reason = write_all(fd, bytes, size);
    if (reason == 0 && old != NULL && fchmod(fd, old->st_mode & 07777) != 0)
        reason = errno;
    if (reason == 0 && fsync(fd) != 0)
        reason = errno;
    if (close(fd) != 0 && reason == 0)
        reason = errno;
    if (reason == 0 && rename(beside, target) != 0)
        reason = errno;
    if (reason != 0)
        unlink(beside);
    tp_free(allocator, beside);
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
        return fail(error, TP_ENOMEM, 0, "out of memory");
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
        return fail(error, TP_ENOMEM, 0, "out of memory");
    char *beside = NULL;
    int fd = create_beside(&beside, target, allocator);
    tp_status status = TP_OK;
    if (fd < 0) {
        status = fail(error, TP_EIO, errno, "cannot create");
    } else {
        close(fd);
        unlink(beside);
    }
    tp_free(allocator, beside);
    tp_free(allocator, target);
    return status;
}

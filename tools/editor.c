#define _XOPEN_SOURCE 700
#include "editor.h"

#include <errno.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static const char *find_editor(void)
{
    const char *names[] = { getenv("VISUAL"), getenv("EDITOR") };
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        if (names[i] != NULL && *names[i] != '\0')
            return names[i];
    }
    return "vi";
}

/* A path that no editor takes for an option. Owned by the caller; NULL without memory. */
static char *make_path(tp_string file)
{
    size_t more = file.size > 0 && (file.bytes[0] == '-' || file.bytes[0] == '+') ? 2 : 0;
    char *path = malloc(file.size + more + 1);
    if (path == NULL)
        return NULL;
    memcpy(path, "./", more);
    memcpy(path + more, file.bytes, file.size);
    path[more + file.size] = '\0';
    return path;
}

int tp_editor_finds(const tp_label *label, char *message, size_t room)
{
    tp_string file = label->file;
    char *path = make_path(file);
    if (path == NULL)
        snprintf(message, room, "%s", tp_status_message(TP_ENOMEM));
    else if (file.size == 1 && file.bytes[0] == '~')
        snprintf(message, room, "built in: it has no source in Python");
    else if (strlen(path) < file.size || access(path, R_OK) != 0)
        snprintf(message, room, "%s: %s", strerror(errno), path);
    else
        message[0] = '\0';
    int found = message[0] == '\0';
    free(path);
    return found;
}

/* The signals of an editor are as everywhere, whatever they are here. Gives what posix_spawn does. */
static int start(pid_t *child, const char *const *words)
{
    extern char **environ;
    posix_spawnattr_t how;
    sigset_t signals;
    int failed = posix_spawnattr_init(&how);
    if (failed != 0)
        return failed;
    sigemptyset(&signals);
    posix_spawnattr_setsigmask(&how, &signals);
    sigaddset(&signals, SIGINT);
    sigaddset(&signals, SIGQUIT);
    posix_spawnattr_setsigdefault(&how, &signals);
    posix_spawnattr_setflags(&how, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
    /* posix_spawn leaves the words as they are, says POSIX. */
    failed = posix_spawn(child, "/bin/sh", NULL, &how, (char *const *)(uintptr_t)words, environ);
    posix_spawnattr_destroy(&how);
    return failed;
}

/* As system() does: Ctrl-C is the editor's meanwhile. Gives what waitpid does, -1: it was not started. */
static int run(const char *const *words)
{
    const struct sigaction ignore = { .sa_handler = SIG_IGN };
    struct sigaction interrupt, quit;
    pid_t child;
    int status = -1;
    sigaction(SIGINT, &ignore, &interrupt);
    sigaction(SIGQUIT, &ignore, &quit);
    int failed = start(&child, words);
    while (failed == 0 && waitpid(child, &status, 0) < 0) {
        if (errno != EINTR)
            break;
    }
    sigaction(SIGINT, &interrupt, NULL);
    sigaction(SIGQUIT, &quit, NULL);
    return status;
}

void tp_editor_open(const tp_label *label, char *message, size_t room)
{
    const char *editor = find_editor();
    size_t size = strlen(editor) + sizeof " \"$@\"";
    char line[32] = "", *command = malloc(size), *path = make_path(label->file);
    int status = -1;
    if (command != NULL && path != NULL) {
        snprintf(command, size, "%s \"$@\"", editor);
        if (label->line > 0)
            snprintf(line, sizeof line, "+%lld", (long long)label->line);
        /* $EDITOR may be several words, which are the shell's to take apart. */
        const char *words[] = { "sh", "-c", command, editor, path, NULL, NULL };
        if (*line != '\0') {
            words[4] = line;
            words[5] = path;
        }
        status = run(words);
    }
    free(command);
    free(path);
    message[0] = '\0';
    if (status == -1)
        snprintf(message, room, "the editor cannot be started");
    else if (!WIFEXITED(status) || WEXITSTATUS(status) != 0)
        snprintf(message, room, "the editor ended with status %d",
                 WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status));
}

/* Gives inputs to a fuzz target without a fuzzer: files, and all files in folders.
 *
 *     replay [--truncate | --flip] PATH...
 *
 * --truncate gives every beginning of each file too, --flip the file with each byte changed: to all other
 * values where the file is small, else to those where a format is likely to break. Ends with the number
 * of inputs on stderr, behind whatever the target has to say. */
#define _XOPEN_SOURCE 700
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "bounds.h"

#define SMALL 2048

enum { WHOLE, TRUNCATE, FLIP };

static size_t inputs;

/* A copy of its own size, so that a sanitizer sees what is read behind the end. */
static void give(const uint8_t *data, size_t size)
{
    uint8_t *copy = malloc(size > 0 ? size : 1);
    if (copy == NULL)
        fuzz_fail("out of memory");
    if (size > 0)
        memcpy(copy, data, size);
    LLVMFuzzerTestOneInput(copy, size);
    free(copy);
    inputs++;
}

static void flip(uint8_t *data, size_t size)
{
    static const uint8_t likely[] = { 0x00, 0x01, 0x7F, 0x80, 0xFE, 0xFF, '0', 'N', 'r', 'i', '(', '{' };
    for (size_t i = 0; i < size; i++) {
        uint8_t was = data[i];
        size_t count = size < SMALL ? 256 : sizeof likely;
        for (size_t n = 0; n < count; n++) {
            data[i] = size < SMALL ? (uint8_t)n : likely[n];
            if (data[i] != was)
                give(data, size);
        }
        data[i] = was;
    }
}

static void give_all(uint8_t *data, size_t size, int mode)
{
    give(data, size);
    for (size_t i = 0; mode == TRUNCATE && i < size; i++)
        give(data, i);
    if (mode == FLIP)
        flip(data, size);
}

static int fail(const char *path)
{
    fprintf(stderr, "replay: %s: %s\n", path, strerror(errno));
    return 1;
}

static int replay_file(const char *path, size_t size, int mode)
{
    FILE *file = fopen(path, "rb");
    uint8_t *data = malloc(size + 1);
    int failed = file == NULL || data == NULL || fread(data, 1, size, file) != size;
    if (failed)
        fail(path);
    else
        give_all(data, size, mode);
    if (file != NULL)
        fclose(file);
    free(data);
    return failed;
}

static int replay(const char *path, int mode);

static int replay_folder(const char *path, int mode)
{
    DIR *folder = opendir(path);
    struct dirent *entry;
    int failed = folder == NULL ? fail(path) : 0;
    while (!failed && (entry = readdir(folder)) != NULL) {
        char inside[4096];
        if (entry->d_name[0] == '.')
            continue;
        if (snprintf(inside, sizeof inside, "%s/%s", path, entry->d_name) >= (int)sizeof inside)
            fuzz_fail("a path is too long");
        failed = replay(inside, mode);
    }
    if (folder != NULL)
        closedir(folder);
    return failed;
}

static int replay(const char *path, int mode)
{
    struct stat found;
    if (stat(path, &found) != 0)
        return fail(path);
    return S_ISDIR(found.st_mode) ? replay_folder(path, mode)
                                  : replay_file(path, (size_t)found.st_size, mode);
}

int main(int argc, char **argv)
{
    int mode = WHOLE, first = 1, failed = 0;
    if (argc > 1 && strcmp(argv[1], "--truncate") == 0)
        mode = TRUNCATE;
    else if (argc > 1 && strcmp(argv[1], "--flip") == 0)
        mode = FLIP;
    first += mode != WHOLE;
    if (first >= argc) {
        fputs("usage: replay [--truncate | --flip] PATH...\n", stderr);
        return 2;
    }
    for (int i = first; !failed && i < argc; i++)
        failed = replay(argv[i], mode);
    if (!failed)
        fprintf(stderr, "%zu inputs\n", inputs);
    return failed;
}

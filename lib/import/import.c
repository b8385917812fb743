/* Which kind of file it is. */
#include <traceprof/import.h>

#include <string.h>

#include "file.h"
#include "lines.h"
#include "memory.h"
#include "model.h"

#define MAX_FILE_SIZE ((size_t)UINT32_MAX)

/* Lines looked at, at most: callgrind's files have their events among the first. */
#define HEAD_LINES 64

static bool begins_with(tp_string line, const char *word)
{
    size_t size = strlen(word);
    return line.size >= size && memcmp(line.bytes, word, size) == 0;
}

static bool is_callgrind(const uint8_t *bytes, size_t size)
{
    tp_lines lines;
    tp_lines_open(&lines, bytes, size, NULL);
    for (int i = 0; i < HEAD_LINES && tp_lines_next(&lines); i++) {
        if (memchr(lines.line.bytes, '\0', lines.line.size) != NULL)
            return false;
        if (begins_with(lines.line, "# callgrind format") || begins_with(lines.line, "events:"))
            return true;
        if (begins_with(lines.line, "fn=") || begins_with(lines.line, "fl="))
            return false;
    }
    return false;
}

/* Whether the first line that is not empty ends with a blank and digits. Marshal's dictionary, whose first
 * byte is a brace, has other bytes before its first newline. */
static bool is_collapsed(const uint8_t *bytes, size_t size)
{
    tp_lines lines;
    tp_lines_open(&lines, bytes, size, NULL);
    while (tp_lines_next(&lines)) {
        tp_string line = lines.line;
        size_t at = line.size;
        if (line.size == 0)
            continue;
        for (size_t i = 0; i < line.size; i++) {
            if ((unsigned char)line.bytes[i] < 0x20 && line.bytes[i] != '\t')
                return false;
        }
        while (at > 0 && line.bytes[at - 1] >= '0' && line.bytes[at - 1] <= '9')
            at--;
        return at < line.size && at > 1 && line.bytes[at - 1] == ' ';
    }
    return false;
}

static tp_status read_text(tp_profile **out, tp_line_reader *read, const uint8_t *bytes, size_t size,
                           const tp_allocator *allocator, tp_error *error)
{
    tp_lines lines;
    tp_profile *profile;
    tp_status status = tp_profile_new(&profile, allocator);
    tp_lines_open(&lines, bytes, size, allocator);
    if (status == TP_OK) {
        status = read(profile, &lines);
        if (status == TP_OK)
            status = tp_profile_finish(profile);
        if (status == TP_OK)
            *out = profile;
        else
            tp_profile_destroy(profile);
    }
    tp_lines_close(&lines);
    if (status == TP_OK || error == NULL)
        return status;
    if (lines.error.status == status)
        *error = lines.error;
    else
        *error = (tp_error){ .status = status, .message = tp_status_message(status) };
    return status;
}

tp_status tp_import_decode(tp_profile **profile, const uint8_t *bytes, size_t size,
                           const tp_read_options *options, tp_error *error)
{
    const tp_allocator *allocator = options != NULL ? options->allocator : NULL;
    tp_line_reader *read = is_callgrind(bytes, size)   ? tp_read_callgrind
                           : is_collapsed(bytes, size) ? tp_read_collapsed
                                                       : NULL;
    if (read == NULL || size > MAX_FILE_SIZE)
        return tp_pstats_decode(profile, bytes, size, options, error);
    return read_text(profile, read, bytes, size, allocator, error);
}

tp_status tp_import_read_file(tp_profile **profile, const char *path, const tp_read_options *options,
                              tp_error *error)
{
    const tp_allocator *allocator = options != NULL ? options->allocator : NULL;
    uint8_t *bytes;
    size_t size;
    tp_status status = tp_file_read(&bytes, &size, path, MAX_FILE_SIZE, allocator, error);
    if (status != TP_OK)
        return status;
    status = tp_import_decode(profile, bytes, size, options, error);
    tp_free(allocator, bytes);
    return status;
}

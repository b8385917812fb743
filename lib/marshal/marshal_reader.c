#include "marshal_reader.h"

#include <assert.h>

#include "codes.h"
#include "load.h"
#include "memory.h"
#include "scalar_reader.h"

/* As CPython's; a profile nests four deep. */
#define MAX_DEPTH 2000

/* How many times its size a file may be read again for references into it. A small file could else keep
 * the reader busy for ever; what writers refer to is a few bytes, or noted and not read again. */
#define MAX_REREAD 16

void tp_marshal_open(tp_marshal_reader *reader, const uint8_t *bytes, size_t size,
                     const tp_allocator *allocator)
{
    *reader = (tp_marshal_reader){ .allocator = allocator, .bytes = bytes, .size = size };
}

void tp_marshal_close(tp_marshal_reader *reader)
{
    tp_free(reader->allocator, reader->references);
    tp_free(reader->allocator, reader->open);
    tp_free(reader->allocator, reader->scratch);
    tp_marshal_open(reader, NULL, 0, reader->allocator);
}

void tp_marshal_next_object(tp_marshal_reader *reader)
{
    reader->reference_count = 0;
}

tp_status tp_marshal_fail(tp_marshal_reader *reader, tp_status status, uint64_t offset,
                          const char *message)
{
    if (reader->error.status == TP_OK)
        reader->error = (tp_error){ .status = status, .offset = offset, .message = message };
    return reader->error.status;
}

static tp_status fail_at(tp_marshal_reader *reader, const tp_item *item, const char *message)
{
    return tp_marshal_fail(reader, TP_EFORMAT, item->offset, message);
}

static tp_status out_of_memory(tp_marshal_reader *reader)
{
    return tp_marshal_fail(reader, TP_ENOMEM, reader->position, "out of memory");
}

/* A place among the references, taken before the contents are read: indices count in pre-order. */
static tp_status add_reference(tp_marshal_reader *reader, tp_item *item)
{
    void *array = reader->references;
    tp_status status = tp_reserve(reader->allocator, &array, &reader->reference_capacity,
                                  reader->reference_count + 1, sizeof *reader->references);
    if (status != TP_OK)
        return out_of_memory(reader);
    reader->references = array;
    item->reference = (uint32_t)reader->reference_count++;
    reader->references[item->reference] =
        (tp_reference){ .offset = (uint32_t)item->offset, .note = TP_NOTE_NONE };
    return TP_OK;
}

static tp_status push(tp_marshal_reader *reader, const tp_item *item, uint64_t return_to)
{
    if (reader->depth >= MAX_DEPTH)
        return tp_marshal_fail(reader, TP_ELIMIT, item->offset, "objects nest too deep");
    void *array = reader->open;
    tp_status status = tp_reserve(reader->allocator, &array, &reader->depth_capacity,
                                  reader->depth + 1, sizeof *reader->open);
    if (status != TP_OK)
        return out_of_memory(reader);
    reader->open = array;
    bool is_dict = item->kind == TP_ITEM_DICT;
    reader->open[reader->depth++] = (tp_open_container){ .return_to = return_to,
                                                         .left = is_dict ? 0 : item->count,
                                                         .reference = item->reference,
                                                         .is_dict = is_dict,
                                                         .is_code = item->kind == TP_ITEM_CODE };
    return TP_OK;
}

static void pop(tp_marshal_reader *reader)
{
    tp_open_container *closed = &reader->open[--reader->depth];
    if (closed->return_to != 0) {
        reader->position = closed->return_to;
        reader->replays--;
    } else if (closed->reference != TP_NO_REFERENCE) {
        reader->references[closed->reference].note = TP_NOTE_NONE;
    }
}

/* The number that stands between a code object's items. If it is not there, nor are those behind it. */
static void pass_line(tp_marshal_reader *reader)
{
    size_t left = reader->size - reader->position;
    reader->position += left < TP_CODE_LINE_SIZE ? left : TP_CODE_LINE_SIZE;
}

/* An item is complete: so may be the containers that it was the last of. */
static void complete(tp_marshal_reader *reader)
{
    while (reader->depth > 0) {
        tp_open_container *parent = &reader->open[reader->depth - 1];
        if (parent->is_dict) {
            parent->left ^= 1;
            return;
        }
        bool was_referred = parent->return_to != 0;
        parent->left--;
        if (parent->is_code && parent->left == TP_CODE_ITEMS_BEHIND_LINE)
            pass_line(reader);
        if (parent->left > 0)
            return;
        pop(reader);
        /* Whoever referred to it was complete when the reference was read. */
        if (was_referred)
            return;
    }
}

/* What a null may be: the end of a dictionary whose next key is due. */
static tp_status end_dict(tp_marshal_reader *reader, const tp_item *item)
{
    tp_open_container *parent = reader->depth > 0 ? &reader->open[reader->depth - 1] : NULL;
    if (parent == NULL)
        return fail_at(reader, item, "a null stands for an object");
    if (!parent->is_dict)
        return fail_at(reader, item, "a null stands where an item should");
    if (parent->left != 0)
        return fail_at(reader, item, "a dictionary ends after a key");
    bool was_referred = parent->return_to != 0;
    pop(reader);
    if (!was_referred)
        complete(reader);
    return TP_OK;
}

/* Counts bytes that are not read for the first time. */
static tp_status count_reread(tp_marshal_reader *reader, const tp_item *item, size_t bytes)
{
    reader->reread += bytes;
    if (reader->reread / MAX_REREAD <= reader->size)
        return TP_OK;
    return tp_marshal_fail(reader, TP_ELIMIT, item->offset,
                           "references stand for far more than the file's size");
}

/* The object that a reference leads to. */
static tp_status follow(tp_marshal_reader *reader, tp_item *item)
{
    uint32_t index = item->count;
    if (index >= reader->reference_count ||
        reader->references[index].note == TP_NOTE_UNFINISHED)
        return fail_at(reader, item, "a reference leads nowhere, or to an object not yet finished");
    if (reader->references[index].note != TP_NOTE_NONE) {
        item->kind = TP_ITEM_KNOWN;
        item->count = reader->references[index].note;
        return TP_OK;
    }
    size_t position = reader->position;
    uint64_t offset = item->offset;
    reader->position = reader->references[index].offset;
    tp_status status = tp_scalar_read(reader, item);
    assert(status == TP_OK); /* It was, when it was read first. */
    (void)status;
    size_t bytes = reader->position - reader->references[index].offset;
    reader->position = position;
    item->offset = offset;
    item->reference = index;
    item->referred = true;
    return count_reread(reader, item, bytes);
}

/* CPython gives no index to its singletons, flagged or not. */
static bool can_be_referred_to(uint8_t byte)
{
    switch (byte & (uint8_t)~TP_FLAG_REF) {
    case TP_CODE_NONE:
    case TP_CODE_TRUE:
    case TP_CODE_FALSE:
    case TP_CODE_ELLIPSIS:
    case TP_CODE_STOP_ITERATION:
        return false;
    default:
        return (byte & TP_FLAG_REF) != 0;
    }
}

/* An object in its place, of which the code and what follows directly have just been read. */
static tp_status begin(tp_marshal_reader *reader, tp_item *item, uint8_t byte)
{
    if (item->kind == TP_ITEM_NULL)
        return end_dict(reader, item);
    if (can_be_referred_to(byte) && reader->replays == 0 && add_reference(reader, item) != TP_OK)
        return reader->error.status;
    if (item->kind < TP_ITEM_TUPLE || (item->kind != TP_ITEM_DICT && item->count == 0)) {
        complete(reader);
        return TP_OK;
    }
    if (item->reference != TP_NO_REFERENCE)
        reader->references[item->reference].note = TP_NOTE_UNFINISHED;
    return push(reader, item, 0);
}

/* Plain numbers in tuples are most of a file: they are read without what only other items need. False,
 * with nothing done, if the next item is none. */
static bool read_plain_number(tp_marshal_reader *reader, tp_item *item)
{
    size_t at = reader->position;
    if (reader->size - at < 9 || reader->depth == 0)
        return false;
    tp_open_container *parent = &reader->open[reader->depth - 1];
    const uint8_t *bytes = reader->bytes + at;
    if (parent->is_dict || parent->is_code || reader->replays > 0)
        return false;
    if (*bytes == TP_CODE_INT) {
        item->kind = TP_ITEM_INT;
        item->as.integer = (int32_t)tp_load_u32(bytes + 1);
        reader->position = at + 5;
    } else if (*bytes == TP_CODE_BINARY_FLOAT) {
        item->kind = TP_ITEM_REAL;
        item->as.real = tp_load_f64(bytes + 1);
        reader->position = at + 9;
    } else {
        return false;
    }
    item->reference = TP_NO_REFERENCE;
    item->referred = false;
    item->offset = at;
    if (parent->left > 1)
        parent->left--;
    else
        complete(reader);
    return true;
}

tp_status tp_marshal_read(tp_marshal_reader *reader, tp_item *item)
{
    if (reader->error.status != TP_OK)
        return reader->error.status;
    if (read_plain_number(reader, item))
        return TP_OK;
    size_t position = reader->position;
    tp_status status = tp_scalar_read(reader, item);
    if (status != TP_OK)
        return status;
    if (reader->replays > 0)
        status = count_reread(reader, item, reader->position - position);
    if (status != TP_OK)
        return status;
    if (item->referred) {
        status = follow(reader, item);
        if (status == TP_OK)
            complete(reader);
        return status;
    }
    return begin(reader, item, reader->bytes[position]);
}

tp_status tp_marshal_enter(tp_marshal_reader *reader, const tp_item *item)
{
    assert(item->kind >= TP_ITEM_TUPLE);
    if (!item->referred || (item->kind != TP_ITEM_DICT && item->count == 0))
        return TP_OK;
    tp_status status = push(reader, item, reader->position);
    if (status != TP_OK)
        return status;
    reader->replays++;
    reader->position = (size_t)item->as.contents;
    return TP_OK;
}

tp_status tp_marshal_skip(tp_marshal_reader *reader, const tp_item *item)
{
    bool has_items = item->kind == TP_ITEM_DICT || (item->kind >= TP_ITEM_TUPLE && item->count > 0);
    if (!has_items || item->referred)
        return TP_OK;
    for (size_t depth = reader->depth; reader->depth >= depth;) {
        tp_item passed;
        tp_status status = tp_marshal_read(reader, &passed);
        if (status != TP_OK)
            return status;
    }
    return TP_OK;
}

void tp_marshal_note(tp_marshal_reader *reader, const tp_item *item, uint32_t note)
{
    assert(note < TP_NOTE_UNFINISHED);
    if (item->reference != TP_NO_REFERENCE)
        reader->references[item->reference].note = note;
}

/* Text in one byte a character: Latin-1, which for Python is what "ASCII" codes hold. */
static tp_status latin1_to_utf8(tp_marshal_reader *reader, const tp_item *item, tp_string *text)
{
    void *scratch = reader->scratch;
    if (tp_reserve(reader->allocator, &scratch, &reader->scratch_capacity,
                   2 * (size_t)item->count + 1, 1) != TP_OK)
        return out_of_memory(reader);
    reader->scratch = scratch;
    char *to = reader->scratch;
    for (uint32_t i = 0; i < item->count; i++) {
        uint8_t byte = item->as.bytes[i];
        if (byte < 0x80) {
            *to++ = (char)byte;
        } else {
            *to++ = (char)(0xC0 | byte >> 6);
            *to++ = (char)(0x80 | (byte & 0x3F));
        }
    }
    *text = (tp_string){ reader->scratch, (size_t)(to - reader->scratch) };
    return TP_OK;
}

tp_status tp_marshal_get_text(tp_marshal_reader *reader, const tp_item *item, tp_string *text)
{
    if (item->latin1)
        return latin1_to_utf8(reader, item, text);
    *text = (tp_string){ (const char *)item->as.bytes, item->count };
    return TP_OK;
}

#include "parts.h"

#include <string.h>

tp_status tp_bad_item(tp_marshal_reader *reader, const tp_item *item, const char *message)
{
    return tp_marshal_fail(reader, TP_EFORMAT, item->offset, message);
}

tp_status tp_load_failed(tp_marshal_reader *reader, tp_status status)
{
    return tp_marshal_fail(reader, status, reader->position, tp_status_message(status));
}

tp_status tp_next_key(tp_marshal_reader *reader, tp_item *key, bool *at_end)
{
    tp_status status = tp_marshal_read(reader, key);
    *at_end = status == TP_OK && key->kind == TP_ITEM_NULL;
    return status == TP_OK ? tp_marshal_skip(reader, key) : status;
}

bool tp_is_key(const tp_item *key, const char *name)
{
    size_t size = strlen(name);
    return key->kind == TP_ITEM_TEXT && key->count == size &&
           memcmp(key->as.bytes, name, size) == 0;
}

tp_status tp_read_parts(tp_marshal_reader *reader, const tp_part *parts, size_t count)
{
    tp_item key, value;
    bool at_end = false;
    for (size_t i = 0; i < count; i++)
        *parts[i].item = (tp_item){ .kind = TP_ITEM_NULL };
    for (;;) {
        tp_status status = tp_next_key(reader, &key, &at_end);
        if (status != TP_OK || at_end)
            return status;
        status = tp_marshal_read(reader, &value);
        if (status == TP_OK)
            status = tp_marshal_skip(reader, &value);
        if (status != TP_OK)
            return status;
        for (size_t i = 0; i < count; i++) {
            if (tp_is_key(&key, parts[i].name))
                *parts[i].item = value;
        }
    }
}

bool tp_is_column(const tp_item *item, uint32_t width, uint32_t count)
{
    return item->kind == TP_ITEM_BYTES && (uint64_t)item->count == (uint64_t)width * count;
}

#include "label_set.h"

#include <string.h>

/* Without padding, so that its bytes can be compared. */
typedef struct triple {
    int64_t line;
    uint32_t file;
    uint32_t name;
} triple;

void tp_label_set_init(tp_label_set *set, const tp_allocator *allocator)
{
    tp_intern_init(&set->strings, allocator);
    tp_intern_init(&set->triples, allocator);
}

void tp_label_set_free(tp_label_set *set)
{
    tp_intern_free(&set->strings);
    tp_intern_free(&set->triples);
}

tp_status tp_label_set_put(tp_label_set *set, uint32_t *number, const tp_label *label)
{
    triple packed = { .line = label->line };
    tp_status status =
        tp_intern_put(&set->strings, &packed.file, label->file.bytes, label->file.size);
    if (status == TP_OK)
        status = tp_intern_put(&set->strings, &packed.name, label->name.bytes, label->name.size);
    if (status == TP_OK)
        status = tp_intern_put(&set->triples, number, (const char *)&packed, sizeof packed);
    return status;
}

uint32_t tp_label_set_find(const tp_label_set *set, const tp_label *label)
{
    triple packed = { .line = label->line };
    packed.file = tp_intern_find(&set->strings, label->file.bytes, label->file.size);
    packed.name = tp_intern_find(&set->strings, label->name.bytes, label->name.size);
    return tp_intern_find(&set->triples, (const char *)&packed, sizeof packed);
}

tp_label tp_label_set_get(const tp_label_set *set, uint32_t number)
{
    triple packed;
    memcpy(&packed, set->triples.texts[number].bytes, sizeof packed);
    tp_text file = set->strings.texts[packed.file];
    tp_text name = set->strings.texts[packed.name];
    return (tp_label){ .file = { file.bytes, file.size },
                       .name = { name.bytes, name.size },
                       .line = packed.line };
}

/* Pyroscope: https://grafana.com/docs/pyroscope/latest/reference-server-api, the Push of push.v1, in JSON,
 * in which bytes are base64. Parca: WriteRaw of its proto/parca/profilestore/v1alpha1/profilestore.proto,
 * sent as its own pages talk to it. */
#include "push_request.h"

#include <string.h>

#include "characters.h"
#include "push_grpc.h"
#include "text.h"

static int is_word(char c, int is_first)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' ||
           (!is_first && c >= '0' && c <= '9');
}

const char *tp_push_bad_key(tp_string key)
{
    int is_good = key.size > 0;
    for (size_t i = 0; i < key.size; i++)
        is_good &= is_word(key.bytes[i], i == 0);
    if (!is_good)
        return "a label's key is letters, digits and _, no digit first:";
    if (key.size >= 2 && memcmp(key.bytes, "__", 2) == 0)
        return "labels that begin with __ are the server's own:";
    if (key.size == strlen(TP_PUSH_NAME) && memcmp(key.bytes, TP_PUSH_NAME, key.size) == 0)
        return "that label is set by --name:";
    return NULL;
}

const char *tp_push_bad_value(tp_string value)
{
    uint32_t code;
    for (size_t i = 0; i < value.size;) {
        i += tp_character_next(&code, value.bytes + i, value.size - i);
        if (code < 0x20 || (code >= 0x7F && code < 0xA0) || (code >= 0xD800 && code <= 0xDFFF) ||
            code > 0x10FFFF)
            return "no text that a server takes:";
    }
    return value.size > 0 ? NULL : "an empty text is none to a server:";
}

/* The part of `text` before the first `stop`. */
static tp_string up_to(tp_string text, char stop)
{
    const char *at = memchr(text.bytes, stop, text.size);
    return at != NULL ? (tp_string){ text.bytes, (size_t)(at - text.bytes) } : text;
}

static tp_string without_suffix(tp_string name, const char *suffix)
{
    size_t size = strlen(suffix);
    if (name.size > size && memcmp(name.bytes + name.size - size, suffix, size) == 0)
        name.size -= size;
    return name;
}

/* Commands are quoted as for a shell: "'-m jobs.worker' --all", "'my app.py' x". */
tp_string tp_push_name(const tp_profile *profile)
{
    const tp_property *command = tp_profile_property(profile, "command");
    const tp_string none = { "", 0 };
    if (command == NULL || command->kind != TP_TEXT || command->text.size == 0)
        return none;
    tp_string word = command->text;
    if (word.bytes[0] == '\'')
        word = up_to((tp_string){ word.bytes + 1, word.size - 1 }, '\'');
    else if (word.size < 3 || memcmp(word.bytes, "-m ", 3) != 0)
        word = up_to(word, ' ');
    if (word.size > 3 && memcmp(word.bytes, "-m ", 3) == 0)
        return up_to((tp_string){ word.bytes + 3, word.size - 3 }, ' ');
    if (word.size == 0 || word.bytes[0] == '-')
        return none;
    for (size_t i = word.size; i-- > 0;) {
        if (word.bytes[i] == '/') {
            word = (tp_string){ word.bytes + i + 1, word.size - i - 1 };
            break;
        }
    }
    return without_suffix(word, ".py");
}

const char *tp_push_path(tp_push_server server)
{
    return server == TP_SERVER_PARCA ? "/api/parca.profilestore.v1alpha1.ProfileStoreService/WriteRaw"
                                     : "/push.v1.PusherService/Push";
}

const char *tp_push_type(tp_push_server server)
{
    return server == TP_SERVER_PARCA ? TP_GRPC_TYPE : "application/json";
}

static void put_base64(FILE *out, const uint8_t *bytes, size_t size)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    for (size_t i = 0; i < size; i += 3) {
        size_t left = size - i;
        uint32_t three = (uint32_t)bytes[i] << 16 | (left > 1 ? (uint32_t)bytes[i + 1] << 8 : 0) |
                         (left > 2 ? bytes[i + 2] : 0);
        char four[4] = { digits[three >> 18], digits[three >> 12 & 63],
                         left > 1 ? digits[three >> 6 & 63] : '=', left > 2 ? digits[three & 63] : '=' };
        fwrite(four, 1, sizeof four, out);
    }
}

static uint64_t hash(uint64_t sum, const void *bytes, size_t size)
{
    const uint8_t *at = bytes;
    for (size_t i = 0; i < size; i++)
        sum = (sum ^ at[i]) * 0x100000001B3u;
    return sum;
}

/* A UUID of what is sent (version 8, RFC 9562), so that a repetition is known as one. */
static void put_id(FILE *out, const tp_push_label *labels, size_t count, const uint8_t *pprof, size_t size)
{
    uint64_t halves[2] = { 0xCBF29CE484222325u, 0x84222325CBF29CE4u };
    for (int h = 0; h < 2; h++) {
        for (size_t i = 0; i < count; i++) {
            halves[h] = hash(halves[h], labels[i].key.bytes, labels[i].key.size);
            halves[h] = hash(halves[h], "=", 1);
            halves[h] = hash(halves[h], labels[i].value.bytes, labels[i].value.size);
            halves[h] = hash(halves[h], "", 1);
        }
        halves[h] = hash(halves[h], pprof, size);
    }
    fprintf(out, "%08x-%04x-8%03x-%04x-%012llx", (unsigned)(halves[0] >> 32),
            (unsigned)(halves[0] >> 16 & 0xFFFF), (unsigned)(halves[0] & 0xFFF),
            (unsigned)(halves[1] >> 48 & 0x3FFF) | 0x8000, (unsigned long long)(halves[1] & 0xFFFFFFFFFFFF));
}

static void put_label(FILE *out, tp_string key, tp_string value)
{
    fputs("{\"name\":", out);
    tp_put_string(out, key, TP_JSON);
    fputs(",\"value\":", out);
    tp_put_string(out, value, TP_JSON);
    putc('}', out);
}

static void put_for_pyroscope(FILE *out, const tp_push_label *labels, size_t count, const uint8_t *pprof,
                              size_t size)
{
    fputs("{\"series\":[{\"labels\":[", out);
    for (size_t i = 0; i < count; i++) {
        if (i > 0)
            putc(',', out);
        put_label(out, labels[i].key, labels[i].value);
    }
    fputs("],\"samples\":[{\"ID\":\"", out);
    put_id(out, labels, count, pprof, size);
    fputs("\",\"rawProfile\":\"", out);
    put_base64(out, pprof, size);
    fputs("\"}]}]}", out);
}

/* Fields of WriteRawRequest and of the messages in it. */
enum {
    REQUEST_SERIES = 2,
    SERIES_LABELS = 1,
    SERIES_SAMPLES = 2,
    SET_LABELS = 1,
    LABEL_NAME = 1,
    LABEL_VALUE = 2,
    SAMPLE_RAW_PROFILE = 1
};

static size_t label_size(const tp_push_label *label)
{
    return tp_grpc_field_size(label->key.size) + tp_grpc_field_size(label->value.size);
}

static void put_for_parca(FILE *out, const tp_push_label *labels, size_t count, const uint8_t *pprof,
                          size_t size)
{
    size_t set = 0, sample = tp_grpc_field_size(size);
    for (size_t i = 0; i < count; i++)
        set += tp_grpc_field_size(label_size(&labels[i]));
    size_t series = tp_grpc_field_size(set) + tp_grpc_field_size(sample);
    tp_grpc_put_frame(out, (uint32_t)tp_grpc_field_size(series));
    tp_grpc_put_field(out, REQUEST_SERIES, series);
    tp_grpc_put_field(out, SERIES_LABELS, set);
    for (size_t i = 0; i < count; i++) {
        tp_grpc_put_field(out, SET_LABELS, label_size(&labels[i]));
        tp_grpc_put_field(out, LABEL_NAME, labels[i].key.size);
        fwrite(labels[i].key.bytes, 1, labels[i].key.size, out);
        tp_grpc_put_field(out, LABEL_VALUE, labels[i].value.size);
        fwrite(labels[i].value.bytes, 1, labels[i].value.size, out);
    }
    tp_grpc_put_field(out, SERIES_SAMPLES, sample);
    tp_grpc_put_field(out, SAMPLE_RAW_PROFILE, size);
    fwrite(pprof, 1, size, out);
}

int tp_push_body(tp_collector *body, tp_push_server server, const tp_push_label *labels, size_t count,
                 const uint8_t *pprof, size_t size)
{
    if (tp_collector_open(body) != 0)
        return -1;
    if (server == TP_SERVER_PARCA)
        put_for_parca(body->stream, labels, count, pprof, size);
    else
        put_for_pyroscope(body->stream, labels, count, pprof, size);
    return tp_collector_close(body);
}

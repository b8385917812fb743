/* The reader against bytes of all kinds, the hostile ones too. */
#include <stdlib.h>

#include "marshal_reader.h"
#include "support.h"

#define ZERO8 "\0\0\0\0\0\0\0\0"

static tp_status read_bytes(tp_marshal_reader *reader, tp_item *item, const char *bytes,
                            size_t size)
{
    tp_marshal_open(reader, (const uint8_t *)bytes, size, NULL);
    return tp_marshal_read(reader, item);
}

#define READ(reader, item, bytes) read_bytes(reader, item, bytes, sizeof(bytes) - 1)

static void assert_integer(const char *bytes, size_t size, int64_t expected)
{
    tp_marshal_reader reader;
    tp_item item;
    ck_assert_int_eq(read_bytes(&reader, &item, bytes, size), TP_OK);
    ck_assert_int_eq(item.kind, TP_ITEM_INT);
    ck_assert_int_eq(item.as.integer, expected);
    tp_marshal_close(&reader);
}

#define ASSERT_INTEGER(bytes, expected) assert_integer(bytes, sizeof(bytes) - 1, expected)

START_TEST(integers_of_all_codes)
{
    ASSERT_INTEGER("i\xff\xff\xff\xff", -1);
    ASSERT_INTEGER("\xe9\x05\0\0\0", 5);
    ASSERT_INTEGER("I\0\0\0\0\x01\0\0\0", INT64_C(1) << 32);
    ASSERT_INTEGER("l\x03\0\0\0\0\0\0\0\x02\0", INT64_C(1) << 31);
    ASSERT_INTEGER("l\xfd\xff\xff\xff\x01\0\0\0\x02\0", -(INT64_C(1) << 31) - 1);
    ASSERT_INTEGER("l\0\0\0\0", 0);
}
END_TEST

START_TEST(numbers_of_all_codes)
{
    tp_marshal_reader reader;
    tp_item item;
    ck_assert_int_eq(READ(&reader, &item, "f\x04" "1e-2"), TP_OK);
    ck_assert_double_eq(item.as.real, 0.01);
    tp_marshal_close(&reader);
    ck_assert_int_eq(READ(&reader, &item, "g\0\0\0\0\0\0\xf0\x3f"), TP_OK);
    ck_assert_double_eq(item.as.real, 1);
    tp_marshal_close(&reader);
    ck_assert_int_eq(READ(&reader, &item, "x\x01" "1\x01" "2"), TP_OK);
    ck_assert_int_eq(item.kind, TP_ITEM_OTHER);
    tp_marshal_close(&reader);
    ck_assert_int_eq(READ(&reader, &item, "y\0\0\0\0\0\0\xf0\x3f\0\0\0\0\0\0\xf0\x3f"), TP_OK);
    tp_marshal_close(&reader);
    ck_assert_int_eq(READ(&reader, &item, "T"), TP_OK);
    ck_assert_int_eq(item.as.integer, 1);
    ck_assert_int_eq(READ(&reader, &item, "F"), TP_OK);
    ck_assert_int_eq(item.as.integer, 0);
    ck_assert_int_eq(READ(&reader, &item, "N"), TP_OK);
    ck_assert_int_eq(item.kind, TP_ITEM_NONE);
    ck_assert_int_eq(READ(&reader, &item, "."), TP_OK);
    ck_assert_int_eq(READ(&reader, &item, "S"), TP_OK);
    ck_assert_int_eq(item.kind, TP_ITEM_OTHER);
}
END_TEST

static void assert_text(const char *bytes, size_t size, const char *expected)
{
    tp_marshal_reader reader;
    tp_item item;
    tp_string text;
    ck_assert_int_eq(read_bytes(&reader, &item, bytes, size), TP_OK);
    ck_assert_int_eq(item.kind, TP_ITEM_TEXT);
    ck_assert_int_eq(tp_marshal_get_text(&reader, &item, &text), TP_OK);
    ck_assert_uint_eq(text.size, strlen(expected));
    ck_assert_mem_eq(text.bytes, expected, text.size);
    tp_marshal_close(&reader);
}

#define ASSERT_TEXT(bytes, expected) assert_text(bytes, sizeof(bytes) - 1, expected)

START_TEST(texts_of_all_codes)
{
    ASSERT_TEXT("z\x02" "ab", "ab");
    ASSERT_TEXT("Z\x02" "ab", "ab");
    ASSERT_TEXT("\xfa\x02" "ab", "ab");
    ASSERT_TEXT("a\x02\0\0\0ab", "ab");
    ASSERT_TEXT("A\x02\0\0\0ab", "ab");
    ASSERT_TEXT("u\x02\0\0\0\xc3\xa9", "\xc3\xa9");
    ASSERT_TEXT("t\x02\0\0\0\xc3\xa9", "\xc3\xa9");
    ASSERT_TEXT("z\x02\xe9\xff", "\xc3\xa9\xc3\xbf"); /* Latin-1 */
    ASSERT_TEXT("z\0", "");
}
END_TEST

/* Reads items until the input ends, and writes a letter for each: N, i, t, ( ) { } and so on. */
static const char *outline(const char *bytes, size_t size, char *text)
{
    static const char signs[] = {
        [TP_ITEM_NULL] = '0', [TP_ITEM_NONE] = 'N',  [TP_ITEM_BOOL] = 'b',  [TP_ITEM_INT] = 'i',
        [TP_ITEM_REAL] = 'f', [TP_ITEM_TEXT] = 't', [TP_ITEM_KNOWN] = 'k',  [TP_ITEM_BYTES] = 's', [TP_ITEM_OTHER] = '.',
        [TP_ITEM_TUPLE] = '(', [TP_ITEM_LIST] = '[', [TP_ITEM_SET] = '<',   [TP_ITEM_SLICE] = ':',
        [TP_ITEM_CODE] = 'c', [TP_ITEM_DICT] = '{',
    };
    tp_marshal_reader reader;
    tp_item item;
    char *at = text;
    tp_marshal_open(&reader, (const uint8_t *)bytes, size, NULL);
    while ((reader.position < size || reader.depth > 0) && tp_marshal_read(&reader, &item) == TP_OK) {
        *at++ = signs[item.kind];
        if (item.referred)
            *at++ = 'r';
    }
    if (reader.error.status == TP_OK)
        ck_assert_uint_eq(reader.depth, 0);
    else
        *at++ = '!';
    *at = '\0';
    tp_marshal_close(&reader);
    return text;
}

#define ASSERT_OUTLINE(bytes, expected)                                             \
    do {                                                                            \
        char text[64];                                                              \
        ck_assert_str_eq(outline(bytes, sizeof(bytes) - 1, text), expected);        \
    } while (0)

START_TEST(containers_of_all_codes)
{
    ASSERT_OUTLINE("(\x01\0\0\0N", "(N");
    ASSERT_OUTLINE(")\0", "(");
    ASSERT_OUTLINE("[\x02\0\0\0NT", "[Nb");
    ASSERT_OUTLINE("<\x01\0\0\0.", "<.");
    ASSERT_OUTLINE(">\0\0\0\0", "<");
    ASSERT_OUTLINE(":NNN", ":NNN");
    ASSERT_OUTLINE("{z\x01" "ki\x03\0\0\0N{00", "{tiN{00");
    ASSERT_OUTLINE("}NN0", "{NN0");
    ASSERT_OUTLINE(")\x02)\x01)\x01N{)\0N0", "(((N{(N0");
}
END_TEST

START_TEST(references_count_in_preorder)
{
    /* (0: tuple of (1: "a"), ref 1, (2: 7), ref 2) */
    ASSERT_OUTLINE("\xa9\x04\xfa\x01" "ar\x01\0\0\0\xe9\x07\0\0\0r\x02\0\0\0", "(ttriir");
    /* Singletons have no index, whatever their flag says: 0 is the text. */
    ASSERT_OUTLINE(")\x03\xce\xfa\x01" "ar\0\0\0\0", "(Nttr");
    ASSERT_OUTLINE(")\x02\xcer\0\0\0\0", "(N!");
    /* A tuple that is complete, and one that is not. */
    ASSERT_OUTLINE(")\x02\xa9\x01Nr\0\0\0\0", "((N(r");
    ASSERT_OUTLINE("\xa9\x01r\0\0\0\0", "(!");
    ASSERT_OUTLINE("\xfb" "0r\0\0\0\0", "{0{r");
}
END_TEST

START_TEST(referred_containers_are_read_again)
{
    /* [ {"a": (1,)} as 0, ref 0, None ] */
    const char bytes[] = "[\x03\0\0\0\xfb\xfa\x01" "a\xa9\x01i\x01\0\0\0" "0r\0\0\0\0N";
    tp_marshal_reader reader;
    tp_item item;
    ck_assert_int_eq(READ(&reader, &item, bytes), TP_OK);
    ck_assert_int_eq(tp_marshal_read(&reader, &item), TP_OK);
    ck_assert_int_eq(tp_marshal_skip(&reader, &item), TP_OK);
    ck_assert_int_eq(tp_marshal_read(&reader, &item), TP_OK);
    ck_assert(item.referred);
    ck_assert_int_eq(tp_marshal_enter(&reader, &item), TP_OK);
    const tp_item_kind expected[] = { TP_ITEM_TEXT, TP_ITEM_TUPLE, TP_ITEM_INT, TP_ITEM_NULL,
                                      TP_ITEM_NONE };
    for (size_t i = 0; i < sizeof expected / sizeof *expected; i++) {
        ck_assert_int_eq(tp_marshal_read(&reader, &item), TP_OK);
        ck_assert_int_eq(item.kind, expected[i]);
        ck_assert_uint_eq(item.reference, TP_NO_REFERENCE);
    }
    ck_assert_uint_eq(reader.reference_count, 3);
    ck_assert_uint_eq(reader.position, sizeof bytes - 1);
    ck_assert_uint_eq(reader.depth, 0);
    tp_marshal_close(&reader);
}
END_TEST

START_TEST(noted_objects_are_known)
{
    const char bytes[] = "(\x03\0\0\0\xfa\x01" "ar\0\0\0\0N";
    tp_marshal_reader reader;
    tp_item item;
    ck_assert_int_eq(READ(&reader, &item, bytes), TP_OK);
    ck_assert_int_eq(tp_marshal_read(&reader, &item), TP_OK);
    tp_marshal_note(&reader, &item, 17);
    ck_assert_int_eq(tp_marshal_read(&reader, &item), TP_OK);
    ck_assert_int_eq(item.kind, TP_ITEM_KNOWN);
    ck_assert_uint_eq(item.count, 17);
    ck_assert_int_eq(tp_marshal_skip(&reader, &item), TP_OK);
    ck_assert_int_eq(tp_marshal_read(&reader, &item), TP_OK);
    ck_assert_int_eq(item.kind, TP_ITEM_NONE);
    tp_marshal_note(&reader, &item, 18); /* Nothing can refer to it. */
    tp_marshal_close(&reader);
}
END_TEST

START_TEST(code_objects_are_passed_over)
{
    /* (code, None): five numbers, eight objects, the line, two objects. */
#define CODE "c" ZERO8 ZERO8 "\0\0\0\0" "s\0\0\0\0)\0)\0)\0s\0\0\0\0z\x01" "fz\x01" "nz\x01" "q"
    ASSERT_OUTLINE(")\x02" CODE "\x07\0\0\0s\0\0\0\0s\0\0\0\0N", "(cs(((stttssN");
    ASSERT_OUTLINE(")\x02" CODE "\x07", "(cs(((sttt!");
}
END_TEST

static void assert_refused(const char *bytes, size_t size, tp_status status, uint64_t offset,
                           const char *message)
{
    tp_profile *profile = NULL;
    tp_error error = { .status = TP_OK };
    ck_assert_int_eq(tp_pstats_decode(&profile, (const uint8_t *)bytes, size, NULL, &error), status);
    ck_assert_ptr_null(profile);
    ck_assert_str_eq(error.message, message);
    ck_assert_uint_eq(error.offset, offset);
    ck_assert_int_eq(error.status, status);
}

#define ASSERT_REFUSED(bytes, offset, message) \
    assert_refused(bytes, sizeof(bytes) - 1, TP_EFORMAT, offset, message)

#define LABEL ")\x03z\x01" "fi\x01\0\0\0z\x01" "n"
#define ROW ")\x05i\x01\0\0\0i\x01\0\0\0g\0\0\0\0\0\0\0\0g\0\0\0\0\0\0\0\0"
#define EDGE ")\x04i\x01\0\0\0i\x01\0\0\0g\0\0\0\0\0\0\0\0i\0\0\0\0"

#define ASSERT_BROKEN(bytes, offset, message) ASSERT_REFUSED("{" bytes, offset + 1, message)

START_TEST(broken_objects_are_refused)
{
    ASSERT_REFUSED("", 0, "the file is empty");
    ASSERT_REFUSED("{", 1, "the file ends in the middle of an object");
    ASSERT_BROKEN("i\x01", 1, "the file ends in the middle of an object");
    ASSERT_BROKEN("I\x01", 1, "the file ends in the middle of an object");
    ASSERT_BROKEN("l", 1, "the file ends in the middle of an object");
    ASSERT_BROKEN("l\x01\0\0\0", 5, "the file ends in the middle of an object");
    ASSERT_BROKEN("g\x01", 1, "the file ends in the middle of an object");
    ASSERT_BROKEN("y\0\0\0\0\0\0\xf0\x3f", 9, "the file ends in the middle of an object");
    ASSERT_BROKEN("z", 1, "the file ends in the middle of an object");
    ASSERT_BROKEN("r\x01", 1, "the file ends in the middle of an object");
    ASSERT_BROKEN("a\x01", 1, "the file ends in the middle of an object");
    ASSERT_BROKEN("c\x01", 1, "the file ends in the middle of an object");
    ASSERT_BROKEN(")\x03" "0NN", 2, "a null stands where an item should");
    ASSERT_BROKEN("\x7f", 0, "unknown type code");
    ASSERT_BROKEN("r\x05\0\0\0", 0, "a reference leads nowhere, or to an object not yet finished");
    ASSERT_BROKEN("\xa9\x03r\0\0\0\0", 2,
                  "a reference leads nowhere, or to an object not yet finished");
    ASSERT_BROKEN("u\xff\xff\xff\xff", 5, "a length is greater than what is left of the file");
    ASSERT_BROKEN("(\xff\xff\xff\x7fN", 5, "a length is greater than what is left of the file");
    ASSERT_BROKEN("f\x03" "1x2", 5, "a number is not decimal");
    ASSERT_BROKEN("x\0", 2, "a number is not decimal");
    ASSERT_BROKEN("l\x01\0\0\0\0\x80", 7, "a digit of an integer is out of its range");
    assert_refused("{l\x06\0\0\0", 6, TP_ELIMIT, 1, "an integer is too large");
    assert_refused("{l\x05\0\0\0\0\0\0\0\0\0\0\0\x08\0", 16, TP_ELIMIT, 1,
                   "an integer is too large");
    ASSERT_BROKEN(")\x01", 2, "a length is greater than what is left of the file");
    ASSERT_REFUSED("{" LABEL "0", 14, "a dictionary ends after a key");
}
END_TEST

START_TEST(texts_must_be_utf8)
{
#define ASSERT_TEXT_BROKEN(size, text, at) \
    ASSERT_BROKEN(")\x03u" size "\0\0\0" text, 7 + (at), "a text is not UTF-8")
    ASSERT_TEXT_BROKEN("\x01", "\x80", 0);
    ASSERT_TEXT_BROKEN("\x09", "12345678\xff", 8);
    ASSERT_TEXT_BROKEN("\x02", "\xc1\x81", 0);         /* overlong */
    ASSERT_TEXT_BROKEN("\x03", "\xe0\x9f\x80", 0);
    ASSERT_TEXT_BROKEN("\x04", "\xf0\x8f\x80\x80", 0);
    ASSERT_TEXT_BROKEN("\x04", "\xf4\x90\x80\x80", 0); /* beyond U+10FFFF */
    ASSERT_TEXT_BROKEN("\x02", "\xe2\x82", 0);         /* cut off */
    ASSERT_TEXT_BROKEN("\x03", "\xe2(\xa1", 0);
    ASSERT_TEXT("u\x03\0\0\0\xed\xb3\xa9", "\xed\xb3\xa9"); /* a lone surrogate */
    ASSERT_TEXT("u\x04\0\0\0\xf4\x8f\xbf\xbf", "\xf4\x8f\xbf\xbf");
}
END_TEST

START_TEST(deep_nesting_is_refused)
{
    static char nested[1 + 2 * 2100];
    nested[0] = '{';
    for (size_t i = 1; i < sizeof nested; i += 2) {
        nested[i] = ')';
        nested[i + 1] = 2;
    }
    tp_marshal_reader reader;
    tp_item item;
    tp_status status = TP_OK;
    tp_marshal_open(&reader, (const uint8_t *)nested, sizeof nested, NULL);
    while (status == TP_OK)
        status = tp_marshal_read(&reader, &item);
    ck_assert_int_eq(status, TP_ELIMIT);
    ck_assert_str_eq(reader.error.message, "objects nest too deep");
    ck_assert_uint_eq(reader.error.offset, 2 * 2000 - 1);
    ck_assert_int_eq(tp_marshal_read(&reader, &item), TP_ELIMIT); /* It stays so. */
    tp_marshal_close(&reader);
}
END_TEST

START_TEST(objects_that_are_no_profile_are_refused)
{
    ASSERT_REFUSED("N", 0, "the file does not begin with a dictionary");
    ASSERT_REFUSED(".", 0, "the file does not begin with a dictionary");
    ASSERT_REFUSED("{NN0", 1, "a function is not a tuple of file, line and name");
    ASSERT_REFUSED("{)\x03NNNN0", 3, "a function is not a tuple of file, line and name");
    ASSERT_REFUSED("{" LABEL "N0", 14,
                   "a function's figures are not four numbers and a dictionary");
    ASSERT_REFUSED("{" LABEL ")\x05NNNN{00", 16, "a number of calls is not an integer");
    ASSERT_REFUSED("{" LABEL ")\x05i\0\0\0\0NNN{00", 21, "a number of calls is not an integer");
    ASSERT_REFUSED("{" LABEL ")\x05i\0\0\0\0i\0\0\0\0NN{00", 26, "a time is not a finite number");
    ASSERT_REFUSED("{" LABEL ")\x05i\0\0\0\0i\0\0\0\0g\0\0\0\0\0\0\xf8\x7fN{00", 26,
                   "a time is not a finite number");
    ASSERT_REFUSED("{" LABEL ROW "{0" LABEL ROW "{00", 46, "a function occurs twice");
    ASSERT_REFUSED("{" LABEL ROW "{NN00", 45, "a function is not a tuple of file, line and name");
    ASSERT_REFUSED("{" LABEL ROW "{" LABEL "N00", 58,
                   "a caller's figures are neither four numbers nor one");
    ASSERT_REFUSED("{" LABEL ROW "N0", 44, "a function's callers are not a dictionary");
    ASSERT_REFUSED("{)\x01z\x01" "aT0", 1, "a function is not a tuple of file, line and name");
    ASSERT_REFUSED("{)\x01NT0", 1, "a function is not a tuple of file, line and name");
    ASSERT_REFUSED("{)\x03z\x01" "aNN0", 1, "a function is not a tuple of file, line and name");
}
END_TEST

START_TEST(a_small_profile_is_read)
{
    const char bytes[] = "{" LABEL ROW "{" LABEL EDGE "00";
    tp_profile *profile;
    ck_assert_int_eq(
        tp_pstats_decode(&profile, (const uint8_t *)bytes, sizeof bytes - 1, NULL, NULL), TP_OK);
    ck_assert_uint_eq(tp_profile_function_count(profile), 1);
    ck_assert_uint_eq(tp_profile_edge_count(profile), 1);
    ck_assert_str_eq(tp_profile_functions(profile)[0].label.name.bytes, "n");
    tp_profile_destroy(profile);
    /* A second object that is not ours is left alone. */
    const char more[] = "{" LABEL ROW "{00{z\x01" "aN0";
    ck_assert_int_eq(
        tp_pstats_decode(&profile, (const uint8_t *)more, sizeof more - 1, NULL, NULL), TP_OK);
    tp_profile_destroy(profile);
}
END_TEST

#define FIRST "{" LABEL ROW "{00"
#define KEY(size, name) "z" size name
#define MAGIC KEY("\x09", "traceprof")
#define VERSION MAGIC ")\x02i\x01\0\0\0i\0\0\0\0"
#define UNIT KEY("\x04", "unit") "g\0\0\0\0\0\0\xf0\x3f"
#define PROPERTIES KEY("\x0a", "properties")
#define THREADS KEY("\x07", "threads")
#define THREAD KEY("\x04", "name") "z\0" KEY("\x02", "id") "i\x01\0\0\0"
#define COLUMN KEY("\x08", "function") "s\x04\0\0\0\0\0\0\0"
#define TREE(function, parent, calls, nested)                                                  \
    THREAD KEY("\x08", "function") "s\x04\0\0\0" function KEY("\x06", "parent") "s\x04\0\0\0"  \
        parent KEY("\x05", "calls") "s\x08\0\0\0" calls KEY("\x0c", "nested_calls")            \
            "s\x08\0\0\0" nested KEY("\x0f", "inclusive_ticks") "s\x08\0\0\0\x05\0\0\0\0\0\0\0"
#define ZERO4 "\0\0\0\0"
#define ONE8 "\x01\0\0\0\0\0\0\0"
#define NONE4 "\xff\xff\xff\xff"
#define WITH_TREE(tree) FIRST "{" VERSION UNIT PROPERTIES "{0" THREADS "[\x01\0\0\0{" tree "00"

static const char *refusal_of(const char *bytes, size_t size)
{
    tp_profile *profile = NULL;
    tp_error error = { .message = "no error" };
    if (tp_pstats_decode(&profile, (const uint8_t *)bytes, size, NULL, &error) == TP_OK)
        tp_profile_destroy(profile);
    return error.message;
}

#define ASSERT_TELLS(bytes, message) ck_assert_str_eq(refusal_of(bytes, sizeof(bytes) - 1), message)

START_TEST(broken_trees_are_refused)
{
    ASSERT_TELLS(WITH_TREE(TREE(ZERO4, NONE4, ONE8, ZERO8)), "no error");
    ASSERT_TELLS(FIRST "{" MAGIC "N0", "the format's version is not a pair of integers");
    ASSERT_TELLS(FIRST "{" MAGIC ")\x02i\x02\0\0\0i\0\0\0\0" "0",
                 "a format version that this library does not know");
    ASSERT_TELLS(FIRST "{" VERSION "0", "the tick's length is missing");
    ASSERT_TELLS(FIRST "{" VERSION KEY("\x04", "unit") "N0", "the tick's length is out of its range");
    ASSERT_TELLS(FIRST "{" VERSION UNIT PROPERTIES "N0", "the properties are not a dictionary");
    ASSERT_TELLS(FIRST "{" VERSION UNIT THREADS "N0", "the threads are not a list");
    ASSERT_TELLS(FIRST "{" VERSION UNIT "0", "no error");
    ASSERT_TELLS(FIRST "{" MAGIC ")\x02NN0", "the format's version is not a pair of integers");
    ASSERT_TELLS(FIRST "{" VERSION UNIT PROPERTIES "{NN0" "0", "a property's name is not text");
    ASSERT_TELLS(FIRST "{" VERSION UNIT PROPERTIES "{z\x01" "aN0" "0", "no error");
    ASSERT_TELLS(FIRST "{" VERSION UNIT PROPERTIES "{0" THREADS "[\x01\0\0\0N0",
                 "a thread is not a dictionary");
    ASSERT_TELLS(FIRST "{" VERSION UNIT PROPERTIES "{0" THREADS "[\x01\0\0\0{00",
                 "a thread has no name or no number");
    ASSERT_TELLS(WITH_TREE(THREAD), "a thread's columns are missing or of unequal length");
    ASSERT_TELLS(WITH_TREE(THREAD COLUMN), "a thread's columns are missing or of unequal length");
    ASSERT_TELLS(WITH_TREE(TREE("\x01\0\0\0", NONE4, ONE8, ZERO8)),
                 "a context's function does not exist");
    ASSERT_TELLS(WITH_TREE(TREE(ZERO4, ZERO4, ONE8, ZERO8)), "the contexts are not in pre-order");
    ASSERT_TELLS(WITH_TREE(TREE(ZERO4, NONE4, ZERO8, ONE8)),
                 "a context's number of calls is out of its range");
}
END_TEST

/* Every prefix of a good file and every single-byte change of it is read or refused, never a crash;
 * sanitizers watch. */
START_TEST(damaged_files_do_no_harm)
{
    fixture f;
    tp_profile *profile;
    uint8_t *bytes;
    size_t size;
    open_fixture(&f, 0, 1);
    play(&f, "a1b2)1c1c1c1)b1)))d3))");
    ck_assert_int_eq(tp_session_profile(f.session, &profile), TP_OK);
    close_fixture(&f);
    ck_assert_int_eq(tp_pstats_encode(profile, TP_PSTATS_WHOLE, &bytes, &size), TP_OK);
    tp_profile_destroy(profile);
    for (size_t cut = 0; cut < size; cut++) {
        if (tp_pstats_decode(&profile, bytes, cut, NULL, NULL) == TP_OK)
            tp_profile_destroy(profile);
    }
    const uint8_t values[] = { 0, 1, 0x7f, 0x80, 0xff, '{', '(', 'r', 'l', '0' };
    size_t stride = is_quick() ? 7 : 1;
    for (size_t at = 0; at < size; at += stride) {
        uint8_t good = bytes[at];
        for (size_t i = 0; i < sizeof values; i++) {
            bytes[at] = values[i];
            if (tp_pstats_decode(&profile, bytes, size, NULL, NULL) == TP_OK)
                tp_profile_destroy(profile);
        }
        bytes[at] = good;
    }
    tp_pstats_free(bytes);
}
END_TEST

Suite *reader_suite(void)
{
    Suite *suite = suite_create("reader");
    TCase *tests = tcase_create("reader");
    tcase_set_timeout(tests, 120);
    tcase_add_test(tests, integers_of_all_codes);
    tcase_add_test(tests, numbers_of_all_codes);
    tcase_add_test(tests, texts_of_all_codes);
    tcase_add_test(tests, references_count_in_preorder);
    tcase_add_test(tests, containers_of_all_codes);
    tcase_add_test(tests, referred_containers_are_read_again);
    tcase_add_test(tests, noted_objects_are_known);
    tcase_add_test(tests, code_objects_are_passed_over);
    tcase_add_test(tests, broken_objects_are_refused);
    tcase_add_test(tests, texts_must_be_utf8);
    tcase_add_test(tests, deep_nesting_is_refused);
    tcase_add_test(tests, objects_that_are_no_profile_are_refused);
    tcase_add_test(tests, a_small_profile_is_read);
    tcase_add_test(tests, broken_trees_are_refused);
    tcase_add_test(tests, damaged_files_do_no_harm);
    suite_add_tcase(suite, tests);
    return suite;
}

/* The writer's bytes, and that the reader gives back what was written. */
#define _XOPEN_SOURCE 700
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "marshal_writer.h"
#include "support.h"

static void assert_written(void (*write)(tp_marshal_writer *), const char *expected, size_t size)
{
    tp_buffer buffer;
    tp_marshal_writer writer;
    tp_buffer_init(&buffer, NULL);
    tp_marshal_begin(&writer, &buffer);
    write(&writer);
    tp_marshal_end(&writer);
    ck_assert_int_eq(buffer.status, TP_OK);
    ck_assert_uint_eq(buffer.size, size);
    ck_assert_mem_eq(buffer.bytes, expected, size);
    tp_buffer_free(&buffer);
}

#define ASSERT_WRITTEN(write, bytes) assert_written(write, bytes, sizeof(bytes) - 1)

static void write_integers(tp_marshal_writer *w)
{
    tp_marshal_int(w, 1);
    tp_marshal_int(w, INT32_MIN);
    tp_marshal_int(w, INT64_C(0x80000000));
    tp_marshal_int(w, -INT64_C(0x80000001));
    tp_marshal_int(w, INT64_MIN);
}

START_TEST(integers)
{
    /* As Python's marshal.dumps writes them. */
    ASSERT_WRITTEN(write_integers, "i\x01\0\0\0"
                                   "i\0\0\0\x80"
                                   "l\x03\0\0\0\0\0\0\0\x02\0"
                                   "l\xfd\xff\xff\xff\x01\0\0\0\x02\0"
                                   "l\xfb\xff\xff\xff\0\0\0\0\0\0\0\0\x08\0");
}
END_TEST

static char long_text[300];

static void write_texts(tp_marshal_writer *w)
{
    static const char name[] = "name", accent[] = "\xc3\xa9";
    tp_marshal_text(w, name, 4);
    tp_marshal_text(w, accent, 2);
    tp_marshal_text(w, name, 4);
    tp_marshal_text(w, long_text, 260);
}

START_TEST(texts_are_written_once)
{
    memset(long_text, 'x', sizeof long_text);
    char expected[400] = "\xfa\x04name\xf5\x02\0\0\0\xc3\xa9r\0\0\0\0\xe1\x04\x01\0\0";
    memset(expected + 23, 'x', 260);
    assert_written(write_texts, expected, 23 + 260);
}
END_TEST

static void write_containers(tp_marshal_writer *w)
{
    tp_marshal_tuple(w, 0);
    tp_marshal_tuple(w, 256);
    tp_marshal_list(w, 1);
    tp_marshal_dict_begin(w);
    tp_marshal_dict_end(w);
    tp_marshal_bytes_begin(w, 2);
    tp_marshal_float(w, 1.0);
}

START_TEST(containers)
{
    ASSERT_WRITTEN(write_containers, ")\0(\0\x01\0\0[\x01\0\0\0{0s\x02\0\0\0g\0\0\0\0\0\0\xf0\x3f");
}
END_TEST

START_TEST(too_long_is_an_error)
{
    tp_buffer buffer;
    tp_marshal_writer writer;
    tp_buffer_init(&buffer, NULL);
    tp_marshal_begin(&writer, &buffer);
    tp_marshal_bytes_begin(&writer, (uint64_t)INT32_MAX + 1);
    ck_assert_int_eq(buffer.status, TP_ELIMIT);
    tp_marshal_end(&writer);
    tp_buffer_free(&buffer);
}
END_TEST

static tp_profile *sample(void)
{
    fixture f;
    tp_profile *profile;
    open_fixture(&f, 0, 1);
    play(&f, "a1b2)1f1f1f1)b1)))c3))b1)");
    ck_assert_int_eq(tp_session_profile(f.session, &profile), TP_OK);
    close_fixture(&f);
    ck_assert_int_eq(tp_profile_set_text(profile, "command", "a \xc3\xa9", 4), TP_OK);
    ck_assert_int_eq(tp_profile_set_real(profile, "start", 0.5), TP_OK);
    ck_assert_int_eq(tp_profile_set_integer(profile, "big", INT64_C(1) << 40), TP_OK);
    return profile;
}

static void assert_same_profile(const tp_profile *a, const tp_profile *b)
{
    ck_assert_uint_eq(tp_profile_function_count(a), tp_profile_function_count(b));
    for (size_t i = 0; i < tp_profile_function_count(a); i++) {
        const tp_function *x = &tp_profile_functions(a)[i], *y = &tp_profile_functions(b)[i];
        ck_assert_str_eq(x->label.name.bytes, y->label.name.bytes);
        ck_assert_str_eq(x->label.file.bytes, y->label.file.bytes);
        ck_assert_int_eq(x->label.line, y->label.line);
        ck_assert_int_eq(x->calls, y->calls);
        ck_assert_int_eq(x->primitive_calls, y->primitive_calls);
        ck_assert_double_eq(x->total, y->total);
        ck_assert_double_eq(x->cumulative, y->cumulative);
    }
    ck_assert_uint_eq(tp_profile_edge_count(a), tp_profile_edge_count(b));
    if (tp_profile_edge_count(a) > 0)
        ck_assert_mem_eq(tp_profile_edges(a), tp_profile_edges(b),
                         tp_profile_edge_count(a) * sizeof(tp_edge));
}

START_TEST(what_is_written_is_read)
{
    tp_profile *written = sample(), *read;
    tp_error error;
    uint8_t *bytes;
    size_t size;
    ck_assert_int_eq(tp_pstats_encode(written, TP_PSTATS_WHOLE, &bytes, &size), TP_OK);
    ck_assert_int_eq(tp_pstats_decode(&read, bytes, size, NULL, &error), TP_OK);
    tp_pstats_free(bytes);
    assert_same_profile(written, read);
    ck_assert_double_eq(tp_profile_unit(read), 1.0);
    const tp_thread_tree *x = tp_profile_threads(written), *y = tp_profile_threads(read);
    ck_assert_uint_eq(tp_profile_thread_count(read), 1);
    ck_assert_str_eq(y->name.bytes, "main");
    ck_assert_uint_eq(y->id, 7);
    ck_assert_uint_eq(x->context_count, y->context_count);
    ck_assert_mem_eq(x->contexts, y->contexts, x->context_count * sizeof(tp_context));
    ck_assert_uint_eq(tp_profile_property_count(read), tp_profile_property_count(written));
    ck_assert_str_eq(tp_profile_property(read, "command")->text.bytes, "a \xc3\xa9");
    ck_assert_double_eq(tp_profile_property(read, "start")->real, 0.5);
    ck_assert_int_eq(tp_profile_property(read, "big")->integer, INT64_C(1) << 40);
    ck_assert_ptr_null(tp_profile_property(read, "none"));
    ck_assert_ptr_nonnull(tp_profile_properties(read));
    tp_profile_destroy(written);
    tp_profile_destroy(read);
}
END_TEST

START_TEST(the_dictionary_alone_has_no_tree)
{
    tp_profile *written = sample(), *read;
    uint8_t *bytes;
    size_t size;
    ck_assert_int_eq(tp_pstats_encode(written, TP_PSTATS_DICTIONARY, &bytes, &size), TP_OK);
    ck_assert_int_eq(tp_pstats_decode(&read, bytes, size, NULL, NULL), TP_OK);
    assert_same_profile(written, read);
    ck_assert_uint_eq(tp_profile_thread_count(read), 0);
    ck_assert_double_eq(tp_profile_unit(read), 0);
    tp_pstats_free(bytes);
    tp_profile_destroy(written);
    tp_profile_destroy(read);
}
END_TEST

START_TEST(one_profile_gives_one_sequence_of_bytes)
{
    tp_profile *first = sample(), *second = sample();
    uint8_t *a, *b;
    size_t size_a, size_b;
    ck_assert_int_eq(tp_pstats_encode(first, TP_PSTATS_WHOLE, &a, &size_a), TP_OK);
    ck_assert_int_eq(tp_pstats_encode(second, TP_PSTATS_WHOLE, &b, &size_b), TP_OK);
    ck_assert_uint_eq(size_a, size_b);
    ck_assert_mem_eq(a, b, size_a);
    tp_pstats_free(a);
    tp_pstats_free(b);
    tp_profile_destroy(first);
    tp_profile_destroy(second);
}
END_TEST

START_TEST(files_are_written_and_read)
{
    char path[] = "/tmp/traceprof-test-XXXXXX";
    ck_assert_ptr_nonnull(mkdtemp(path));
    char file[64], missing[64];
    snprintf(file, sizeof file, "%s/a.prof", path);
    snprintf(missing, sizeof missing, "%s/none/a.prof", path);
    tp_profile *written = sample(), *read;
    tp_error error = { .status = TP_OK };
    ck_assert_int_eq(tp_pstats_probe_file(file, &error), TP_OK);
    ck_assert_int_eq(tp_pstats_write_file(written, file, &error), TP_OK);
    ck_assert_int_eq(tp_pstats_read_file(&read, file, NULL, &error), TP_OK);
    assert_same_profile(written, read);
    ck_assert_int_eq(tp_pstats_write_file(written, missing, &error), TP_EIO);
    ck_assert_int_eq(error.status, TP_EIO);
    ck_assert_int_eq(tp_pstats_read_file(&read, missing, NULL, &error), TP_EIO);
    ck_assert_int_eq(remove(file) | remove(path), 0);
    tp_profile_destroy(written);
    tp_profile_destroy(read);
}
END_TEST

Suite *marshal_suite(void)
{
    Suite *suite = suite_create("marshal");
    TCase *tests = tcase_create("marshal");
    tcase_add_test(tests, integers);
    tcase_add_test(tests, texts_are_written_once);
    tcase_add_test(tests, containers);
    tcase_add_test(tests, too_long_is_an_error);
    tcase_add_test(tests, what_is_written_is_read);
    tcase_add_test(tests, the_dictionary_alone_has_no_tree);
    tcase_add_test(tests, one_profile_gives_one_sequence_of_bytes);
    tcase_add_test(tests, files_are_written_and_read);
    suite_add_tcase(suite, tests);
    return suite;
}

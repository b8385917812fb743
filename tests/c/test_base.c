#define _GNU_SOURCE /* syscall() */

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>
#if defined(__linux__)
#include <sys/syscall.h>
#endif

#include "buffer.h"
#include "load.h"
#include "file.h"
#include "intern.h"
#include "map.h"
#include "memory.h"
#include "native_thread.h"
#include "support.h"

START_TEST(status_codes_have_names)
{
    ck_assert_str_eq(tp_status_name(TP_ENOMEM), "TP_ENOMEM");
    ck_assert_str_eq(tp_status_message(TP_EFORMAT), "not a valid profile");
    ck_assert_str_eq(tp_status_name((tp_status)999), "unknown status");
    ck_assert_str_eq(tp_status_message((tp_status)999), "unknown status");
    ck_assert_str_eq(tp_version(), TP_VERSION_STRING);
}
END_TEST

START_TEST(sizes_do_not_overflow)
{
    size_t result;
    ck_assert(!tp_mul_size(&result, SIZE_MAX / 2, 3));
    ck_assert(tp_mul_size(&result, 6, 7));
    ck_assert_uint_eq(result, 42);
    ck_assert(!tp_add_size(&result, SIZE_MAX, 1));
    ck_assert_ptr_null(tp_alloc(NULL, SIZE_MAX / 8, 16));
    ck_assert_ptr_null(tp_alloc(NULL, SIZE_MAX / 2, 1));
    void *array = NULL;
    size_t capacity = 0;
    ck_assert_int_eq(tp_reserve(NULL, &array, &capacity, SIZE_MAX / 2 + 2, 1), TP_ENOMEM);
    ck_assert_ptr_null(array);
    ck_assert_int_eq(tp_reserve(NULL, &array, &capacity, SIZE_MAX / 2, 16), TP_ENOMEM);
}
END_TEST

START_TEST(map_agrees_with_an_array)
{
    enum { KEYS = 500, STEPS = 20000 };
    uint32_t expected[KEYS + 1];
    memset(expected, 0xff, sizeof expected);
    tp_map map;
    tp_map_init(&map, NULL);
    ck_assert_uint_eq(tp_map_get(&map, 1), TP_MAP_NONE);
    srand(1);
    for (uint32_t step = 0; step < STEPS; step++) {
        /* Strided, so that probes run into each other. */
        uint64_t number = (uint64_t)(rand() % KEYS) + 1, key = number << 20;
        if (rand() % 3 != 0) {
            ck_assert_int_eq(tp_map_put(&map, key, step), TP_OK);
            expected[number] = step;
        } else {
            ck_assert_uint_eq(tp_map_take(&map, key), expected[number]);
            expected[number] = TP_MAP_NONE;
        }
        ck_assert_uint_eq(tp_map_get(&map, key), expected[number]);
    }
    for (uint64_t number = 1; number <= KEYS; number++)
        ck_assert_uint_eq(tp_map_get(&map, number << 20), expected[number]);
    tp_map_free(&map);
}
END_TEST

START_TEST(interned_strings_are_one)
{
    tp_intern set;
    uint32_t a, b, c, empty;
    tp_intern_init(&set, NULL);
    ck_assert_int_eq(tp_intern_put(&set, &a, "with\0nul", 8), TP_OK);
    ck_assert_int_eq(tp_intern_put(&set, &b, "with", 4), TP_OK);
    ck_assert_int_eq(tp_intern_put(&set, &c, "with\0nul", 8), TP_OK);
    ck_assert_int_eq(tp_intern_put(&set, &empty, "", 0), TP_OK);
    ck_assert_uint_eq(a, c);
    ck_assert_uint_ne(a, b);
    ck_assert_uint_eq(tp_intern_find(&set, "with", 4), b);
    ck_assert_uint_eq(tp_intern_find(&set, "none", 4), TP_MAP_NONE);
    char name[16];
    for (int i = 0; i < 1000; i++) {
        ck_assert_int_eq(tp_intern_put(&set, &c, name, (size_t)sprintf(name, "n%d", i)), TP_OK);
        ck_assert_uint_eq(c, 3 + (uint32_t)i);
    }
    tp_intern_free(&set);
}
END_TEST

START_TEST(buffer_is_little_endian_and_sticky)
{
    tp_buffer buffer;
    tp_buffer_init(&buffer, NULL);
    tp_buffer_put_u16(&buffer, 0x0102);
    tp_buffer_put_u32(&buffer, 0x03040506);
    tp_buffer_put_f64(&buffer, 1.5);
    const uint8_t expected[] = { 2, 1, 6, 5, 4, 3 };
    ck_assert_mem_eq(buffer.bytes, expected, sizeof expected);
    ck_assert_double_eq(tp_load_f64(buffer.bytes + 6), 1.5);
    ck_assert_uint_eq(tp_load_u16(buffer.bytes), 0x0102);
    tp_buffer_fail(&buffer, TP_ELIMIT);
    tp_buffer_fail(&buffer, TP_ENOMEM);
    tp_buffer_put_u8(&buffer, 1);
    ck_assert_uint_eq(buffer.size, 14);
    ck_assert_int_eq(buffer.status, TP_ELIMIT);
    tp_buffer_free(&buffer);
    tp_buffer_put(&buffer, "", SIZE_MAX);
    ck_assert_int_eq(buffer.status, TP_ENOMEM);
    tp_buffer_free(&buffer);
}
END_TEST

static char folder[64];
static int folder_before; /* other tests read files by paths from there */

static void make_folder(void)
{
    strcpy(folder, "/tmp/traceprof-test-XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(folder));
    folder_before = open(".", O_RDONLY);
    ck_assert_int_ge(folder_before, 0);
    ck_assert_int_eq(chdir(folder), 0);
}

static void remove_folder(void)
{
    ck_assert_int_eq(fchdir(folder_before), 0);
    close(folder_before);
    char command[128];
    snprintf(command, sizeof command, "rm -rf %s", folder);
    ck_assert_int_eq(system(command), 0);
}

static void assert_contents(const char *path, const char *expected)
{
    uint8_t *bytes;
    size_t size;
    tp_error error;
    ck_assert_int_eq(tp_file_read(&bytes, &size, path, 1000, NULL, &error), TP_OK);
    ck_assert_uint_eq(size, strlen(expected));
    ck_assert_mem_eq(bytes, expected, size);
    tp_free(NULL, bytes);
}

static tp_status replace(const char *path, const char *text, tp_error *error)
{
    return tp_file_replace(path, (const uint8_t *)text, strlen(text), NULL, error);
}

START_TEST(files_are_replaced_whole)
{
    struct stat facts;
    tp_error error;
    umask(027);
    ck_assert_int_eq(tp_file_probe("new", NULL, &error), TP_OK);
    ck_assert_int_ne(stat("new", &facts), 0);
    ck_assert_int_eq(replace("new", "one", &error), TP_OK);
    assert_contents("new", "one");
    ck_assert_int_eq(stat("new", &facts), 0);
    ck_assert_int_eq(facts.st_mode & 0777, 0640);
    ck_assert_int_eq(chmod("new", 0604), 0);
    ck_assert_int_eq(symlink("new", "link"), 0);
    ck_assert_int_eq(tp_file_probe("link", NULL, &error), TP_OK);
    ck_assert_int_eq(replace("link", "two", &error), TP_OK);
    assert_contents("new", "two");
    ck_assert_int_eq(lstat("link", &facts), 0);
    ck_assert(S_ISLNK(facts.st_mode));
    ck_assert_int_eq(stat("new", &facts), 0);
    ck_assert_int_eq(facts.st_mode & 0777, 0604);
}
END_TEST

START_TEST(links_are_followed_where_they_lead)
{
    struct stat facts;
    tp_error error;
    char name[251];
    memset(name, 'n', sizeof name - 1);
    name[sizeof name - 1] = '\0';
    ck_assert_int_eq(replace(name, "long name", &error), TP_OK);
    assert_contents(name, "long name");
    ck_assert_int_eq(mkdir("sub", 0755), 0);
    ck_assert_int_eq(symlink("sub/new", "dangling"), 0);
    ck_assert_int_eq(symlink("dangling", "chain"), 0);
    ck_assert_int_eq(tp_file_probe("chain", NULL, &error), TP_OK);
    ck_assert_int_eq(replace("chain", "one", &error), TP_OK);
    assert_contents("sub/new", "one");
    ck_assert_int_eq(lstat("dangling", &facts), 0);
    ck_assert(S_ISLNK(facts.st_mode));
    char absolute[128];
    snprintf(absolute, sizeof absolute, "%s/sub/far", folder);
    ck_assert_int_eq(symlink(absolute, "sub/absolute"), 0);
    ck_assert_int_eq(replace("sub/absolute", "two", &error), TP_OK);
    assert_contents("sub/far", "two");
    ck_assert_int_eq(symlink("circle", "circle"), 0);
    ck_assert_int_eq(replace("circle", "x", &error), TP_EIO);
    ck_assert_int_eq(error.system_error, ELOOP);
    ck_assert_int_eq(tp_file_probe("circle", NULL, &error), TP_EIO);
    ck_assert_str_eq(error.message, "cannot follow the link");
}
END_TEST

START_TEST(what_is_no_file_is_written_directly)
{
    tp_error error;
    ck_assert_int_eq(tp_file_probe("/dev/null", NULL, &error), TP_OK);
    ck_assert_int_eq(replace("/dev/null", "x", &error), TP_OK);
    ck_assert_int_eq(replace("/dev/full", "x", &error), TP_EIO);
    ck_assert_int_eq(error.system_error, ENOSPC);
}
END_TEST

START_TEST(file_errors_are_told)
{
    tp_error error;
    uint8_t *bytes;
    size_t size;
    ck_assert_int_eq(replace("none/file", "x", &error), TP_EIO);
    ck_assert_int_eq(error.system_error, ENOENT);
    ck_assert_int_eq(replace(".", "x", &error), TP_EIO);
    ck_assert_int_eq(error.system_error, EISDIR);
    ck_assert_int_eq(tp_file_probe("none/file", NULL, &error), TP_EIO);
    ck_assert_int_eq(tp_file_probe(".", NULL, &error), TP_EIO);
    ck_assert_str_eq(error.message, "cannot write");
    ck_assert_int_eq(tp_file_read(&bytes, &size, "none", 10, NULL, &error), TP_EIO);
    ck_assert_str_eq(error.message, "cannot open");
    ck_assert_int_eq(tp_file_read(&bytes, &size, ".", 10, NULL, &error), TP_EIO);
    ck_assert_str_eq(error.message, "cannot read");
    ck_assert_int_eq(replace("long", "0123456789", &error), TP_OK);
    ck_assert_int_eq(tp_file_read(&bytes, &size, "long", 9, NULL, &error), TP_ELIMIT);
    ck_assert_int_eq(replace("none/file", "x", NULL), TP_EIO);
}
END_TEST

START_TEST(files_survive_an_exhausted_allocator)
{
    tp_error error;
    uint8_t *bytes;
    size_t size;
    ck_assert_int_eq(replace("kept", "old", &error), TP_OK);
    for (long i = 0; i < 2; i++) {
        failing f;
        failing_init(&f, i);
        ck_assert_int_eq(
            tp_file_replace("kept", (const uint8_t *)"new", 3, &f.allocator, &error), TP_ENOMEM);
        ck_assert_int_eq(f.live, 0);
        failing_init(&f, i);
        ck_assert_int_eq(tp_file_probe("kept", &f.allocator, &error), TP_ENOMEM);
        ck_assert_int_eq(f.live, 0);
    }
    failing f;
    failing_init(&f, 0);
    ck_assert_int_eq(tp_file_read(&bytes, &size, "kept", 9, &f.allocator, &error), TP_ENOMEM);
    assert_contents("kept", "old");
}
END_TEST

#if defined(__linux__)

static void *tell_id(void *id)
{
    *(unsigned long *)id = (unsigned long)syscall(SYS_gettid);
    return NULL;
}

START_TEST(threads_that_have_ended_are_not_there)
{
    pthread_t thread;
    unsigned long own, other = 0;
    tell_id(&own);
    ck_assert(tp_native_thread_is_there(own));
    ck_assert_int_eq(pthread_create(&thread, NULL, tell_id, &other), 0);
    ck_assert_int_eq(pthread_join(thread, NULL), 0);
    errno = 7;
    /* The kernel may need a moment for it after join() has returned. */
    for (int i = 0; i < 1000 && tp_native_thread_is_there(other); i++)
        usleep(1000);
    ck_assert(!tp_native_thread_is_there(other));
    ck_assert_int_eq(errno, 7);
}
END_TEST

#endif

Suite *base_suite(void)
{
    Suite *suite = suite_create("base");
    TCase *pure = tcase_create("pure");
    tcase_add_test(pure, status_codes_have_names);
    tcase_add_test(pure, sizes_do_not_overflow);
    tcase_add_test(pure, map_agrees_with_an_array);
    tcase_add_test(pure, interned_strings_are_one);
    tcase_add_test(pure, buffer_is_little_endian_and_sticky);
#if defined(__linux__)
    tcase_add_test(pure, threads_that_have_ended_are_not_there);
#endif
    suite_add_tcase(suite, pure);
    TCase *files = tcase_create("files");
    tcase_add_checked_fixture(files, make_folder, remove_folder);
    tcase_add_test(files, files_are_replaced_whole);
    tcase_add_test(files, links_are_followed_where_they_lead);
    tcase_add_test(files, what_is_no_file_is_written_directly);
    tcase_add_test(files, file_errors_are_told);
    tcase_add_test(files, files_survive_an_exhausted_allocator);
    suite_add_tcase(suite, files);
    return suite;
}

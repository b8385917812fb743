#include "support.h"

#include <stdio.h>
#include <stdlib.h>

const uint64_t letters[128];

tp_status resolve_letter(void *context, const void *key, void *subject, tp_label *label)
{
    static char names[128][2];
    (void)context;
    (void)subject;
    size_t letter = (size_t)((const uint64_t *)key - letters);
    names[letter][0] = (char)letter;
    label->file = (tp_string){ "file", 4 };
    label->name = (tp_string){ names[letter], 1 };
    label->line = (int64_t)letter;
    return TP_OK;
}

void open_fixture(fixture *f, uint32_t max_contexts, uint64_t step)
{
    ck_assert_int_eq(tp_clock_create_fake(&f->clock, step, 1.0), TP_OK);
    tp_session_options options = TP_SESSION_OPTIONS_INIT;
    options.clock = f->clock;
    options.resolver.resolve = resolve_letter;
    options.max_contexts = max_contexts;
    ck_assert_int_eq(tp_session_create(&f->session, &options), TP_OK);
    ck_assert_int_eq(tp_session_add_track(f->session, &f->track, "main", 4, 7), TP_OK);
}

void close_fixture(fixture *f)
{
    tp_session_destroy(f->session);
    tp_clock_destroy(f->clock);
}

void play(fixture *f, const char *script)
{
    const void *open[4096];
    size_t depth = 0;
    for (const char *c = script; *c != '\0'; c++) {
        if (*c >= '0' && *c <= '9') {
            ck_assert_int_eq(tp_clock_advance(f->clock, (uint64_t)(*c - '0')), TP_OK);
        } else if (*c == ')') {
            ck_assert_uint_gt(depth, 0);
            tp_leave(f->track, open[--depth]);
        } else {
            open[depth++] = &letters[(unsigned char)*c];
            tp_enter(f->track, open[depth - 1], NULL);
        }
    }
}

static int has_letter(const tp_profile *profile, uint32_t index, char letter)
{
    return tp_profile_functions(profile)[index].label.line == letter;
}

const tp_function *find_function(const tp_profile *profile, char letter)
{
    for (uint32_t i = 0; i < tp_profile_function_count(profile); i++) {
        if (has_letter(profile, i, letter))
            return &tp_profile_functions(profile)[i];
    }
    ck_abort_msg("no function %c", letter);
    return NULL;
}

const tp_edge *find_edge(const tp_profile *profile, char caller, char callee)
{
    for (size_t i = 0; i < tp_profile_edge_count(profile); i++) {
        const tp_edge *edge = &tp_profile_edges(profile)[i];
        if (has_letter(profile, edge->caller, caller) && has_letter(profile, edge->callee, callee))
            return edge;
    }
    return NULL;
}

void assert_function(const tp_profile *profile, char letter, int64_t calls, int64_t primitive,
                     double total, double cumulative)
{
    const tp_function *f = find_function(profile, letter);
    ck_assert_msg(f->calls == calls && f->primitive_calls == primitive && f->total == total &&
                      f->cumulative == cumulative,
                  "%c: %lld/%lld calls, total %g, cumulative %g", letter, (long long)f->calls,
                  (long long)f->primitive_calls, f->total, f->cumulative);
}

void assert_edge(const tp_profile *profile, char caller, char callee, int64_t calls,
                 int64_t primitive, double total, double cumulative)
{
    const tp_edge *e = find_edge(profile, caller, callee);
    ck_assert_msg(e != NULL, "no edge %c -> %c", caller, callee);
    ck_assert_msg(e->calls == calls && e->primitive_calls == primitive && e->total == total &&
                      e->cumulative == cumulative,
                  "%c -> %c: %lld/%lld calls, total %g, cumulative %g", caller, callee,
                  (long long)e->calls, (long long)e->primitive_calls, e->total, e->cumulative);
}

int is_quick(void)
{
    return getenv("TRACEPROF_TEST_QUICK") != NULL;
}

void read_golden(const char *name, uint8_t **bytes, size_t *size)
{
    char path[128];
    snprintf(path, sizeof path, "tests/golden/good/%s.prof", name);
    FILE *file = fopen(path, "rb");
    ck_assert_msg(file != NULL, "%s is missing; the tests run at the root of the tree", path);
    *bytes = malloc(GOLDEN_ROOM);
    ck_assert_ptr_nonnull(*bytes);
    *size = fread(*bytes, 1, GOLDEN_ROOM, file);
    fclose(file);
    ck_assert_uint_gt(*size, 0);
    ck_assert_uint_lt(*size, GOLDEN_ROOM);
}

tp_profile *golden_profile(const char *name, const tp_allocator *allocator)
{
    uint8_t *bytes;
    size_t size;
    tp_profile *profile;
    tp_read_options options = TP_READ_OPTIONS_INIT;
    options.allocator = allocator;
    read_golden(name, &bytes, &size);
    ck_assert_int_eq(tp_pstats_decode(&profile, bytes, size, &options, NULL), TP_OK);
    free(bytes);
    return profile;
}

static void *failing_resize(void *context, void *block, size_t size)
{
    failing *f = context;
    if (size == 0) {
        f->live--;
        free(block);
        return NULL;
    }
    long number = f->count++;
    if (f->fail_at >= 0 && (f->once ? number == f->fail_at : number >= f->fail_at))
        return NULL;
    if (block == NULL)
        f->live++;
    return realloc(block, size);
}

void failing_init(failing *f, long fail_at)
{
    *f = (failing){ .fail_at = fail_at };
    f->allocator = (tp_allocator){ f, failing_resize };
}

#include "builder.h"

#include <stdio.h>

#include "assemble.h"
#include "grove.h"

tp_profile *build_profile(void)
{
    tp_profile *profile;
    ck_assert_int_eq(tp_profile_new(&profile, NULL), TP_OK);
    profile->unit = 1;
    return profile;
}

void build_finish(tp_profile *profile)
{
    ck_assert_int_eq(tp_profile_finish(profile), TP_OK);
}

uint32_t build_row(tp_profile *profile, const char *file, int64_t line, const char *name,
                   int64_t calls, double total, double cumulative)
{
    uint32_t index;
    tp_label label = { { file, strlen(file) }, { name, strlen(name) }, line };
    tp_function row = {
        .calls = calls, .primitive_calls = calls, .total = total, .cumulative = cumulative
    };
    ck_assert_int_eq(tp_profile_label(profile, &row.label, &label), TP_OK);
    ck_assert_int_eq(tp_profile_add_function(profile, &index, &row), TP_OK);
    return index;
}

void build_edge(tp_profile *profile, uint32_t caller, uint32_t callee, int64_t calls,
                double cumulative)
{
    tp_edge edge = { .caller = caller,
                     .callee = callee,
                     .calls = calls,
                     .primitive_calls = calls,
                     .total = cumulative,
                     .cumulative = cumulative };
    ck_assert_int_eq(tp_profile_add_edge(profile, &edge), TP_OK);
}

void build_thread(tp_profile *profile, const char *name, uint64_t id)
{
    tp_tree_data *tree;
    ck_assert_int_eq(tp_profile_add_tree(profile, &tree, name, strlen(name), id), TP_OK);
}

uint32_t build_context(tp_profile *profile, uint32_t parent, uint32_t function, uint64_t calls,
                       int64_t ticks)
{
    tp_tree_data *tree = &profile->trees[profile->thread_count - 1];
    tp_context context = {
        .function = function, .parent = parent, .calls = calls, .inclusive_ticks = ticks
    };
    ck_assert_int_eq(tp_tree_add_context(profile, tree, &context), TP_OK);
    return (uint32_t)tree->count - 1;
}

void build_coroutine(tp_profile *profile, uint32_t function, uint64_t started, uint64_t resumes,
                     int64_t active, int64_t awaited)
{
    tp_coroutine row = { .function = function,
                         .started = started,
                         .resumes = resumes,
                         .active_ticks = active,
                         .awaited_ticks = awaited };
    ck_assert_int_eq(tp_profile_add_coroutine(profile, &row), TP_OK);
}

uint32_t build_process(tp_profile *profile, int64_t pid, int64_t parent, const char *command,
                       double start, double duration)
{
    uint32_t index;
    tp_process process = { pid, parent, { command, strlen(command) }, start, duration };
    ck_assert_int_eq(tp_profile_add_process(profile, &process, &index), TP_OK);
    return index;
}

tp_profile *recorded(const char *script)
{
    fixture f;
    tp_profile *profile;
    open_fixture(&f, 0, 0);
    play(&f, script);
    ck_assert_int_eq(tp_session_profile(f.session, &profile), TP_OK);
    close_fixture(&f);
    return profile;
}

tp_profile *compensated(const char *script)
{
    tp_ticks own[64];
    tp_profile *profile = recorded(script);
    tp_tree_data *tree = &profile->trees[0];
    ck_assert_uint_le(tree->count, 64);
    tp_contexts_self(tree->contexts, tree->count, own);
    for (size_t i = 0; i < tree->count; i++)
        own[i].shown -= (int64_t)tree->contexts[i].calls;
    tp_contexts_sum(tree->contexts, tree->count, own);
    for (size_t i = 0; i < tree->count; i++)
        tree->contexts[i].inclusive_ticks = own[i].shown;
    profile->times = TP_TIMES_COMPENSATED;
    profile->both_times = true;
    ck_assert_int_eq(tp_fold_trees(profile), TP_OK);
    build_finish(profile);
    return profile;
}

const tp_function *row_of(const tp_profile *profile, const char *file, int64_t line,
                          const char *name)
{
    tp_label label = { { file, strlen(file) }, { name, strlen(name) }, line };
    for (size_t i = 0; i < tp_profile_function_count(profile); i++) {
        if (tp_label_compare(&tp_profile_functions(profile)[i].label, &label) == 0)
            return &tp_profile_functions(profile)[i];
    }
    return NULL;
}

const char *tree_text(const tp_profile *profile, size_t thread)
{
    static char text[2048];
    size_t used = 0, depth[256];
    ck_assert_uint_lt(thread, tp_profile_thread_count(profile));
    const tp_thread_tree *tree = &tp_profile_threads(profile)[thread];
    ck_assert_uint_le(tree->context_count, 256);
    text[0] = '\0';
    for (size_t i = 0; i < tree->context_count; i++) {
        const tp_context *c = &tree->contexts[i];
        tp_string name = tp_profile_functions(profile)[c->function].label.name;
        depth[i] = c->parent == TP_NO_INDEX ? 0 : depth[c->parent] + 1;
        used += (size_t)snprintf(text + used, sizeof text - used, "%s%.*s%.*s %llu/%llu %lld",
                                 i > 0 ? "; " : "", (int)depth[i], "..........", (int)name.size,
                                 name.bytes, (unsigned long long)c->calls,
                                 (unsigned long long)c->nested_calls,
                                 (long long)c->inclusive_ticks);
        ck_assert_uint_lt(used, sizeof text);
    }
    return text;
}

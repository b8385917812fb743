/* From a session to a profile. Open calls are taken as ending now; the session is left untouched. */
#include <stdlib.h>
#include <string.h>

#include "compensate.h"
#include "memory.h"
#include "model.h"
#include "recorder.h"
#include "snapshot.h"
#include "variety.h"

/* One context of the result, while its children are being collected. Several nodes may make up one
 * context: those of callables with equal labels, and those of direct recursion. */
typedef struct pending {
    uint32_t first_node; /* head of the list of nodes, through `next_node` */
    uint32_t function;
    uint32_t parent; /* context */
    uint32_t above;  /* the parent's function, TP_MAP_NONE at the top */
    uint64_t nested_calls;
} pending;

typedef struct builder {
    const tp_allocator *allocator; /* Borrowed. */
    const tp_tree *tree;           /* Borrowed. */
    const tp_node_waits *waits;    /* Borrowed. */
    tp_profile *profile;           /* Borrowed. */
    tp_tree_data *out;             /* Borrowed from the profile. */
    uint32_t *next_node;           /* Owned; one link a node of the tree */
    uint32_t *context_of;          /* Owned; by node, NULL when not asked for */
    uint32_t *last_of_function;    /* Owned; scratch: position in `work` + 1 */
    pending *work;                 /* Owned; contexts still to be written, the next one last */
    size_t work_count;
    size_t work_capacity;
    uint32_t *children; /* Owned; scratch: node numbers */
    size_t child_count;
    size_t child_capacity;
} builder;

static void builder_free(builder *b)
{
    tp_free(b->allocator, b->next_node);
    tp_free(b->allocator, b->context_of);
    tp_free(b->allocator, b->last_of_function);
    tp_free(b->allocator, b->work);
    tp_free(b->allocator, b->children);
}

static tp_status collect_children(builder *b, const tp_node *node)
{
    const tp_node *child = node->child;
    if (child == NULL)
        return TP_OK;
    do {
        void *array = b->children;
        tp_status status = tp_reserve(b->allocator, &array, &b->child_capacity,
                                      b->child_count + 1, sizeof *b->children);
        if (status != TP_OK)
            return status;
        b->children = array;
        b->children[b->child_count++] = child->number;
        child = child->sibling;
    } while (child != node->child);
    return TP_OK;
}

/* All children of a context's nodes. A function that calls itself, below a call of itself, is the
 * same context once more: its node joins the list instead, and its children count as the context's. */
static tp_status gather(builder *b, pending *context)
{
    b->child_count = 0;
    for (uint32_t n = context->first_node; n != TP_MAP_NONE; n = b->next_node[n]) {
        size_t first = b->child_count;
        tp_status status = collect_children(b, tp_tree_node(b->tree, n));
        if (status != TP_OK)
            return status;
        if (context->above != context->function)
            continue;
        size_t kept = first;
        for (size_t i = first; i < b->child_count; i++) {
            uint32_t child = b->children[i];
            const tp_node *node = tp_tree_node(b->tree, child);
            if (tp_tree_function(b->tree, node) != context->function) {
                b->children[kept++] = child;
                continue;
            }
            context->nested_calls += node->calls;
            b->next_node[child] = b->next_node[n];
            b->next_node[n] = child;
        }
        b->child_count = kept;
    }
    return TP_OK;
}

static int by_number_descending(const void *a, const void *b)
{
    uint32_t left = *(const uint32_t *)a, right = *(const uint32_t *)b;
    return (left < right) - (left > right);
}

/* Puts the gathered children on the work list, one entry a function, so that the one first called is
 * taken off it first. */
static tp_status schedule_children(builder *b, uint32_t parent, uint32_t parent_function)
{
    size_t first = b->work_count;
    if (b->child_count > 1)
        qsort(b->children, b->child_count, sizeof *b->children, by_number_descending);
    void *array = b->work;
    tp_status status = tp_reserve(b->allocator, &array, &b->work_capacity,
                                  b->work_count + b->child_count, sizeof *b->work);
    if (status != TP_OK)
        return status;
    b->work = array;
    for (size_t i = 0; i < b->child_count; i++) {
        uint32_t number = b->children[i];
        uint32_t function = tp_tree_function(b->tree, tp_tree_node(b->tree, number));
        uint32_t *last = &b->last_of_function[function];
        b->next_node[number] = TP_MAP_NONE;
        if (*last != 0) {
            pending *same = &b->work[*last - 1];
            b->next_node[number] = same->first_node;
            same->first_node = number;
            continue;
        }
        b->work[b->work_count++] = (pending){ .first_node = number,
                                              .function = function,
                                              .parent = parent,
                                              .above = parent_function };
        *last = (uint32_t)b->work_count;
    }
    for (size_t i = first; i < b->work_count; i++)
        b->last_of_function[b->work[i].function] = 0;
    return TP_OK;
}

/* Writes the context and schedules its children. */
static tp_status write_context(builder *b, pending context)
{
    tp_context written = { .function = context.function, .parent = context.parent };
    for (uint32_t n = context.first_node; n != TP_MAP_NONE; n = b->next_node[n]) {
        const tp_node *node = tp_tree_node(b->tree, n);
        written.calls += node->calls;
        written.inclusive_ticks += (int64_t)node->ticks;
        written.awaited_ticks += (int64_t)tp_node_waits_get(b->waits, n);
    }
    tp_status status = gather(b, &context);
    if (status != TP_OK)
        return status;
    written.calls += context.nested_calls;
    written.nested_calls = context.nested_calls;
    uint32_t number = (uint32_t)b->out->count;
    for (uint32_t n = context.first_node; b->context_of != NULL && n != TP_MAP_NONE; n = b->next_node[n])
        b->context_of[n] = number;
    status = tp_tree_add_context(b->profile, b->out, &written);
    return status == TP_OK ? schedule_children(b, number, context.function) : status;
}

static tp_status builder_init(builder *b, const tp_track *track, bool has_costs)
{
    b->next_node = tp_alloc(b->allocator, track->tree.count, sizeof *b->next_node);
    b->last_of_function = tp_alloc(b->allocator, (size_t)track->session->labels.set.count + 1,
                                   sizeof *b->last_of_function);
    if (b->next_node == NULL || b->last_of_function == NULL)
        return TP_ENOMEM;
    if (!has_costs)
        return TP_OK;
    b->context_of = tp_alloc(b->allocator, track->tree.count, sizeof *b->context_of);
    if (b->context_of == NULL)
        return TP_ENOMEM;
    b->context_of[0] = TP_NO_INDEX;
    return TP_OK;
}

static tp_status compensate(tp_making *m, const builder *b, const tp_track *track,
                            const tp_beyond_open *open)
{
    tp_compensation c = { .track = track,
                          .costs = m->costs,
                          .scale = m->scale,
                          .open = open,
                          .context_of = b->context_of,
                          .contexts = b->out->contexts,
                          .count = b->out->count,
                          .active = m->active };
    tp_status status = tp_compensate(&c);
    m->clamped += c.clamped;
    return status;
}

/* The track's tree as contexts in pre-order, with the session's function numbers. */
static tp_status build_tree(tp_making *m, tp_tree_data *out, const tp_track *track,
                            const tp_beyond_open *open)
{
    builder b = { .allocator = track->session->allocator,
                  .tree = &track->tree,
                  .waits = &track->node_waits,
                  .profile = m->profile,
                  .out = out };
    tp_status status = builder_init(&b, track, m->costs != NULL);
    if (status == TP_OK)
        status = collect_children(&b, tp_tree_node(&track->tree, 0));
    if (status == TP_OK)
        status = schedule_children(&b, TP_NO_INDEX, TP_MAP_NONE);
    while (status == TP_OK && b.work_count > 0)
        status = write_context(&b, b.work[--b.work_count]);
    if (status == TP_OK && track->node_waits.count > 0)
        status = tp_enclose_waits(out->contexts, out->count, b.allocator);
    if (status == TP_OK && m->costs != NULL)
        status = compensate(m, &b, track, open);
    builder_free(&b);
    return status;
}

/* Adds the inclusive ticks of a track's calls, nested ones too, to each function's sum; those of the other
 * times that have a node come of its compensation. */
static void add_active(const tp_track *track, const tp_beyond_open *open, tp_active *active)
{
    for (uint32_t i = 1; i < track->tree.count; i++) {
        const tp_node *node = tp_tree_node(&track->tree, i);
        active[tp_tree_function(&track->tree, node)].ticks += node->ticks;
    }
    const tp_beyond *beyond = &track->beyond;
    for (size_t i = 0; i < beyond->call_count; i++) {
        tp_active *sum = &active[beyond->calls[i].function];
        sum->ticks += open[i].ticks;
        sum->other += (int64_t)open[i].ticks - tp_whole_ticks(open[i].taken);
    }
}

/* Adds (sign 1) or takes back (sign -1) what the open calls that have a node would count if they
 * ended now. */
static void count_open_calls(const tp_track *track, uint64_t now, int sign)
{
    tp_strands_count(&track->strands, sign);
    for (const tp_frame *frame = track->base + 1; frame <= track->top; frame++) {
        if (frame->node == &track->outside)
            break;
        frame->node->ticks += tp_elapsed(now, frame->start) * (uint64_t)(int64_t)sign;
        frame->node->calls += (uint64_t)(int64_t)sign;
    }
}

/* The track's open calls beyond the cap, as if they ended now; NULL without memory. */
static tp_beyond_open *settle_beyond(const tp_making *m, const tp_track *track)
{
    const tp_beyond *beyond = &track->beyond;
    tp_beyond_open *open = tp_alloc(m->session->allocator, beyond->call_count, sizeof *open);
    if (open == NULL)
        return NULL;
    const tp_frame *first = track->top - beyond->call_count + 1;
    for (size_t i = 0; i < beyond->call_count; i++)
        open[i].ticks = tp_elapsed(m->now, first[i].start);
    tp_beyond_settle(beyond, open, m->scale);
    return open;
}

static tp_status add_track(tp_making *m, const tp_track *track)
{
    tp_tree_data *tree;
    tp_text name = m->session->labels.strings.texts[track->name];
    tp_status status = tp_profile_add_tree(m->profile, &tree, name.bytes, name.size, track->id);
    if (status != TP_OK)
        return status;
    tp_beyond_open *open = settle_beyond(m, track);
    if (open == NULL)
        return TP_ENOMEM;
    count_open_calls(track, m->now, 1);
    status = build_tree(m, tree, track, open);
    if (m->active != NULL)
        add_active(track, open, m->active);
    count_open_calls(track, m->now, -1);
    if (status == TP_OK)
        status = tp_flat_add_tree(&m->flat, tree->contexts, tree->count);
    if (status == TP_OK)
        status = tp_beyond_add_to(&track->beyond, &m->flat, open, m->scale);
    tp_free(m->session->allocator, open);
    return status;
}

/* What compensation took out of all own times together, and what it could not take where it should have. */
static tp_status describe_compensation(const tp_making *m)
{
    tp_profile *profile = m->profile;
    double taken = 0;
    for (size_t i = 0; i < m->flat.function_count; i++)
        taken += (double)m->flat.functions[i].total - (double)m->flat.functions[i].other_total;
    tp_status status = tp_profile_set_text(profile, "compensation", "on", 2);
    if (status == TP_OK)
        status = tp_profile_set_real(profile, "compensation_taken", taken * profile->unit);
    if (status == TP_OK)
        status = tp_profile_set_real(profile, "compensation_clamped", m->clamped * profile->unit);
    if (status == TP_OK)
        status = tp_profile_set_real(profile, "compensation_scale", m->scale);
    return status;
}

static tp_status describe(tp_profile *profile, const tp_session *session)
{
    tp_repairs repairs = tp_session_repairs(session);
    const char *clock = tp_clock_name(session->clock);
    tp_status status = tp_profile_set_text(profile, "clock", clock, strlen(clock));
    if (status == TP_OK)
        status = tp_profile_set_integer(profile, "calls_folded", (int64_t)repairs.folded);
    if (status == TP_OK)
        status = tp_profile_set_integer(profile, "calls_lost", (int64_t)repairs.lost);
    if (status == TP_OK)
        status = tp_profile_set_integer(profile, "repairs_orphans", (int64_t)repairs.orphans);
    if (status == TP_OK)
        status = tp_profile_set_integer(profile, "repairs_unwound", (int64_t)repairs.unwound);
    return status;
}

/* The measured times first, as a profile without compensation has them; then both change places. */
static tp_status fill(tp_making *m)
{
    tp_session *session = m->session;
    tp_profile *profile = m->profile;
    tp_status status = TP_OK;
    profile->both_times = m->costs != NULL;
    if (session->suspensions != NULL)
        tp_suspensions_count(session->suspensions, session, m->now, 1);
    for (size_t i = 0; status == TP_OK && i < session->track_count; i++)
        status = add_track(m, session->tracks[i]);
    if (session->suspensions != NULL)
        tp_suspensions_count(session->suspensions, session, m->now, -1);
    if (m->costs != NULL)
        m->clamped += tp_flat_clamp(&m->flat);
    if (status == TP_OK)
        status = tp_making_add_rows(m);
    if (status == TP_OK)
        status = describe(profile, session);
    if (status == TP_OK && m->costs != NULL)
        status = describe_compensation(m);
    if (status == TP_OK)
        status = tp_profile_finish(profile);
    if (status == TP_OK && m->costs != NULL)
        status = tp_profile_show_times(profile, TP_TIMES_COMPENSATED);
    return status;
}

/* Read once and before anything is looked at: a caller's clock lets other threads run, and record. That of
 * a stopped session is left alone. */
static uint64_t read_clock(const tp_session *session)
{
    bool open = session->suspended > 0;
    for (size_t i = 0; i < session->track_count && !open; i++)
        open = tp_track_depth(session->tracks[i]) > 0;
    return open ? tp_clock_now(session->clock) : 0;
}

tp_status tp_session_profile(tp_session *session, tp_profile **out)
{
    tp_making m = { .session = session,
                 .costs = tp_session_costs(session),
                 .scale = 1,
                 .now = read_clock(session) };
    tp_status status = m.costs == NULL ? TP_OK : tp_session_scale(session, &m.scale);
    if (status == TP_OK)
        status = tp_profile_new(&m.profile, session->allocator);
    if (status != TP_OK)
        return status;
    tp_flat_init(&m.flat, session->allocator);
    m.profile->unit = tp_clock_unit(session->clock);
    if (session->labels.coroutine_capacity > 0) {
        m.active = tp_alloc(session->allocator, session->labels.set.count, sizeof *m.active);
        status = m.active == NULL ? TP_ENOMEM : TP_OK;
    }
    if (status == TP_OK)
        status = fill(&m);
    tp_free(session->allocator, m.active);
    tp_flat_free(&m.flat);
    if (status == TP_OK)
        *out = m.profile;
    else
        tp_profile_destroy(m.profile);
    return status;
}

/* Recording. A session holds what is recorded from start to stop; a track is what it records on one
 * thread. Enter and leave are what hooks call; they allocate nothing on a path already seen.
 *
 * A callable is known to the recorder by its key, an even address that is its own while it lives. The
 * first time a key is seen the session asks for its label; keys with equal labels are one function.
 */
#ifndef TRACEPROF_SESSION_H
#define TRACEPROF_SESSION_H

#include <traceprof/clock.h>
#include <traceprof/profile.h>
#include <traceprof/status.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct tp_session tp_session;
typedef struct tp_track tp_track;

/* What recording costs. A call's probe is all that the call takes longer because it is recorded, the
 * interpreter's part included. `inside` falls between the call's two readings of the clock, so into its
 * own time, `outside` into its caller's. While hooks are on, what code does by itself may take longer, too:
 * `stretch` times as long (1, or 0: it does not). Ticks of the session's clock. */
#define TP_CALL_KINDS 32
typedef struct tp_cost {
    double inside;
    double outside;
    double stretch;
    double recursion; /* more outside, for a call of a function by itself by itself; instead of `search` */
} tp_cost;

typedef struct tp_costs {
    size_t size;                   /* sizeof (tp_costs) of the caller's header */
    tp_cost kinds[TP_CALL_KINDS];  /* by the resolver's kinds of calls */
    double unseen;                 /* of a call that hooks are told of and that has no row; the caller's */
    double company;                /* more, for a call that is recorded by several: for each further one */
    double fresh;                  /* more, for the first call in a place of the tree; the caller's */
    double search;                 /* more, for a call that is none of the two likeliest; the caller's */
    double variety;                /* where calls are spread over n functions, caches are colder: all costs are
                                      1 + variety * (sqrt(n) - 1) times as high (tp_session_functions) */
} tp_costs;

/* Fills *label for `key`; `subject` is what was passed to tp_enter. The bytes are copied before
 * anything else happens, and `release` is then called if it is set. Not TP_OK: the call goes
 * unrecorded and is counted as such. */
typedef struct tp_resolver {
    tp_status (*resolve)(void *context, const void *key, void *subject, tp_label *label);
    void (*release)(void *context, tp_label *label);
    int (*is_coroutine)(void *context, const void *key, void *subject); /* may be NULL: none is */
    void *context;
    /* The kind, below TP_CALL_KINDS, of the calls of `key` from one place in the tree, asked of the first of
     * them; `above` is the key of the call it is made in, NULL at the top or once that has been freed. Must
     * not call the recorder. May be NULL: all are 0. */
    unsigned (*kind)(void *context, const void *key, void *subject, const void *above);
} tp_resolver;

#define TP_DEFAULT_MAX_CONTEXTS 1000000u

typedef struct tp_session_options {
    size_t size;                   /* sizeof (tp_session_options) of the caller's header */
    const tp_allocator *allocator; /* Borrowed; NULL: the C library's. */
    const tp_clock *clock;         /* Borrowed; must outlive the session. Required. */
    tp_resolver resolver;          /* Required. */
    uint32_t max_contexts;         /* tree nodes a track may hold; 0: TP_DEFAULT_MAX_CONTEXTS */
    uint32_t no_edges;             /* not 0: profiles come without edges (cProfile's subcalls) */
} tp_session_options;

#define TP_SESSION_OPTIONS_INIT \
    { sizeof(tp_session_options), NULL, NULL, { NULL, NULL, NULL, NULL, NULL }, 0, 0 }

/* How often the recorder had to set right what the hooks told it, and what it could not keep. */
typedef struct tp_repairs {
    uint64_t unwound;  /* calls ended because one below them on the stack ended */
    uint64_t orphans;  /* ends of calls that were never seen to begin; ignored */
    uint64_t lost;     /* calls not recorded: memory ran out or there was no label */
    uint64_t folded;   /* calls counted in pstats numbers but without a place in the tree */
} tp_repairs;

TP_API TP_NODISCARD tp_status tp_session_create(tp_session **session,
                                                const tp_session_options *options);
TP_API void tp_session_destroy(tp_session *session);

/* A new track, owned by the session. `name` is copied. */
TP_API TP_NODISCARD tp_status tp_session_add_track(tp_session *session, tp_track **track,
                                                   const char *name, size_t name_size, uint64_t id);

/* The track added with this id, or NULL. */
TP_API tp_track *tp_session_find_track(const tp_session *session, uint64_t id);

TP_API size_t tp_session_track_count(const tp_session *session);

/* Another name for a track: what runs on a thread may learn its name late. TP_ENOMEM leaves it. */
TP_API TP_NODISCARD tp_status tp_track_set_name(tp_track *track, const char *name, size_t name_size);

/* A call of `key` begins or ends on this track's thread. An end unwinds to the nearest call of that
 * key; without one it is ignored. */
TP_API void tp_enter(tp_track *track, const void *key, void *subject);
TP_API void tp_leave(tp_track *track, const void *key);

/* As tp_leave, for hooks that know by whom `key` was called. When that caller is itself the innermost
 * open call, the beginning was missed and there is nothing to end. */
TP_API void tp_leave_called_by(tp_track *track, const void *key, const void *caller);

/* Ends all open calls now, at one common tick. */
TP_API void tp_track_close(tp_track *track);

/* Ends all open calls of all tracks; the clock is read once for each track that has any. */
TP_API void tp_session_close(tp_session *session);

/* Calls now open on the track. */
TP_API size_t tp_track_depth(const tp_track *track);

/* `key` is about to be freed: its address may come back as another callable's. */
TP_API void tp_session_forget(tp_session *session, const void *key);

/* Whether later profiles come without edges. */
TP_API void tp_session_set_no_edges(tp_session *session, uint32_t no_edges);

/* What recording costs, for profiles made from now on: they then have both times, and show the
 * compensated ones. NULL: not known. Copied. Of calls beyond the cap of the tree it is reckoned as they are
 * recorded: it is to be told before. TP_EARGUMENT: a negative number or one that is not finite. */
TP_API TP_NODISCARD tp_status tp_session_set_costs(tp_session *session, const tp_costs *costs);

/* Over how many functions the calls are spread: as many, called equally often, would have the same entropy
 * (Shannon's; the perplexity of the calls' functions). 1 without calls. */
TP_API TP_NODISCARD tp_status tp_session_functions(const tp_session *session, double *functions);

/* How many calls of each kind lie in the trees: `calls` has room for TP_CALL_KINDS. Those beyond the cap of a
 * tree are not among them. */
TP_API void tp_session_calls(const tp_session *session, uint64_t *calls);

/* What all that was recorded has cost, in ticks, without regard to variety; 0 when costs are not known. */
TP_API double tp_session_cost(const tp_session *session);

/* Counts a call that hooks are told of, made by the innermost open call, and that has no row; `weight`
 * times, as it may cost so many times what others do. As tp_enter, to be called on the track's thread. */
TP_API void tp_track_count_unseen(tp_track *track, uint32_t weight);

/* Says after tp_enter that so many other recordings are told of this call, too. On the track's thread. */
TP_API void tp_track_count_company(tp_track *track, uint32_t others);

/* Drops all that was recorded, open calls included; tracks stay. TP_ENOMEM leaves some as it was. */
TP_API TP_NODISCARD tp_status tp_session_clear(tp_session *session);

/* The same, and the tracks go, which nobody may use any more, suspended coroutines included. With keep_functions
 * what is known of functions stays: to record the same ones again is cheaper. Needs no memory. */
TP_API void tp_session_reset(tp_session *session, int keep_functions);

/* What has been recorded so far, open calls taken as ending now; the session is left as it was. */
TP_API TP_NODISCARD tp_status tp_session_profile(tp_session *session, tp_profile **profile);

/* Says that calls were lost for want of memory where the session could not see it. */
TP_API void tp_session_fail(tp_session *session);

TP_API tp_repairs tp_session_repairs(const tp_session *session);

/* TP_ENOMEM once a call was lost for want of memory; stays until the session is cleared. */
TP_API tp_status tp_session_status(const tp_session *session);

/* A key, still alive, that was recorded under this label, or NULL. */
TP_API const void *tp_session_find_key(const tp_session *session, const tp_function *function);

/* Bytes held by the recorder for trees, stacks, labels and their tables. */
TP_API size_t tp_session_memory(const tp_session *session);

#ifdef __cplusplus
}
#endif
#endif

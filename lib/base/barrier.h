/* A pair of memory barriers of unlike cost, and the waiting that goes with them: for a few threads that do
 * something often and one that, rarely, has to know that none of them is at it.
 *
 *      the many                             the one
 *      mark = 1                             stop = 1
 *      tp_barrier_light()                   tp_barrier_heavy()
 *      if (!stop) work                      while (mark) tp_barrier_wait(&rounds)
 *      mark = 0                             work
 *
 * Either the many see that they are stopped, or the one sees their marks. */
#ifndef TP_BARRIER_H
#define TP_BARRIER_H

#include <stdatomic.h>
#include <stdbool.h>

#include "compiler.h"

#if defined(__linux__)
/* The kernel makes the processors that run the other threads do it (membarrier). */
#define TP_BARRIER_IS_ASYMMETRIC 1
#endif

TP_ALWAYS_INLINE void tp_barrier_light(void)
{
#ifdef TP_BARRIER_IS_ASYMMETRIC
    atomic_signal_fence(memory_order_seq_cst);
#else
    atomic_thread_fence(memory_order_seq_cst);
#endif
}

/* How many forks this process came from since the first tp_barrier_prepare(). */
extern atomic_uint tp_forks;

/* To be called before the pair is used. False: the kernel refuses, the pair does not work. */
bool tp_barrier_prepare(void);

void tp_barrier_heavy(void);

/* Lets others run; the longer it has taken (`*rounds`, 0 at first), the more. */
void tp_barrier_wait(unsigned *rounds);

/* Sleeps so long. */
void tp_barrier_sleep(unsigned microseconds);

#endif

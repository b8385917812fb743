#define _GNU_SOURCE /* syscall() */

#include "barrier.h"

#include <pthread.h>
#include <sched.h>
#include <time.h>

#ifdef TP_BARRIER_IS_ASYMMETRIC
#include <linux/membarrier.h>
#include <sys/syscall.h>
#include <unistd.h>
#endif

atomic_uint tp_forks;

static void is_forked(void)
{
    tp_forks++;
}

static void watch_forks(void)
{
    static atomic_flag done = ATOMIC_FLAG_INIT;
    if (!atomic_flag_test_and_set(&done))
        (void)pthread_atfork(NULL, NULL, is_forked);
}

#ifdef TP_BARRIER_IS_ASYMMETRIC
bool tp_barrier_prepare(void)
{
    watch_forks();
    return syscall(SYS_membarrier, MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED, 0, 0) == 0;
}

void tp_barrier_heavy(void)
{
    atomic_thread_fence(memory_order_seq_cst);
    (void)syscall(SYS_membarrier, MEMBARRIER_CMD_PRIVATE_EXPEDITED, 0, 0);
}
#else
bool tp_barrier_prepare(void)
{
    watch_forks();
    return true;
}

void tp_barrier_heavy(void)
{
    atomic_thread_fence(memory_order_seq_cst);
}
#endif

/* Rounds that are spent without the kernel: what is waited for takes nanoseconds, unless its thread has
 * lost its processor. */
#define SPINS 64u

void tp_barrier_wait(unsigned *rounds)
{
    if (++*rounds > SPINS)
        (void)sched_yield();
}

void tp_barrier_sleep(unsigned microseconds)
{
    const struct timespec time = { 0, (long)microseconds * 1000 };
    (void)nanosleep(&time, NULL);
}

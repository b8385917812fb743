#define _GNU_SOURCE /* syscall() */

#include "native_thread.h"

#if defined(__linux__)

#include <errno.h>
#include <sys/syscall.h>
#include <unistd.h>

bool tp_native_thread_is_there(unsigned long id)
{
    int before = errno;
    bool gone = syscall(SYS_tgkill, (long)getpid(), (long)id, 0L) != 0 && errno == ESRCH;
    errno = before;
    return !gone;
}

#else

bool tp_native_thread_is_there(unsigned long id)
{
    (void)id;
    return true;
}

#endif

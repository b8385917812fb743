/* Threads as the operating system knows them. */
#ifndef TP_NATIVE_THREAD_H
#define TP_NATIVE_THREAD_H

#include <stdbool.h>

/* Whether a thread of this process with that id (Linux: gettid()) has not ended. True where that cannot be known;
 * an id may have been given to another thread since. Keeps errno. Thread-safe. */
bool tp_native_thread_is_there(unsigned long id);

#endif

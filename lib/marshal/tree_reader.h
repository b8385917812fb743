/* The file's second object: trees, threads, properties, and what is read by coroutine_reader.h and
 * process_reader.h (docs/format.md). */
#ifndef TP_TREE_READER_H
#define TP_TREE_READER_H

#include "marshal_reader.h"
#include "model.h"

/* Reads the next object of the input and adds what it holds to a profile that has its functions
 * already. An object that is not ours is passed over; a later minor version may hold more than is read
 * here. */
TP_NODISCARD tp_status tp_load_extension(tp_marshal_reader *reader, tp_profile *profile);

#endif

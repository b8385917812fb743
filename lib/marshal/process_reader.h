/* Processes in the file's second object (docs/format.md). */
#ifndef TP_PROCESS_READER_H
#define TP_PROCESS_READER_H

#include "marshal_reader.h"
#include "model.h"

/* Reads the value of the key that holds them. */
TP_NODISCARD tp_status tp_load_processes(tp_marshal_reader *reader, tp_profile *profile);

#endif

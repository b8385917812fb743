/* Figures of coroutine functions in the file's second object (docs/format.md). */
#ifndef TP_COROUTINE_READER_H
#define TP_COROUTINE_READER_H

#include "marshal_reader.h"
#include "model.h"

/* Reads the value of the key that holds them, into a profile that has its functions already. *has_other
 * tells whether they have both times. */
TP_NODISCARD tp_status tp_load_coroutines(tp_marshal_reader *reader, tp_profile *profile,
                                          bool *has_other);

#endif

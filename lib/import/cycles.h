/* Which functions call each other in circles. */
#ifndef TP_CYCLES_H
#define TP_CYCLES_H

#include "model.h"

/* Numbers the strongly connected components of the profile's functions and edges: component[f] is equal for
 * two functions just if each calls the other, directly or not. */
TP_NODISCARD tp_status tp_find_cycles(const tp_profile *profile, uint32_t *component);

#endif

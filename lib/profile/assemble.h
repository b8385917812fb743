/* Putting profiles together: rows by label, edges by pair, from whatever source. */
#ifndef TP_ASSEMBLE_H
#define TP_ASSEMBLE_H

#include "fold.h"
#include "label_set.h"
#include "map.h"
#include "model.h"

/* A profile to which rows and edges are added again and again; equal ones add up. */
typedef struct tp_assembly {
    tp_profile *profile; /* Owned until it is taken. */
    tp_label_set labels; /* numbers are indices of functions */
    tp_map edge_of;      /* packed pair -> index of an edge */
    size_t row_guess;    /* where the next row and edge are likely to be: files of one program are */
    size_t edge_guess;   /* alike */
} tp_assembly;

TP_NODISCARD tp_status tp_assembly_init(tp_assembly *assembly, const tp_allocator *allocator);
void tp_assembly_free(tp_assembly *assembly);

/* The row with this label, made if there is none. */
TP_NODISCARD tp_status tp_assembly_row(tp_assembly *assembly, uint32_t *index,
                                       const tp_label *label);

/* The same of a label whose strings are known by their numbers in the profile's: nothing is compared byte by
 * byte. */
TP_NODISCARD tp_status tp_assembly_row_packed(tp_assembly *assembly, uint32_t *index,
                                              const tp_packed_label *label);

/* Adds figures to a row or an edge. TP_ELIMIT when a count leaves 64 bits. */
TP_NODISCARD tp_status tp_assembly_add(tp_assembly *assembly, uint32_t index,
                                       const tp_function *figures);
TP_NODISCARD tp_status tp_assembly_add_edge(tp_assembly *assembly, const tp_edge *edge);

/* Rows, edges, coroutines, processes, properties, origin and unit of a profile; no trees. To be finished
 * by the caller. */
TP_NODISCARD tp_status tp_profile_copy(tp_profile **copy, const tp_profile *profile);

/* Adds a profile's coroutines to one in which function f has the number index_of[f], and none if that is
 * TP_NO_INDEX; NULL: the same. `scale` is what one of its ticks is in those of the other; TP_ELIMIT when
 * it is too much. */
TP_NODISCARD tp_status tp_copy_coroutines(tp_profile *to, const tp_profile *from,
                                          const uint32_t *index_of, double scale);

/* Copies processes, to the same numbers where there were none before. */
TP_NODISCARD tp_status tp_copy_processes(tp_profile *to, const tp_profile *from);

/* Copies what its figures are: of whom, of which times, in what unit. */
void tp_copy_kind(tp_profile *to, const tp_profile *from);

/* Copies properties that describe the recording. */
TP_NODISCARD tp_status tp_copy_properties(tp_profile *to, const tp_profile *from);

/* Edges by their callees, as profiles have them; within a callee as they came. */
TP_NODISCARD tp_status tp_group_edges(tp_profile *profile);

/* One edge of a fold, whose ticks become seconds; index_of maps its functions' numbers to the profile's. */
TP_NODISCARD tp_status tp_profile_add_flat_edge(tp_profile *profile, const tp_flat_edge *from,
                                                const uint32_t *index_of);

/* Functions and edges from the profile's trees: for a profile that has labels but no figures yet. Rows
 * that are never called go, with their coroutines, and the numbers in trees and coroutines change. */
TP_NODISCARD tp_status tp_fold_trees(tp_profile *profile);

#endif

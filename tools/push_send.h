/* Delivering a request, and what is said when that does not work. */
#ifndef TP_PUSH_SEND_H
#define TP_PUSH_SEND_H

#include "push_http.h"
#include "push_request.h"

/* Posts it, and up to `retries` times again when the network failed or the server was busy, with pauses
 * that grow, or as long as the server asks. `server` is what messages call it. 0, or an exit status with
 * the error printed. */
int tp_push_send(const tp_post *post, tp_push_server kind, const char *server, unsigned retries);

#endif

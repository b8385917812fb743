/* Who else watched the program while it was recorded: their hooks cost time, and a profile says so. */
#ifndef TP_COMPANY_H
#define TP_COMPANY_H

#include "engine.h"

/* Notes tools of sys.monitoring, and the calling thread's hooks of sys.settrace and sys.setprofile that are
 * not ours. Keeps exceptions as they are; without memory something is left out. */
void tp_company_note(tp_recording *recording);

/* Whether anybody does just now. */
bool tp_company_is_there(tp_engine *engine);

/* Sets the property "shared_with", if there is anything to say. TP_ENOMEM without an exception. */
TP_NODISCARD tp_status tp_company_describe(const tp_recording *recording, tp_profile *profile);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/* A question about rules, as text. */
#ifndef WX_NET_QUESTION_H
#define WX_NET_QUESTION_H

#include "net/policy.h"

/**
 * "out:HOST:PORT/tcp", "in:ADDRESS:PORT/udp<ADDRESS:PORT", "out:unix:/PATH", "in:unix:/PATH",
 * "dns:NAME". `name` is room for a name the question points to; a path lies in the text.
 * @return WAX_E_INVALID with a hint
 */
wax_status wx_net_question_parse(const char *text, struct wx_net_query *ret,
                                 char name[WX_NET_NAME_MAX + 1], wax_error **err);

#endif

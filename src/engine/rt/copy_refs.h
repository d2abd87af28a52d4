/* SPDX-License-Identifier: Apache-2.0 */
/* References, from the objects of one store to those of its copy. */
#ifndef WX_ENGINE_RT_COPY_REFS_H
#define WX_ENGINE_RT_COPY_REFS_H

#include "engine/rt/copy.h"

/** What is to be done once all places are known. Zero-initialised but for `mem`. */
struct wx_copy_refs {
    struct wx_mem *mem;
    WX_VEC(struct wx_copy_frame) frames; /* that may hold references */
    WX_VEC(struct wx_copy_box) boxes;    /* payloads that do */
};

/** Fail with `what` "can not be copied to another process". @return WAX_E_UNSUPPORTED */
wax_status wx_no_copy(wax_error **err, const char *what);
/**
 * A reference of this type, null or not. Exceptions come with what they refer to; references to
 * something of the host are refused. @return WAX_OK; WAX_E_NOMEM, WAX_E_UNSUPPORTED
 */
wax_status wx_copy_ref(const struct wx_copy *c, wx_valtype type, uint64_t ref[2], wax_error **err);
/** Translate what the frames noted and the exceptions copied hold. @return as above */
wax_status wx_copy_refs_finish(const struct wx_copy *c, wax_error **err);
void wx_copy_refs_fini(struct wx_copy_refs *refs);

#endif

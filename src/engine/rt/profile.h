/* SPDX-License-Identifier: Apache-2.0 */
/* Telling a profiler of the host which machine code is which function. */
#ifndef WX_ENGINE_RT_PROFILE_H
#define WX_ENGINE_RT_PROFILE_H

#include "base/error.h"
#include "base/log.h"
#include "wasm/module.h"

/*
 * Two forms, both read by perf(1). A map, /tmp/perf-PID.map: a line of text for each function, read
 * when the profile is shown, while the process or its map still is what it was. A dump,
 * jit-PID.dump: records with the code itself and its places; `perf inject --jit` turns them into
 * object files. perf finds the dump because the process maps a page of it executable, which is the
 * only use of that mapping.
 *
 * Files belong to a process, not to an engine: the first engine of a process empties what an
 * earlier process of that number left, later ones append. Each function is one system call, so
 * engines and threads need no lock between them.
 */
enum wx_profile_kind { WX_PROFILE_NONE, WX_PROFILE_PERFMAP, WX_PROFILE_JITDUMP };

struct wx_profile {
    enum wx_profile_kind kind;
    int fd;
    void *marker;    /* mapping that names the dump to perf; NULL for a map */
    uint32_t failed; /* atomic: a write failed, nothing more is written */
    struct wx_log log;
};

/** Code from code_off on belongs to the module's byte `module_off`; ascending. */
struct wx_profile_place {
    uint32_t code_off;
    uint32_t module_off;
};

/** Open the file in dir (NULL = /tmp). @return WAX_OK; WAX_E_NOT_FOUND, WAX_E_DENIED, WAX_E_IO */
wax_status wx_profile_open(struct wx_profile *p, enum wx_profile_kind kind, const char *dir,
                           const struct wx_log *log, wax_error **err);
void wx_profile_close(struct wx_profile *p); /* one never opened (all zero) is accepted */
static inline bool wx_profile_wants_places(const struct wx_profile *p)
{
    return p->kind == WX_PROFILE_JITDUMP;
}
/** A function was compiled. Never fails: what can not be written is logged once. Thread-safe. */
void wx_profile_func(struct wx_profile *p, const struct wx_module *m, uint32_t func_idx,
                     const void *code, size_t len, const struct wx_profile_place *places,
                     uint32_t n_places);
/** Other code of a module: "module![what]". */
void wx_profile_code(struct wx_profile *p, const struct wx_module *m, const char *what,
                     const void *code, size_t len);

#endif

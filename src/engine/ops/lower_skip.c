/* SPDX-License-Identifier: Apache-2.0 */
/* Lowering: passing over the immediates of code that is never reached. */
#include "engine/ops/lowering.h"

static void skip_blocktype(struct wx_reader *r)
{
    uint8_t byte = *r->p;
    if (byte == 0x63 || byte == 0x64) {
        r->p++;
    }
    (void)wx_read_s33(r);
}

static void skip_indices(struct wx_reader *r, unsigned n)
{
    while (n--) {
        (void)wx_read_u32(r);
    }
}

static void skip_memarg(struct wx_reader *r)
{
    uint32_t flags = wx_read_u32(r);
    skip_indices(r, (flags & 0x40) != 0);
    (void)wx_read_u64(r);
}

void wx_lo_skip_immediate(struct wx_reader *r, enum wx_imm imm)
{
    switch (imm) {
    case WX_IMM_NONE: break;
    case WX_IMM_BLOCK: skip_blocktype(r); break;
    case WX_IMM_LABELS: skip_indices(r, wx_read_u32(r) + 1); break;
    case WX_IMM_TYPES:
        (void)wx_read_u32(r);
        skip_blocktype(r);
        break;
    case WX_IMM_LABEL:
    case WX_IMM_FUNC:
    case WX_IMM_TYPE:
    case WX_IMM_LOCAL:
    case WX_IMM_GLOBAL:
    case WX_IMM_TABLE:
    case WX_IMM_ELEM:
    case WX_IMM_MEM:
    case WX_IMM_DATA:
    case WX_IMM_TAG: skip_indices(r, 1); break;
    case WX_IMM_TYPE_TABLE:
    case WX_IMM_TABLE2:
    case WX_IMM_ELEM_TABLE:
    case WX_IMM_MEM2:
    case WX_IMM_DATA_MEM: skip_indices(r, 2); break;
    case WX_IMM_MEMARG: skip_memarg(r); break;
    case WX_IMM_MEMARG_LANE:
        skip_memarg(r);
        r->p++;
        break;
    case WX_IMM_I32: (void)wx_read_s32(r); break;
    case WX_IMM_I64: (void)wx_read_s64(r); break;
    case WX_IMM_F32: r->p += 4; break;
    case WX_IMM_F64: r->p += 8; break;
    case WX_IMM_V128:
    case WX_IMM_LANES16: r->p += 16; break;
    case WX_IMM_LANE:
    case WX_IMM_FENCE: r->p++; break;
    case WX_IMM_HEAP: (void)wx_read_s33(r); break;
    case WX_IMM_TRY_TABLE:
        skip_blocktype(r);
        for (uint32_t n = wx_read_u32(r); n; n--) {
            skip_indices(r, wx_read_u8(r) < 2 ? 2 : 1); /* tag and label, or label */
        }
        break;
    }
}

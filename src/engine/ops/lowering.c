/* SPDX-License-Identifier: Apache-2.0 */
/* The files of the lowering as one unit, so that the compiler sees through calls between them. */
// NOLINTBEGIN(bugprone-suspicious-include)
#include "engine/ops/lower_operands.c"

#include "engine/ops/lower_locals.c"

#include "engine/ops/lower_instrs.c"

#include "engine/ops/lower_nan.c"

#include "engine/ops/lower_exn.c"

#include "engine/ops/lower_skip.c"

#include "engine/ops/lower.c"
// NOLINTEND(bugprone-suspicious-include)

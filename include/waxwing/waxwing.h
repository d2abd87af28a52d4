/* SPDX-License-Identifier: Apache-2.0 */
/* Everything: include this one. */
#ifndef WAXWING_WAXWING_H
#define WAXWING_WAXWING_H

#include <waxwing/engine.h>
#include <waxwing/error.h>
#include <waxwing/module.h>
#include <waxwing/net.h>
#include <waxwing/script.h>
#include <waxwing/signal.h>
#include <waxwing/store.h>
#include <waxwing/value.h>
#include <waxwing/version.h>
#include <waxwing/vfs.h>
#include <waxwing/wasi.h>

#endif

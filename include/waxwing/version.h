/* SPDX-License-Identifier: Apache-2.0 */
/* Version numbers and the macros every other public header uses. */
#ifndef WAXWING_VERSION_H
#define WAXWING_VERSION_H

#define WAX_VERSION_MAJOR 0
#define WAX_VERSION_MINOR 1
#define WAX_VERSION_PATCH 0
#define WAX_VERSION "0.1.0"

/* Exported from the shared library; everything else is hidden. */
#define WAX_API __attribute__((visibility("default")))
/* The result must be looked at. */
#define WAX_MUST_USE __attribute__((warn_unused_result))
/* Marks a transfer of ownership in a signature; expands to nothing. */
#define wax_own
/* The result is released by FN (gcc checks the pairing; clang rejects this form). */
#if defined(__GNUC__) && !defined(__clang__) && __GNUC__ >= 11
#define WAX_FREED_BY(FN) __attribute__((malloc(FN, 1)))
#else
#define WAX_FREED_BY(FN)
#endif

#endif

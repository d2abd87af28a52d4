/* SPDX-License-Identifier: Apache-2.0 */
/* What the modules of one process know of each other. */
#ifndef TESTS_WASIX_GUESTS_DL_LOG_H
#define TESTS_WASIX_GUESTS_DL_LOG_H

#include <stdint.h>

/* The program's: who was initialized, in order. */
extern char log_text[64];
void log_add(char c);

#endif

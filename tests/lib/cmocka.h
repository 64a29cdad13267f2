/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cmocka.h: cmocka with the four headers that it wants before itself.
 */
#ifndef TESTS_LIB_CMOCKA_H
#define TESTS_LIB_CMOCKA_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#endif

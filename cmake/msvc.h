/* What the sources ask of GCC and clang, for MSVC: included in front of each of them. */
#pragma once

#define __builtin_prefetch(address) ((void)0)

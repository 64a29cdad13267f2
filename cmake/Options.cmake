# SPDX-License-Identifier: Apache-2.0
# Compiler flags and build options; presets choose among them.
set(CMAKE_C_STANDARD 17)
set(CMAKE_C_STANDARD_REQUIRED ON)
set(CMAKE_C_EXTENSIONS ON) # GNU: explicit_bzero, recvmmsg
set(CMAKE_POSITION_INDEPENDENT_CODE ON)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)

option(IOFF_WERROR "Treat warnings as errors" ON)
set(IOFF_SANITIZE "" CACHE STRING "address;undefined | thread | fuzzer")

add_compile_definitions(_GNU_SOURCE)
add_compile_options(-Wall -Wextra -Wshadow -Wconversion -Wsign-conversion -Wstrict-prototypes
  -Wmissing-prototypes -Wvla -Wformat=2 -fstack-protector-strong -fno-common)
if(IOFF_WERROR)
  add_compile_options(-Werror)
endif()

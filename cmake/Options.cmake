# SPDX-License-Identifier: Apache-2.0
# Compiler flags, hardening, sanitizers and optional dependencies.  Presets
# (CMakePresets.json) choose among them; nothing else in the tree sets flags.
include(CheckPIESupported)
include(GNUInstallDirs)
find_package(PkgConfig REQUIRED)

set(CMAKE_C_STANDARD 17)
set(CMAKE_C_STANDARD_REQUIRED ON)
set(CMAKE_C_EXTENSIONS ON) # GNU: explicit_bzero, recvmmsg
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)
set(CMAKE_POSITION_INDEPENDENT_CODE ON)
check_pie_supported(LANGUAGES C)

if(NOT CMAKE_BUILD_TYPE)
  set(CMAKE_BUILD_TYPE RelWithDebInfo CACHE STRING "" FORCE)
endif()
# Asserts stay in every build: they stand for programmer error alone, no byte
# from outside reaches one, and going on after one could cost a key.
set(CMAKE_C_FLAGS_RELWITHDEBINFO "-O2 -g")
set(CMAKE_C_FLAGS_RELEASE "-O2")

option(IOFF_WERROR "Treat warnings as errors" ON)
set(IOFF_SANITIZE "" CACHE STRING "address;undefined | thread | fuzzer;address;undefined")

add_compile_definitions(_GNU_SOURCE)
add_compile_options(-Wall -Wextra -Wshadow -Wconversion -Wsign-conversion -Wstrict-prototypes
  -Wmissing-prototypes -Wvla -Wformat=2 -fstack-protector-strong -fno-common)
if(IOFF_WERROR)
  add_compile_options(-Werror)
endif()

# Hardening.  FORTIFY needs optimisation and disturbs the sanitizers' own
# interceptors, so a sanitized build goes without.
add_link_options(-Wl,-z,relro,-z,now -Wl,-z,noexecstack -Wl,--as-needed)
if(CMAKE_SYSTEM_PROCESSOR MATCHES "x86_64|aarch64")
  add_compile_options(-fstack-clash-protection)
endif()
if(CMAKE_SYSTEM_PROCESSOR STREQUAL "x86_64")
  add_compile_options(-fcf-protection=full)
endif()

set(IOFF_FUZZING OFF)
if(IOFF_SANITIZE)
  set(sanitizers ${IOFF_SANITIZE})
  if("fuzzer" IN_LIST sanitizers)
    if(NOT CMAKE_C_COMPILER_ID MATCHES Clang)
      message(FATAL_ERROR "IOFF_SANITIZE=fuzzer needs clang (preset fuzz)")
    endif()
    # Libraries get coverage alone; a fuzz target brings libFuzzer's main.
    list(TRANSFORM sanitizers REPLACE "^fuzzer$" "fuzzer-no-link")
    set(IOFF_FUZZING ON)
  endif()
  list(JOIN sanitizers "," sanitizers)
  add_compile_options(-fsanitize=${sanitizers} -fno-sanitize-recover=all -fno-omit-frame-pointer)
  add_link_options(-fsanitize=${sanitizers})
else()
  add_compile_options($<$<NOT:$<CONFIG:Debug>>:-U_FORTIFY_SOURCE>
    $<$<NOT:$<CONFIG:Debug>>:-D_FORTIFY_SOURCE=2>)
endif()

# ioff_optional(NAME PKG modules... | HEADER header LIBRARY library, WHY text)
# makes option IOFF_WITH_NAME (AUTO, ON, OFF) and target opt::name.  Linking
# opt::name defines HAVE_NAME=1 where the library was found and HAVE_NAME=0
# where not, so code writes `#if HAVE_NAME` and a typing error is a warning.
function(ioff_optional name)
  cmake_parse_arguments(O "" "HEADER;LIBRARY;WHY" "PKG" ${ARGN})
  set(IOFF_WITH_${name} AUTO CACHE STRING "${O_WHY}: AUTO, ON (required) or OFF")
  set_property(CACHE IOFF_WITH_${name} PROPERTY STRINGS AUTO ON OFF)
  string(TOLOWER ${name} lower)
  add_library(ioff_opt_${lower} INTERFACE)
  add_library(opt::${lower} ALIAS ioff_opt_${lower})
  set(found 0)
  if(NOT IOFF_WITH_${name} STREQUAL "OFF")
    if(O_PKG)
      pkg_check_modules(${name} QUIET IMPORTED_TARGET ${O_PKG})
      if(${name}_FOUND)
        set(found 1)
        target_link_libraries(ioff_opt_${lower} INTERFACE PkgConfig::${name})
      endif()
    else()
      find_path(${name}_INCLUDE_DIR ${O_HEADER})
      find_library(${name}_LIBRARY ${O_LIBRARY})
      mark_as_advanced(${name}_INCLUDE_DIR ${name}_LIBRARY)
      if(${name}_INCLUDE_DIR AND ${name}_LIBRARY)
        set(found 1)
        target_link_libraries(ioff_opt_${lower} INTERFACE ${${name}_LIBRARY})
      endif()
    endif()
    if(NOT found AND NOT IOFF_WITH_${name} STREQUAL "AUTO")
      message(FATAL_ERROR "IOFF_WITH_${name}=${IOFF_WITH_${name}}, but it was not found")
    endif()
  endif()
  target_compile_definitions(ioff_opt_${lower} INTERFACE HAVE_${name}=${found})
  set(HAVE_${name} ${found} PARENT_SCOPE)
  message(STATUS "IOFF_WITH_${name}=${IOFF_WITH_${name}}: HAVE_${name}=${found} (${O_WHY})")
endfunction()

ioff_optional(IPSEC_MB HEADER intel-ipsec-mb.h LIBRARY IPSec_MB WHY "multi-buffer AES-GCM")
ioff_optional(RDMA_CORE PKG libmlx5 libibverbs WHY "mlx5 backend")
ioff_optional(LIBXDP PKG libxdp WHY "AF_XDP sockets")

# SPDX-License-Identifier: Apache-2.0
# A floor of the house: one static library whose links are its arrows.
#   ioff_floor(NAME SOURCES ... USES floor... LIBS external...)
# ci/check-floors compares the arrows with the allowed ones.
function(ioff_floor name)
  cmake_parse_arguments(F "" "" "SOURCES;USES;LIBS" ${ARGN})
  add_library(${name} STATIC ${F_SOURCES})
  target_include_directories(${name} PUBLIC ${CMAKE_SOURCE_DIR})
  target_link_libraries(${name} PUBLIC ${F_USES} ${F_LIBS})
  set_property(GLOBAL APPEND PROPERTY IOFF_FLOORS ${name})
endfunction()

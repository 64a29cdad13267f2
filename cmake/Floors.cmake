# SPDX-License-Identifier: Apache-2.0
# The floors of the house as targets, and a record of who links whom.
#
#   ioff_floor(NAME SOURCES file... USES floor... LIBS external...)
#     one static library whose links are its arrows
#   ioff_program(NAME SOURCES file... USES floor... LIBS external... [SBIN])
#     one installed executable on top of floors
#
# At the end of configuration the link graph of every target of the tree, made
# by these functions or not, is written to <build>/floors.txt, which
# ci/check-floors compares with the arrows allowed by the design.  One line a
# target: name, type, folder, links, sources; separated by "|", lists by " ".

function(ioff_floor name)
  cmake_parse_arguments(F "" "" "SOURCES;USES;LIBS" ${ARGN})
  add_library(${name} STATIC ${F_SOURCES})
  target_include_directories(${name} PUBLIC ${CMAKE_SOURCE_DIR})
  target_link_libraries(${name} PUBLIC ${F_USES} ${F_LIBS})
endfunction()

function(ioff_program name)
  cmake_parse_arguments(P "SBIN" "" "SOURCES;USES;LIBS" ${ARGN})
  add_executable(${name} ${P_SOURCES})
  target_include_directories(${name} PRIVATE ${CMAKE_SOURCE_DIR})
  target_link_libraries(${name} PRIVATE ${P_USES} ${P_LIBS})
  if(P_SBIN)
    install(TARGETS ${name} RUNTIME DESTINATION ${CMAKE_INSTALL_SBINDIR})
  else()
    install(TARGETS ${name} RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR})
  endif()
endfunction()

function(ioff_record_folder dir)
  get_property(targets DIRECTORY ${dir} PROPERTY BUILDSYSTEM_TARGETS)
  file(RELATIVE_PATH folder ${CMAKE_SOURCE_DIR} ${dir})
  foreach(target ${targets})
    get_target_property(type ${target} TYPE)
    if(type MATCHES "LIBRARY|EXECUTABLE")
      set(links "")
      set(sources "")
      foreach(property LINK_LIBRARIES INTERFACE_LINK_LIBRARIES)
        get_target_property(value ${target} ${property})
        if(value)
          list(APPEND links ${value})
        endif()
      endforeach()
      get_target_property(value ${target} SOURCES)
      if(value)
        set(sources ${value})
      endif()
      list(REMOVE_DUPLICATES links)
      # "$<LINK_ONLY:x>" is how CMake notes a private link of a static library.
      list(TRANSFORM links REPLACE "^\\$<LINK_ONLY:(.*)>$" "\\1")
      string(REPLACE ";" " " links "${links}")
      string(REPLACE ";" " " sources "${sources}")
      set_property(GLOBAL APPEND_STRING PROPERTY IOFF_RECORD
        "${target}|${type}|${folder}|${links}|${sources}\n")
    endif()
  endforeach()
  get_property(subdirs DIRECTORY ${dir} PROPERTY SUBDIRECTORIES)
  foreach(sub ${subdirs})
    ioff_record_folder(${sub})
  endforeach()
endfunction()

function(ioff_write_record)
  ioff_record_folder(${CMAKE_SOURCE_DIR})
  get_property(record GLOBAL PROPERTY IOFF_RECORD)
  file(WRITE ${CMAKE_BINARY_DIR}/floors.txt "${record}")
endfunction()
cmake_language(DEFER DIRECTORY ${CMAKE_SOURCE_DIR} CALL ioff_write_record)

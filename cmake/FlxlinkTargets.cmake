# How every target of the project is compiled.
function(flxlink_compile_options target)
  target_compile_options(${target} PRIVATE -Wall -Wextra -Wshadow -Wconversion)
  if(FLXLINK_WERROR)
    target_compile_options(${target} PRIVATE -Werror)
  endif()
  if(FLXLINK_SANITIZE)
    target_compile_options(${target} PUBLIC -fsanitize=${FLXLINK_SANITIZE} -fno-omit-frame-pointer
                                            -fno-sanitize-recover=all)
    target_link_options(${target} PUBLIC -fsanitize=${FLXLINK_SANITIZE})
  endif()
endfunction()

# A folder of src/ as an object library, flxlink_<name>, from all its sources; they are put together into the static library flxlink. DEPS are the folders and packages that it may use;
# tests/include_graph.py fails on an include that design forbids.
function(flxlink_folder name)
  cmake_parse_arguments(ARG "" "DIR" "DEPS" ${ARGN})
  if(NOT ARG_DIR)
    set(ARG_DIR ${name})
  endif()
  file(GLOB sources CONFIGURE_DEPENDS "${CMAKE_CURRENT_SOURCE_DIR}/${ARG_DIR}/*.cc")
  add_library(flxlink_${name} OBJECT ${sources})
  target_include_directories(flxlink_${name} PUBLIC "${PROJECT_SOURCE_DIR}/include" PRIVATE "${PROJECT_SOURCE_DIR}")
  target_link_libraries(flxlink_${name} PUBLIC ${ARG_DEPS})
  flxlink_compile_options(flxlink_${name})
endfunction()

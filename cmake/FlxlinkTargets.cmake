# How every target of the project is compiled.
function(flxlink_compile_options target)
  target_compile_features(${target} PUBLIC cxx_std_17)
  set_target_properties(${target} PROPERTIES CXX_EXTENSIONS OFF POSITION_INDEPENDENT_CODE ON)
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

# How a target of the tests is compiled: last, by FLXLINK_TEST_FLAGS. To optimise what runs once, or to watch it for undefined behaviour,
# takes longer than to run it.
function(flxlink_test_options target)
  flxlink_compile_options(${target})
  target_compile_options(${target} PRIVATE ${FLXLINK_TEST_FLAGS})
endfunction()

# A folder of src/ as an object library, flxlink_<name>, from all its sources; they are put together into the static
# library flxlink. FOLDERS and PACKAGES are what it may use; tests/include_graph.py fails on an include that the design
# forbids.
function(flxlink_folder name)
  cmake_parse_arguments(ARG "" "DIR" "FOLDERS;PACKAGES" ${ARGN})
  if(NOT ARG_DIR)
    set(ARG_DIR ${name})
  endif()
  file(GLOB sources CONFIGURE_DEPENDS "${CMAKE_CURRENT_SOURCE_DIR}/${ARG_DIR}/*.cc")
  add_library(flxlink_${name} OBJECT ${sources})
  target_include_directories(flxlink_${name} PUBLIC "${PROJECT_SOURCE_DIR}/include" PRIVATE "${PROJECT_SOURCE_DIR}")
  list(TRANSFORM ARG_FOLDERS PREPEND flxlink_)
  target_link_libraries(flxlink_${name} PUBLIC ${ARG_FOLDERS} ${ARG_PACKAGES})
  flxlink_compile_options(flxlink_${name})
  target_sources(flxlink PRIVATE $<TARGET_OBJECTS:flxlink_${name}>)
  target_link_libraries(flxlink PUBLIC ${ARG_PACKAGES})
endfunction()

# flxlink_records(NAME PROTO): what protoc makes of PROTO.proto of the folder src/, as a part of the folder NAME.
function(flxlink_records name proto)
  protobuf_generate(TARGET flxlink_${name} LANGUAGE cpp PROTOS ${proto}.proto IMPORT_DIRS "${CMAKE_CURRENT_SOURCE_DIR}"
                    PROTOC_OUT_DIR "${CMAKE_CURRENT_BINARY_DIR}")
  target_include_directories(flxlink_${name} PRIVATE "${CMAKE_CURRENT_BINARY_DIR}")
  # Its warnings are not ours to fix.
  set_source_files_properties("${CMAKE_CURRENT_BINARY_DIR}/${proto}.pb.cc" PROPERTIES COMPILE_OPTIONS "-w")
endfunction()

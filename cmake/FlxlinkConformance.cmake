# The conformance suites, as libraries to link a storage or an adapter of one's own with: flxlink::storage_conformance
# and flxlink::channel_conformance. Two, since gtest fails a program that has a suite and nothing to run it over.
function(flxlink_conformance name)
  cmake_parse_arguments(ARG "" "" "SOURCES" ${ARGN})
  set(suite flxlink_${name}_suite)
  add_library(${suite} STATIC ${ARG_SOURCES})
  add_library(flxlink::${name}_suite ALIAS ${suite})
  set_target_properties(${suite} PROPERTIES EXPORT_NAME ${name}_suite)
  target_include_directories(${suite} PRIVATE "${PROJECT_SOURCE_DIR}")
  target_link_libraries(${suite} PUBLIC flxlink::flxlink GTest::gmock GTest::gtest)
  flxlink_test_options(${suite})
  # The sources register their tests when they are linked, and nobody calls into them: linked whole.
  add_library(flxlink_${name} INTERFACE)
  add_library(flxlink::${name} ALIAS flxlink_${name})
  set_target_properties(flxlink_${name} PROPERTIES EXPORT_NAME ${name})
  target_link_libraries(flxlink_${name} INTERFACE "$<LINK_LIBRARY:WHOLE_ARCHIVE,flxlink::${name}_suite>"
                                                  flxlink::flxlink GTest::gmock GTest::gtest)
endfunction()

file(GLOB sources CONFIGURE_DEPENDS "${PROJECT_SOURCE_DIR}/tests/storage/conformance*.cc")
flxlink_conformance(storage_conformance SOURCES ${sources} "${PROJECT_SOURCE_DIR}/tests/storage/shop.cc"
                                                "${PROJECT_SOURCE_DIR}/tests/storage/store_text.cc")
file(GLOB sources CONFIGURE_DEPENDS "${PROJECT_SOURCE_DIR}/tests/channels/conformance*.cc")
flxlink_conformance(channel_conformance SOURCES ${sources})

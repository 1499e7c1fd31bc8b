# What `cmake --install` puts where; cmake/flxlinkConfig.cmake is how find_package(flxlink) finds it again.
include(GNUInstallDirs)
include(CMakePackageConfigHelpers)
set(flxlink_package_dir "${CMAKE_INSTALL_LIBDIR}/cmake/flxlink")

install(TARGETS flxlink EXPORT flxlinkTargets ARCHIVE DESTINATION "${CMAKE_INSTALL_LIBDIR}")
install(EXPORT flxlinkTargets NAMESPACE flxlink:: DESTINATION "${flxlink_package_dir}")
install(DIRECTORY include/flxlink DESTINATION "${CMAKE_INSTALL_INCLUDEDIR}" PATTERN conformance EXCLUDE)
write_basic_package_version_file("${PROJECT_BINARY_DIR}/flxlinkConfigVersion.cmake" COMPATIBILITY SameMinorVersion)
install(FILES cmake/flxlinkConfig.cmake "${PROJECT_BINARY_DIR}/flxlinkConfigVersion.cmake" cmake/FindCsv.cmake
              cmake/FindUtf8proc.cmake cmake/FindXxHash.cmake
        DESTINATION "${flxlink_package_dir}")

if(TARGET flxlink_storage_conformance)
  install(TARGETS flxlink_storage_conformance flxlink_storage_conformance_suite flxlink_channel_conformance
                  flxlink_channel_conformance_suite
          EXPORT flxlinkConformanceTargets ARCHIVE DESTINATION "${CMAKE_INSTALL_LIBDIR}")
  install(EXPORT flxlinkConformanceTargets NAMESPACE flxlink:: DESTINATION "${flxlink_package_dir}")
  install(DIRECTORY include/flxlink/conformance DESTINATION "${CMAKE_INSTALL_INCLUDEDIR}/flxlink")
endif()

if(TARGET flxlink_cli)
  install(TARGETS flxlink_cli RUNTIME DESTINATION "${CMAKE_INSTALL_BINDIR}")
endif()

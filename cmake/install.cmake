# cmake --install gives headers, the static library and find_package(robust_metric).
include(GNUInstallDirs)
include(CMakePackageConfigHelpers)

install(TARGETS robust_metric EXPORT robust_metricTargets ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR})
install(DIRECTORY cpp/include/robust_metric DESTINATION ${CMAKE_INSTALL_INCLUDEDIR})
set(package_dir ${CMAKE_INSTALL_LIBDIR}/cmake/robust_metric)
install(EXPORT robust_metricTargets NAMESPACE robust_metric:: DESTINATION ${package_dir})
file(WRITE ${CMAKE_CURRENT_BINARY_DIR}/robust_metricConfig.cmake
  "include(CMakeFindDependencyMacro)\n"
  "find_dependency(Threads)\n"
  "include(\${CMAKE_CURRENT_LIST_DIR}/robust_metricTargets.cmake)\n")
write_basic_package_version_file(${CMAKE_CURRENT_BINARY_DIR}/robust_metricConfigVersion.cmake
  COMPATIBILITY SameMinorVersion)
install(FILES ${CMAKE_CURRENT_BINARY_DIR}/robust_metricConfig.cmake
  ${CMAKE_CURRENT_BINARY_DIR}/robust_metricConfigVersion.cmake DESTINATION ${package_dir})

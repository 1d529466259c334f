# cmake --install gives headers, the library, find_package(robust_metric) and pkg-config's robust_metric.
include(GNUInstallDirs)
include(CMakePackageConfigHelpers)

install(TARGETS robust_metric EXPORT robust_metricTargets
  ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR}
  LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR}
  RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR}
  INCLUDES DESTINATION ${CMAKE_INSTALL_INCLUDEDIR})
install(DIRECTORY cpp/include/robust_metric DESTINATION ${CMAKE_INSTALL_INCLUDEDIR})
set(package_dir ${CMAKE_INSTALL_LIBDIR}/cmake/robust_metric)
install(EXPORT robust_metricTargets NAMESPACE robust_metric:: DESTINATION ${package_dir})

# what a program needs besides a static library, which does not say so itself
set(dependencies "")
set(pkgconfig_libraries "")
if(library_type STREQUAL "STATIC_LIBRARY")
  string(APPEND dependencies "set(THREADS_PREFER_PTHREAD_FLAG ON)\nfind_dependency(Threads)\n")
  string(APPEND pkgconfig_libraries " -pthread")
  set(pkgconfig_definition "")
else()
  set(pkgconfig_definition " -DROBUST_METRIC_SHARED")
endif()
file(WRITE ${CMAKE_CURRENT_BINARY_DIR}/robust_metricConfig.cmake
  "include(CMakeFindDependencyMacro)\n"
  "${dependencies}"
  "include(\${CMAKE_CURRENT_LIST_DIR}/robust_metricTargets.cmake)\n")
write_basic_package_version_file(${CMAKE_CURRENT_BINARY_DIR}/robust_metricConfigVersion.cmake
  COMPATIBILITY SameMinorVersion)
install(FILES ${CMAKE_CURRENT_BINARY_DIR}/robust_metricConfig.cmake
  ${CMAKE_CURRENT_BINARY_DIR}/robust_metricConfigVersion.cmake DESTINATION ${package_dir})

# relative to where the file is, so that the folder can be moved; an absolute libdir cannot be
foreach(kind LIBDIR INCLUDEDIR)
  string(TOLOWER pkgconfig_${kind} name)
  if(IS_ABSOLUTE ${CMAKE_INSTALL_${kind}})
    set(${name} ${CMAKE_INSTALL_${kind}})
  else()
    set(${name} "\${prefix}/${CMAKE_INSTALL_${kind}}")
  endif()
endforeach()
if(IS_ABSOLUTE ${CMAKE_INSTALL_LIBDIR})
  set(pkgconfig_prefix ${CMAKE_INSTALL_PREFIX})
else()
  file(RELATIVE_PATH pkgconfig_prefix /prefix/${CMAKE_INSTALL_LIBDIR}/pkgconfig /prefix)
  string(PREPEND pkgconfig_prefix "\${pcfiledir}/")
endif()
configure_file(cmake/robust_metric.pc.in robust_metric.pc @ONLY)
install(FILES ${CMAKE_CURRENT_BINARY_DIR}/robust_metric.pc DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig)

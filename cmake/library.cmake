# The library, static or shared as BUILD_SHARED_LIBS says. What is built with its inside (tests, fuzz drivers, the Python
# modules) needs it static: a shared one exports what the public headers declare and nothing else.
if(ROBUST_METRIC_PYTHON OR ROBUST_METRIC_TESTS OR ROBUST_METRIC_FUZZ)
  add_library(robust_metric STATIC)
else()
  add_library(robust_metric)
endif()
add_library(robust_metric::robust_metric ALIAS robust_metric)
file(GLOB_RECURSE core_sources CONFIGURE_DEPENDS cpp/core/*.cpp)
target_sources(robust_metric PRIVATE ${core_sources})
target_include_directories(robust_metric PUBLIC $<BUILD_INTERFACE:${CMAKE_CURRENT_SOURCE_DIR}/cpp/include>)
target_include_directories(robust_metric PRIVATE cpp/core)
target_compile_features(robust_metric PUBLIC cxx_std_20)
# The ABI may change with every minor version before 1.0, afterwards with every major one: so does the SONAME.
if(PROJECT_VERSION_MAJOR EQUAL 0)
  set(abi_version 0.${PROJECT_VERSION_MINOR})
else()
  set(abi_version ${PROJECT_VERSION_MAJOR})
endif()
set_target_properties(robust_metric PROPERTIES VERSION ${PROJECT_VERSION} SOVERSION ${abi_version})
get_target_property(library_type robust_metric TYPE)
if(library_type STREQUAL "SHARED_LIBRARY")
  target_compile_definitions(robust_metric PUBLIC ROBUST_METRIC_SHARED PRIVATE ROBUST_METRIC_BUILDS)
endif()

set(THREADS_PREFER_PTHREAD_FLAG ON)
find_package(Threads REQUIRED)
target_link_libraries(robust_metric PRIVATE Threads::Threads)

# Error bounds assume IEEE 754 as written: no contraction, no reassociation.
add_library(robust_metric_flags INTERFACE)
if(MSVC)
  target_compile_options(robust_metric_flags INTERFACE
    /fp:precise /utf-8 /EHsc /W3 $<BUILD_INTERFACE:/FI${CMAKE_CURRENT_SOURCE_DIR}/cmake/msvc.h> $<$<BOOL:${ROBUST_METRIC_WERROR}>:/WX>)
  target_compile_definitions(robust_metric_flags INTERFACE NOMINMAX)
else()
  target_compile_options(robust_metric_flags INTERFACE
    -ffp-contract=off -fno-fast-math -fvisibility=hidden -fvisibility-inlines-hidden -Wall -Wextra -Wpedantic
    $<$<BOOL:${ROBUST_METRIC_WERROR}>:-Werror>)
endif()
if(ROBUST_METRIC_COVERAGE)  # atomic: or threads lose counts
  target_compile_options(robust_metric_flags INTERFACE --coverage -fprofile-update=atomic)
  target_link_options(robust_metric_flags INTERFACE --coverage)
endif()
if(ROBUST_METRIC_SANITIZE)
  target_compile_options(robust_metric_flags INTERFACE
    -fsanitize=${ROBUST_METRIC_SANITIZE} -fno-omit-frame-pointer)
  target_link_options(robust_metric_flags INTERFACE -fsanitize=${ROBUST_METRIC_SANITIZE})
endif()
target_link_libraries(robust_metric PRIVATE $<BUILD_INTERFACE:robust_metric_flags>)
# These change no value: without errno and traps, loops with a root or a choice become SIMD.
if(NOT MSVC)
  set_source_files_properties(cpp/core/base/kernels.cpp PROPERTIES COMPILE_OPTIONS "-fno-math-errno;-fno-trapping-math")
endif()

# The library with its inside, for what is built along with it: twins, tests, fuzz drivers, bindings.
add_library(robust_metric_core INTERFACE)
target_include_directories(robust_metric_core INTERFACE cpp/core)
target_link_libraries(robust_metric_core INTERFACE robust_metric)

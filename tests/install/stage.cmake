# Installs BUILD into an empty PREFIX.
cmake_minimum_required(VERSION 3.23)
include(${CMAKE_CURRENT_LIST_DIR}/run.cmake)
file(REMOVE_RECURSE ${PREFIX})
run(${CMAKE_COMMAND} --build ${BUILD} --target evenkeel_engine evenkeel_interop evenkeel_study evenkeel_cli)
run(${CMAKE_COMMAND} --install ${BUILD} --prefix ${PREFIX})
if(NOT EXISTS ${PREFIX}/include/evenkeel/evenkeel.hpp OR NOT EXISTS ${PREFIX}/bin/evenkeel)
  message(FATAL_ERROR "the stage ${PREFIX} lacks include/evenkeel/evenkeel.hpp or bin/evenkeel")
endif()

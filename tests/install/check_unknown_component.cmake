# A component that does not exist is refused, not ignored.
cmake_minimum_required(VERSION 3.23)
file(REMOVE_RECURSE ${WORK})
file(WRITE ${WORK}/source/CMakeLists.txt "cmake_minimum_required(VERSION 3.23)
project(unknown LANGUAGES CXX)
find_package(evenkeel REQUIRED COMPONENTS engine teapot)
")
execute_process(COMMAND ${CMAKE_COMMAND} -S ${WORK}/source -B ${WORK}/build -G Ninja -DCMAKE_CXX_COMPILER=${COMPILER}
  -DCMAKE_PREFIX_PATH=${PREFIX} RESULT_VARIABLE result OUTPUT_VARIABLE output ERROR_VARIABLE output)
if(result EQUAL 0 OR NOT output MATCHES "teapot")
  message(FATAL_ERROR "expected a refusal that names teapot, got ${result}:\n${output}")
endif()

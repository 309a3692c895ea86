# One interface target carries what every target of ours is compiled with.
add_library(evenkeel_options INTERFACE)
# Highway compiles each kernel per instruction set: 512-bit, 256-bit, 128-bit and portable are enough.
target_compile_definitions(evenkeel_options INTERFACE "HWY_DISABLED_TARGETS=(HWY_SSSE3|HWY_AVX3_DL)")
target_compile_options(evenkeel_options INTERFACE -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wno-sign-conversion)
# g++ 12 warns of an overlap in its own std::string where it inlines `"text" + std::string` (GCC bug 105651).
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU" AND CMAKE_CXX_COMPILER_VERSION VERSION_LESS 13)
  target_compile_options(evenkeel_options INTERFACE -Wno-restrict)
endif()
# The same bits on every machine with one instruction set: no contraction beyond what the kernels write as fma.
target_compile_options(evenkeel_options INTERFACE -ffp-contract=off)
if(EVENKEEL_WERROR)
  target_compile_options(evenkeel_options INTERFACE -Werror)
endif()
# What need not be fast, the tests, and under sanitizers the command line too, is compiled quickly.
if(EVENKEEL_SANITIZE)
  set(EVENKEEL_QUICK_TO_COMPILE -O0)
else()
  set(EVENKEEL_QUICK_TO_COMPILE -O1)
endif()

# AddressSanitizer or ThreadSanitizer see everything; UndefinedBehaviorSanitizer watches the library's arithmetic
# (evenkeel_component): in the tests and the command line its checks would take half of the time to compile.
set(EVENKEEL_UNDEFINED_OPTIONS "")
if(EVENKEEL_SANITIZE)
  string(REPLACE "," ";" sanitizers "${EVENKEEL_SANITIZE}")
  if("undefined" IN_LIST sanitizers)
    set(EVENKEEL_UNDEFINED_OPTIONS -fsanitize=undefined -fno-sanitize-recover=all)
    list(REMOVE_ITEM sanitizers undefined)
  endif()
  list(JOIN sanitizers "," everywhere)
  target_compile_options(evenkeel_options INTERFACE -fno-omit-frame-pointer)
  if(everywhere)
    target_compile_options(evenkeel_options INTERFACE -fsanitize=${everywhere})
  endif()
  target_link_options(evenkeel_options INTERFACE -fsanitize=${EVENKEEL_SANITIZE})
endif()

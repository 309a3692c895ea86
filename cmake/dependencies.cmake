# The engine needs these four (Random123 is headers only) and the system's threads.
list(APPEND CMAKE_MODULE_PATH ${PROJECT_SOURCE_DIR}/cmake)
find_package(OneDNN REQUIRED)
find_package(OpenMP REQUIRED)  # only to keep oneDNN from opening teams of its own
find_package(hwy REQUIRED)
find_package(fmt REQUIRED)
find_package(Threads REQUIRED)
find_path(RANDOM123_INCLUDE_DIR Random123/philox.h REQUIRED)

# Files: Keras archives, .gz, .npz, JSON.
find_package(PkgConfig REQUIRED)
pkg_check_modules(libzip REQUIRED IMPORTED_TARGET libzip)
find_package(ZLIB REQUIRED)
find_package(nlohmann_json REQUIRED)

# The command line.
find_package(CLI11 REQUIRED)

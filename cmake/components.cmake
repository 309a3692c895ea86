# Folders are rooms (docs: CONTRIBUTING.md); components are what is linked. A room's files are all of its .cpp.
function(evenkeel_room out folder)
  file(GLOB files CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/src/${folder}/*.cpp)
  set(${out} ${files} PARENT_SCOPE)
endfunction()

function(evenkeel_component name)
  add_library(evenkeel_${name} ${ARGN})
  add_library(evenkeel::${name} ALIAS evenkeel_${name})
  set_target_properties(evenkeel_${name} PROPERTIES EXPORT_NAME ${name})
  target_include_directories(evenkeel_${name}
    PUBLIC $<BUILD_INTERFACE:${PROJECT_SOURCE_DIR}/include> $<INSTALL_INTERFACE:include>
    PRIVATE ${PROJECT_SOURCE_DIR}/src)
  target_compile_features(evenkeel_${name} PUBLIC cxx_std_20)
  target_link_libraries(evenkeel_${name} PRIVATE $<BUILD_INTERFACE:evenkeel_options>)
  target_compile_options(evenkeel_${name} PRIVATE ${EVENKEEL_UNDEFINED_OPTIONS})
endfunction()

evenkeel_room(core_files core)
evenkeel_room(kernels_files kernels)
evenkeel_room(model_files model)
evenkeel_room(data_files data)
evenkeel_room(plan_files plan)
evenkeel_room(train_files train)
evenkeel_room(interop_files interop)
evenkeel_room(probe_files probe)
evenkeel_room(study_files study)
evenkeel_room(report_files report)

# Readers of compressed files and the checkpoint (which writes .keras) need zlib, libzip and JSON:
# they live in their rooms, but link with interop.
set(data_formats_files ${data_files})
list(FILTER data_formats_files EXCLUDE REGEX "/data/(batches|digits|glyphs|standardizer)\\.cpp$")
list(REMOVE_ITEM data_files ${data_formats_files} "")
set(checkpoint_files ${train_files})
list(FILTER checkpoint_files INCLUDE REGEX "/train/(checkpoint|saving)\\.cpp$")
list(REMOVE_ITEM train_files ${checkpoint_files} "")

evenkeel_component(engine ${core_files} ${kernels_files} ${model_files} ${data_files} ${plan_files} ${train_files})
target_link_libraries(evenkeel_engine PUBLIC Threads::Threads PRIVATE OneDNN::dnnl OpenMP::OpenMP_CXX hwy::hwy fmt::fmt)
target_include_directories(evenkeel_engine SYSTEM PRIVATE ${RANDOM123_INCLUDE_DIR})

# Hot loops begin on a cache line: elsewhere some took a third longer, which one changed with every build.
set_source_files_properties(${kernels_files} PROPERTIES COMPILE_OPTIONS "$<$<CONFIG:Release>:-falign-loops=64>")
# -O3 splits the loop that sums rows of a matrix into several, and memory no longer sees one stream: 22 instead of 31 GB/s.
set_property(SOURCE ${PROJECT_SOURCE_DIR}/src/kernels/batch_normalization.cpp APPEND PROPERTY
  COMPILE_OPTIONS "$<$<CONFIG:Release>:-O2>")

evenkeel_component(interop ${interop_files} ${data_formats_files} ${checkpoint_files})
target_link_libraries(evenkeel_interop PUBLIC evenkeel_engine
  PRIVATE fmt::fmt PkgConfig::libzip ZLIB::ZLIB $<BUILD_INTERFACE:nlohmann_json::nlohmann_json>)

include(cmake/page.cmake)  # page_template
evenkeel_component(study ${probe_files} ${study_files} ${report_files} ${page_template})
target_link_libraries(evenkeel_study PUBLIC evenkeel_engine evenkeel_interop
  PRIVATE fmt::fmt $<BUILD_INTERFACE:nlohmann_json::nlohmann_json>)

file(GLOB app_files CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/apps/evenkeel/*.cpp)
add_executable(evenkeel_cli ${app_files})
set_target_properties(evenkeel_cli PROPERTIES OUTPUT_NAME evenkeel)
target_include_directories(evenkeel_cli PRIVATE ${PROJECT_SOURCE_DIR}/src ${PROJECT_SOURCE_DIR}/apps/evenkeel)
target_link_libraries(evenkeel_cli PRIVATE evenkeel_options evenkeel_study evenkeel_interop evenkeel_engine
  CLI11::CLI11 nlohmann_json::nlohmann_json fmt::fmt)
target_compile_definitions(evenkeel_cli PRIVATE EVENKEEL_VERSION="${PROJECT_VERSION}")
if(EVENKEEL_SANITIZE)
  target_compile_options(evenkeel_cli PRIVATE ${EVENKEEL_QUICK_TO_COMPILE})
endif()

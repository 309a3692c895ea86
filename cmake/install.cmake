include(GNUInstallDirs)
include(CMakePackageConfigHelpers)

# One export a component, so that a consumer of the engine alone never hears of libzip or zlib.
set(package_folder ${CMAKE_INSTALL_LIBDIR}/cmake/evenkeel)
foreach(component engine interop study)
  install(TARGETS evenkeel_${component} EXPORT evenkeel-${component}
    ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR} LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR})
  install(EXPORT evenkeel-${component} NAMESPACE evenkeel:: DESTINATION ${package_folder})
endforeach()
install(TARGETS evenkeel_cli RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR})
install(DIRECTORY ${PROJECT_SOURCE_DIR}/include/evenkeel DESTINATION ${CMAKE_INSTALL_INCLUDEDIR})

configure_package_config_file(${PROJECT_SOURCE_DIR}/cmake/evenkeelConfig.cmake.in evenkeelConfig.cmake
  INSTALL_DESTINATION ${package_folder})
write_basic_package_version_file(evenkeelConfigVersion.cmake COMPATIBILITY SameMinorVersion)
install(FILES ${CMAKE_CURRENT_BINARY_DIR}/evenkeelConfig.cmake ${CMAKE_CURRENT_BINARY_DIR}/evenkeelConfigVersion.cmake
  ${PROJECT_SOURCE_DIR}/cmake/FindOneDNN.cmake
  DESTINATION ${package_folder})
install(FILES ${PROJECT_SOURCE_DIR}/LICENSE DESTINATION ${CMAKE_INSTALL_DOCDIR})

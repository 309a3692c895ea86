include(GNUInstallDirs)
include(CMakePackageConfigHelpers)

install(TARGETS evenkeel_engine evenkeel_interop evenkeel_study EXPORT evenkeelTargets
  ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR} LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR})
install(TARGETS evenkeel_cli RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR})
install(DIRECTORY ${PROJECT_SOURCE_DIR}/include/evenkeel DESTINATION ${CMAKE_INSTALL_INCLUDEDIR})
install(EXPORT evenkeelTargets NAMESPACE evenkeel:: DESTINATION ${CMAKE_INSTALL_LIBDIR}/cmake/evenkeel)
configure_package_config_file(${PROJECT_SOURCE_DIR}/cmake/evenkeelConfig.cmake.in evenkeelConfig.cmake
  INSTALL_DESTINATION ${CMAKE_INSTALL_LIBDIR}/cmake/evenkeel)
write_basic_package_version_file(evenkeelConfigVersion.cmake COMPATIBILITY SameMinorVersion)
install(FILES ${CMAKE_CURRENT_BINARY_DIR}/evenkeelConfig.cmake ${CMAKE_CURRENT_BINARY_DIR}/evenkeelConfigVersion.cmake
  ${PROJECT_SOURCE_DIR}/cmake/FindOneDNN.cmake
  DESTINATION ${CMAKE_INSTALL_LIBDIR}/cmake/evenkeel)

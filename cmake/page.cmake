# The report page: web/ is bundled into one HTML file, which becomes a string in the library. Without npm a stub takes
# its place, and reports are left out.
find_program(EVENKEEL_NPM npm)
find_program(EVENKEEL_NODE node)
option(EVENKEEL_PAGE "Build the report page (needs npm and its packages)" ON)

if(EVENKEEL_PAGE AND EVENKEEL_NPM AND EVENKEEL_NODE)
  set(page_template ${PROJECT_BINARY_DIR}/web/page_template.cpp)
  file(GLOB_RECURSE page_sources CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/web/src/*)
  add_custom_command(
    OUTPUT ${page_template}
    COMMAND ${EVENKEEL_NODE} install.mjs ${EVENKEEL_NPM}
    COMMAND ${EVENKEEL_NODE} build.mjs ${page_template}
    WORKING_DIRECTORY ${PROJECT_SOURCE_DIR}/web
    DEPENDS ${page_sources} ${PROJECT_SOURCE_DIR}/web/build.mjs ${PROJECT_SOURCE_DIR}/web/install.mjs
            ${PROJECT_SOURCE_DIR}/web/package-lock.json
    COMMENT "Bundling the report page" VERBATIM)
else()
  message(STATUS "Reports are left out: the report page needs npm (Debian: apt-get install npm), which was not found "
                 "or was switched off (EVENKEEL_PAGE)")
  set(page_template ${PROJECT_SOURCE_DIR}/src/report/absent/page_template.cpp)
endif()

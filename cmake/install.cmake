# What `cmake --install` gives: the tool with its manual page and completion, the runtime as static and
# shared library, headers, the shipped models, a CMake package and a pkg-config file. All of it may be
# moved: the package and the pkg-config file find the rest from where they lie.
include(GNUInstallDirs)

# Version of the runtime's binary interface: one more whenever a program linked with the old shared
# library would not work with the new one.
set(RN_RUNTIME_SOVERSION 1)

# The shared library exports rn_* alone.
add_library(resnetc_runtime_shared SHARED $<TARGET_OBJECTS:resnetc_runtime>)
target_link_libraries(resnetc_runtime_shared PRIVATE
                      $<TARGET_PROPERTY:resnetc_runtime,INTERFACE_LINK_LIBRARIES>)
target_link_options(resnetc_runtime_shared PRIVATE
                    -Wl,--version-script=${CMAKE_SOURCE_DIR}/runtime/exports.map)
if(NOT RN_SANITIZE) # a list: no generator expression takes its commas
    target_link_options(resnetc_runtime_shared PRIVATE -Wl,--no-undefined)
endif()
set_target_properties(resnetc_runtime_shared PROPERTIES
                      OUTPUT_NAME resnetc_runtime VERSION ${RN_RUNTIME_SOVERSION}.0.0
                      SOVERSION ${RN_RUNTIME_SOVERSION} LINKER_LANGUAGE C
                      LINK_DEPENDS ${CMAKE_SOURCE_DIR}/runtime/exports.map)

# What programs link beside the static runtime (RN_RUNTIME_LIBRARIES): -lz -lcjson ...
list(JOIN RN_RUNTIME_LIBRARIES " -l" RN_RUNTIME_LINK)
set(RN_RUNTIME_LINK "-l${RN_RUNTIME_LINK}")
if(RN_SANITIZE)
    set(RN_SANITIZE_LINK "-fsanitize=${RN_SANITIZE}")
endif()

set(RN_CMAKE_DIR ${CMAKE_INSTALL_LIBDIR}/cmake/resnetc)
set(RN_PKGCONFIG_DIR ${CMAKE_INSTALL_LIBDIR}/pkgconfig)
file(RELATIVE_PATH RN_PC_PREFIX /${RN_PKGCONFIG_DIR} /)
set(RN_PACKAGE ${CMAKE_BINARY_DIR}/package)
include(CMakePackageConfigHelpers)
configure_package_config_file(cmake/package/resnetc-config.cmake.in ${RN_PACKAGE}/resnetc-config.cmake
                              INSTALL_DESTINATION ${RN_CMAKE_DIR} NO_SET_AND_CHECK_MACRO)
write_basic_package_version_file(${RN_PACKAGE}/resnetc-config-version.cmake
                                 COMPATIBILITY SameMinorVersion)
configure_file(cmake/package/resnetc.pc.in ${RN_PACKAGE}/resnetc.pc @ONLY)

# The tool itself writes its manual page and completion, from its tables of commands and options.
add_custom_command(OUTPUT ${RN_PACKAGE}/resnetc.1 ${RN_PACKAGE}/resnetc.bash
                   COMMAND resnetc --man > ${RN_PACKAGE}/resnetc.1
                   COMMAND resnetc --completion > ${RN_PACKAGE}/resnetc.bash
                   DEPENDS resnetc COMMENT "Writing the manual page and the completion" VERBATIM)
add_custom_target(manual ALL DEPENDS ${RN_PACKAGE}/resnetc.1 ${RN_PACKAGE}/resnetc.bash)

install(TARGETS resnetc RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR})
install(TARGETS resnetc_runtime resnetc_pictures ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR})
install(TARGETS resnetc_runtime_shared LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR})
install(DIRECTORY runtime/include/resnetc DESTINATION ${CMAKE_INSTALL_INCLUDEDIR})
install(DIRECTORY examples/models DESTINATION ${CMAKE_INSTALL_DATADIR}/resnetc
        FILES_MATCHING PATTERN *.rn)
install(DIRECTORY examples/recipes DESTINATION ${CMAKE_INSTALL_DATADIR}/resnetc
        FILES_MATCHING PATTERN *.recipe)
install(FILES README.md LICENSE DESTINATION ${CMAKE_INSTALL_DOCDIR})
install(DIRECTORY docs DESTINATION ${CMAKE_INSTALL_DOCDIR} FILES_MATCHING PATTERN *.md PATTERN *.svg)
install(FILES ${RN_PACKAGE}/resnetc.1 DESTINATION ${CMAKE_INSTALL_MANDIR}/man1)
install(FILES ${RN_PACKAGE}/resnetc.bash RENAME resnetc
        DESTINATION ${CMAKE_INSTALL_DATADIR}/bash-completion/completions)
install(FILES ${RN_PACKAGE}/resnetc-config.cmake ${RN_PACKAGE}/resnetc-config-version.cmake
              cmake/package/resnetc-add-model.cmake DESTINATION ${RN_CMAKE_DIR})
install(FILES ${RN_PACKAGE}/resnetc.pc DESTINATION ${RN_PKGCONFIG_DIR})

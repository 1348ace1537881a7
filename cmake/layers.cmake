# add_layer(NAME FOLDER [EXCLUDE path...] [EXTRA file...] [DEPENDS target...]): a static library of
# every .c in the folder and the folders below it, with the project's warnings. EXCLUDE: files or folders in it.
function(add_layer name folder)
    cmake_parse_arguments(arg "" "" "EXCLUDE;EXTRA;DEPENDS" ${ARGN})
    file(GLOB_RECURSE sources CONFIGURE_DEPENDS ${folder}/*.c)
    foreach(file ${arg_EXCLUDE})
        list(FILTER sources EXCLUDE REGEX "^${CMAKE_SOURCE_DIR}/${folder}/${file}(/|$)")
    endforeach()
    add_library(${name} STATIC ${sources} ${arg_EXTRA})
    target_compile_options(${name} PRIVATE ${RN_WARNINGS})
    # Generated lexers and parsers are not ours to restyle.
    foreach(file ${arg_EXTRA})
        if(file MATCHES "(lexer|parser)\\.c$")
            set_source_files_properties(${file} PROPERTIES COMPILE_OPTIONS "-w")
        endif()
    endforeach()
    target_include_directories(${name} PUBLIC ${CMAKE_SOURCE_DIR} ${CMAKE_SOURCE_DIR}/compiler
                                              ${GENERATED_DIR})
    set_target_properties(${name} PROPERTIES POSITION_INDEPENDENT_CODE ON)
    target_link_libraries(${name} PUBLIC ${arg_DEPENDS})
endfunction()

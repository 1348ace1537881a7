# add_layer(NAME FOLDER [EXCLUDE file...] [EXTRA file...] [DEPENDS target...]): a static library of
# every .c directly in the folder (and its targets/ and kernels/), with the project's warnings.
function(add_layer name folder)
    cmake_parse_arguments(arg "" "" "EXCLUDE;EXTRA;DEPENDS" ${ARGN})
    file(GLOB sources CONFIGURE_DEPENDS ${folder}/*.c ${folder}/targets/*.c ${folder}/kernels/*.c)
    foreach(file ${arg_EXCLUDE})
        list(REMOVE_ITEM sources ${CMAKE_SOURCE_DIR}/${folder}/${file})
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

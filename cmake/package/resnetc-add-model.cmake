# resnetc_add_model(TARGET MODEL [NAME name] [MODE infer|train|both] [MACHINE target]
#                   [DEFINES name=value...] [WEIGHTS file] [OPTIONS option...])
#
# Compiles MODEL (a .rn file, or the name of a shipped model) when it, a file that it includes or its
# weights have changed, links the object into TARGET and lets it include "NAME.h". NAME is the name
# of the file where none is given. MACHINE is what resnetc calls --target.
function(resnetc_add_model target model)
    cmake_parse_arguments(PARSE_ARGV 2 arg "" "NAME;MODE;MACHINE;WEIGHTS" "DEFINES;OPTIONS")
    if(arg_UNPARSED_ARGUMENTS)
        message(FATAL_ERROR "resnetc_add_model: unknown arguments ${arg_UNPARSED_ARGUMENTS}")
    endif()
    get_filename_component(name ${model} NAME_WE)
    if(arg_NAME)
        set(name ${arg_NAME})
    endif()
    set(path ${model})
    get_filename_component(absolute ${model} ABSOLUTE BASE_DIR ${CMAKE_CURRENT_SOURCE_DIR})
    set(depends "")
    if(EXISTS ${absolute} AND NOT IS_DIRECTORY ${absolute})
        set(path ${absolute})
        list(APPEND depends ${absolute})
    endif()
    set(options ${arg_OPTIONS})
    foreach(define ${arg_DEFINES})
        list(APPEND options -D ${define})
    endforeach()
    if(arg_MODE)
        list(APPEND options --mode ${arg_MODE})
    endif()
    if(arg_MACHINE)
        list(APPEND options --target ${arg_MACHINE})
    endif()
    if(arg_WEIGHTS)
        get_filename_component(weights ${arg_WEIGHTS} ABSOLUTE BASE_DIR ${CMAKE_CURRENT_SOURCE_DIR})
        list(APPEND options --weights ${weights})
        list(APPEND depends ${weights})
    endif()
    set(folder ${CMAKE_CURRENT_BINARY_DIR}/resnetc-${target})
    file(MAKE_DIRECTORY ${folder})
    set(object ${folder}/${name}.o)
    set(depfile "")
    if(depends) # a shipped model without weights depends on the compiler alone
        set(depfile DEPFILE ${folder}/${name}.d)
    endif()
    add_custom_command(
        OUTPUT ${object} ${folder}/${name}.h
        COMMAND resnetc::compiler ${path} -o ${object} -MF ${folder}/${name}.d ${options}
        DEPENDS resnetc::compiler ${depends}
        ${depfile}
        COMMENT "Compiling the model ${name}" VERBATIM)
    set_source_files_properties(${object} PROPERTIES EXTERNAL_OBJECT ON GENERATED ON)
    target_sources(${target} PRIVATE ${object} ${folder}/${name}.h)
    target_include_directories(${target} PRIVATE ${folder})
endfunction()

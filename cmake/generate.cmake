# Tables made from folders, so that adding a file is all it takes to add an operator, a kernel, ...

# generate_record_table(FOLDER TYPE PREFIX HEADER): every NAME.c in FOLDER or below defines `const TYPE PREFIX_NAME`;
# writes generated/PREFIX_table.c with `const TYPE *const PREFIX_table[]` and `PREFIX_table_count`.
function(generate_record_table folder type prefix header)
    file(GLOB_RECURSE files RELATIVE ${CMAKE_SOURCE_DIR}/${folder} CONFIGURE_DEPENDS ${folder}/*.c)
    set(symbols "")
    foreach(file ${files})
        # Only files that define a record take part; helpers shared by records do not.
        file(STRINGS ${CMAKE_SOURCE_DIR}/${folder}/${file} found REGEX "^const ${type} ${prefix}_")
        foreach(line ${found})
            string(REGEX MATCH "${prefix}_[a-z0-9_]+" symbol ${line})
            list(APPEND symbols ${symbol})
        endforeach()
        set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS
                     ${CMAKE_SOURCE_DIR}/${folder}/${file})
    endforeach()
    # By name, in whatever folder a record stands.
    list(SORT symbols)
    set(declarations "")
    set(entries "")
    foreach(symbol ${symbols})
        string(APPEND declarations "extern const ${type} ${symbol};\n")
        string(APPEND entries "    &${symbol},\n")
    endforeach()
    file(CONFIGURE OUTPUT ${GENERATED_DIR}/${prefix}_table.c CONTENT
"// Generated from ${folder}/. Do not edit.
#include \"${header}\"
${declarations}
const ${type} *const ${prefix}_table[] = {
${entries}};
const size_t ${prefix}_table_count = sizeof ${prefix}_table / sizeof ${prefix}_table[0];
" @ONLY)
endfunction()

# generate_text_table(FOLDER EXT NAME [ONLY FILE]): embeds every FOLDER/*.EXT (or FILE alone); writes
# generated/NAME_table.c with `const TextFile NAME_table[]` (base/textfile.h) and `NAME_table_count`.
function(generate_text_table folder ext name)
    cmake_parse_arguments(arg "" "ONLY" "" ${ARGN})
    file(GLOB files CONFIGURE_DEPENDS ${folder}/*.${ext})
    if(arg_ONLY)
        set(files ${CMAKE_SOURCE_DIR}/${folder}/${arg_ONLY})
    endif()
    add_custom_command(
        OUTPUT ${GENERATED_DIR}/${name}_table.c
        COMMAND ${CMAKE_COMMAND} -DOUT=${GENERATED_DIR}/${name}_table.c -DNAME=${name}
                "-DFILES=${files}" -P ${CMAKE_SOURCE_DIR}/cmake/embed_text.cmake
        DEPENDS ${files} ${CMAKE_SOURCE_DIR}/cmake/embed_text.cmake
        COMMENT "Embedding ${folder}/*.${ext}" VERBATIM)
endfunction()

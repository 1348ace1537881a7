# Compiler flags, sanitizers, ccache. RN_SANITIZE=address,undefined instruments everything.
set(CMAKE_C_STANDARD 11)
set(CMAKE_C_STANDARD_REQUIRED ON)
set(CMAKE_C_EXTENSIONS OFF)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)
if(NOT CMAKE_BUILD_TYPE)
    set(CMAKE_BUILD_TYPE RelWithDebInfo CACHE STRING "Build type" FORCE)
endif()
set(CMAKE_C_FLAGS_RELWITHDEBINFO "-O2 -g")

option(RN_WERROR "Treat warnings as errors" OFF)
set(RN_SANITIZE "" CACHE STRING "Sanitizers for everything, e.g. address,undefined or thread")

add_compile_definitions(_POSIX_C_SOURCE=200809L)
# Results must not depend on what a compiler fuses: contraction is written out where wanted.
add_compile_options(-ffp-contract=off -fno-math-errno -Werror=implicit-function-declaration)
set(RN_WARNINGS
    -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wstrict-prototypes -Wmissing-prototypes
    -Wold-style-definition -Wvla -Wcast-qual -Wundef -Wformat=2 -Wwrite-strings -Wdouble-promotion
    -Wnull-dereference)
if(RN_WERROR)
    list(APPEND RN_WARNINGS -Werror)
endif()
if(RN_SANITIZE)
    add_compile_options(-fsanitize=${RN_SANITIZE} -fno-sanitize-recover=all -fno-omit-frame-pointer)
    add_link_options(-fsanitize=${RN_SANITIZE})
    add_compile_definitions(RN_SANITIZED=1)
endif()
find_program(RN_CCACHE ccache)
if(RN_CCACHE AND NOT CMAKE_C_COMPILER_LAUNCHER)
    set(CMAKE_C_COMPILER_LAUNCHER ${RN_CCACHE})
endif()

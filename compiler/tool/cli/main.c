// main.c: the resnetc tool.
#include "tool/cli/commands.h"

int main(int argc, char **argv)
{
    return (int)driver_main(argc, argv);
}

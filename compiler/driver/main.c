// main.c: the resnetc tool.
#include "driver/commands.h"

int main(int argc, char **argv)
{
    return (int)driver_main(argc, argv);
}

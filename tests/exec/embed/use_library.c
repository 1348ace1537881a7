/* use_library.c: calls infer.c's main, renamed, out of a shared library. */
int toy_in_library(void);

int main(void)
{
    return toy_in_library();
}

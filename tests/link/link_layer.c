// link_layer.c: linked with one whole layer and what it may depend on (tests/CMakeLists.txt), so
// that the build fails where a layer calls one above it.
int main(void)
{
    return 0;
}

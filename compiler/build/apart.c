// apart.c: see apart.h. Child and parent are joined by a pipe.
#include "build/apart.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/types.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/files.h"

static char *read_all(int from, size_t *count)
{
    size_t room = 1 << 20;
    char *bytes = malloc(room);
    *count = 0;
    while (bytes) {
        ssize_t n = read(from, bytes + *count, room - *count);
        if (n == 0) {
            return bytes;
        }
        if (n < 0 && errno != EINTR) {
            break;
        }
        *count += n > 0 ? (size_t)n : 0;
        if (*count < room) {
            continue;
        }
        char *larger = realloc(bytes, room *= 2);
        if (!larger) {
            break;
        }
        bytes = larger;
    }
    free(bytes);
    return NULL;
}

static bool ended_well(pid_t child)
{
    int status = 0;
    pid_t ended;
    do {
        ended = waitpid(child, &status, 0);
    } while (ended < 0 && errno == EINTR);
    return ended == child && WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

void *apart_make(ApartFn make, void *context, size_t *bytes, bool *started)
{
    int ends[2];
    *bytes = 0;
    *started = false;
    if (pipe(ends) != 0) {
        return NULL;
    }
    pid_t child = fork();
    if (child == 0) {
        close(ends[0]);
        size_t count = 0;
        const void *made = make(context, &count);
        _exit(file_write_open(ends[1], made, count) ? 0 : 1);
    }
    close(ends[1]);
    *started = child > 0;
    char *out = *started ? read_all(ends[0], bytes) : NULL;
    close(ends[0]); // a child that still writes ends by SIGPIPE
    if (*started && !ended_well(child)) {
        free(out);
        return NULL;
    }
    return out;
}

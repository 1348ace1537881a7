// stop.c: signals that wait until they are asked for.
#include "tool/cli/stop.h"

#include <time.h>

static bool is_ignored(int signal_number)
{
    struct sigaction now;
    return sigaction(signal_number, NULL, &now) == 0 && now.sa_handler == SIG_IGN;
}

void stop_hold(StopSignals *s)
{
    sigemptyset(&s->held);
    if (!is_ignored(SIGINT)) {
        sigaddset(&s->held, SIGINT);
    }
    if (!is_ignored(SIGTERM)) {
        sigaddset(&s->held, SIGTERM);
    }
    s->holding = pthread_sigmask(SIG_BLOCK, &s->held, &s->before) == 0;
}

bool stop_wanted(void)
{
    sigset_t waiting;
    return sigpending(&waiting) == 0 &&
           (sigismember(&waiting, SIGINT) == 1 || sigismember(&waiting, SIGTERM) == 1);
}

void stop_release(StopSignals *s)
{
    if (!s->holding) {
        return;
    }
    const struct timespec at_once = {0};
    while (sigtimedwait(&s->held, NULL, &at_once) > 0) {
        continue;
    }
    pthread_sigmask(SIG_SETMASK, &s->before, NULL);
    s->holding = false;
}

#define _GNU_SOURCE
#include "vb_worker.h"
#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

static int has_one_thread(void) {
    DIR *threads = opendir("/proc/self/task");
    int count = 0;
    struct dirent *entry;
    while (threads && (entry = readdir(threads)))
        if (entry->d_name[0] != '.') count++;
    if (threads) closedir(threads);
    return count == 1;
}

/// Leaves of the environment what `keeps` says, also in the memory that /proc/PID/environ shows.
static void erase_environment(int (*keeps)(const char *)) {
    char **kept = environ;
    for (char **entry = environ; entry && *entry; entry++) {
        if (keeps(*entry))
            *kept++ = *entry;
        else
            memset(*entry, 0, strlen(*entry));
    }
    if (kept) *kept = NULL;
}

static int is_certificates(const char *entry) { return !strncmp(entry, "SSL_CERT_", 9); }

/// Has the process listed under `name`, words with a null character after each, as far as there is room.
static void rename_process(char **arguments, const char *name, size_t size) {
    char *begin = arguments[0], *end = begin;
    // The kernel puts the arguments one after the other.
    for (char **argument = arguments; *argument == end; argument++) end += strlen(*argument) + 1;
    size_t room = end - begin;
    memset(begin, 0, room);
    memcpy(begin, name, size < room ? size : room);
}

pid_t vb_fork_worker(int socket, char **arguments) {
    if (!has_one_thread()) return -1;
    pid_t child = fork();
    if (child) return child;
    static const int crashes[] = {SIGQUIT, SIGILL, SIGTRAP, SIGABRT, SIGBUS, SIGFPE, SIGSEGV};
    for (size_t i = 0; i < sizeof crashes / sizeof *crashes; i++) signal(crashes[i], SIG_DFL);
    sigset_t stops;
    sigemptyset(&stops);
    sigaddset(&stops, SIGINT);
    sigaddset(&stops, SIGTERM);
    sigaddset(&stops, SIGHUP);
    sigprocmask(SIG_SETMASK, &stops, NULL);
    int nowhere = open("/dev/null", O_WRONLY);
    if (dup2(socket, 0) < 0 || dup2(nowhere, 1) < 0 || dup2(nowhere, 2) < 0) _exit(1);
    closefrom(3);
    erase_environment(is_certificates);
    static const char name[] = "vbprep\0decode-worker";
    rename_process(arguments, name, sizeof name);
    return 0;
}

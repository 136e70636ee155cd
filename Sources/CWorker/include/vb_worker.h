#pragma once
#include <spawn.h>
#include <stddef.h>
#include <sys/types.h>

/// Sends `count` bytes over a socket, with a copy of `descriptor` beside the first of them.
///
/// Returns what `sendmsg` returns. In C, because Swift cannot import the CMSG macros.
ssize_t vb_send_with_descriptor(int socket, const void *bytes, size_t count, int descriptor);

/// Receives up to `count` bytes, and into `descriptor` the open file that came with them.
///
/// `descriptor` stays as it is if none came. Returns what `recvmsg` returns.
ssize_t vb_receive_with_descriptor(int socket, void *bytes, size_t count, int *descriptor);

/// Has memory that large arrays have used serve the next ones, where glibc would give it back and ask
/// again. In C, because Swift does not see `mallopt`.
void vb_keep_freed_memory(void);

/// Has a process that is started close its descriptors from `lowest` on. In C, because Swift sees no
/// GNU extensions. Returns 0 or a value of `errno`.
int vb_close_from(posix_spawn_file_actions_t *actions, int lowest);

/// Starts a copy of this process as a decode worker: `socket` becomes its standard input, and it keeps no
/// other open file, nothing of the environment but where certificates are, and not the command line,
/// `arguments` as main() got them.
///
/// Returns its number, 0 in the copy, and -1 without a copy where there is more than one thread: locks
/// that others hold would never be released. Spares the loading of libraries, 0.1 s.
pid_t vb_fork_worker(int socket, char **arguments);

/// What `vb_restrict_process` could put into force, as bits.
enum { VB_NO_NEW_PRIVILEGES = 1, VB_SYSTEM_CALLS = 2, VB_FILE_ACCESS = 4 };

/// Takes from this process, for good, what a decoder does not need: gaining privileges, system calls
/// beyond a list, and files that are not open yet.
///
/// With `allows_network` it may open connections, and read the files below /etc, /usr, /lib, /lib64
/// and /run that name resolution and TLS need.
int vb_restrict_process(int allows_network);

/// How many allocations of this process have failed so far; 0 where the C library is not glibc.
///
/// A library says of lack of memory whatever it was about to do, such as that a video is damaged.
unsigned long vb_failed_allocations(void);

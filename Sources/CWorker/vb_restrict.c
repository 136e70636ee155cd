#define _GNU_SOURCE
#include "vb_worker.h"
#include <errno.h>
#include <fcntl.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stdint.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>
#if __has_include(<linux/landlock.h>)
#include <linux/landlock.h>
#endif

#if defined(__x86_64__)
#define OWN_ARCHITECTURE AUDIT_ARCH_X86_64
#elif defined(__aarch64__)
#define OWN_ARCHITECTURE AUDIT_ARCH_AARCH64
#endif

#ifdef OWN_ARCHITECTURE
// What decoding needs: memory, time, threads, and files that are open already. System calls that one
// of the architectures lacks are left out there.
static const int always_allowed[] = {
    SYS_read, SYS_write, SYS_pread64, SYS_pwrite64, SYS_readv, SYS_writev, SYS_lseek,
    // The C library asks by `newfstatat` about open files, too.
    SYS_fstat, SYS_newfstatat, SYS_close, SYS_ftruncate, SYS_fcntl, SYS_dup,
    SYS_mmap, SYS_munmap, SYS_mprotect, SYS_mremap, SYS_madvise, SYS_brk, SYS_mlock, SYS_munlock,
    SYS_futex, SYS_sched_yield, SYS_sched_getaffinity, SYS_set_robust_list, SYS_membarrier,
    SYS_clock_gettime, SYS_clock_getres, SYS_clock_nanosleep, SYS_nanosleep, SYS_gettimeofday,
    SYS_setitimer, SYS_getrusage, SYS_sysinfo, SYS_uname, SYS_getrandom,
    SYS_rt_sigaction, SYS_rt_sigprocmask, SYS_rt_sigreturn, SYS_sigaltstack, SYS_restart_syscall,
    SYS_getpid, SYS_gettid, SYS_tgkill, SYS_exit, SYS_exit_group, SYS_prctl, SYS_prlimit64,
    SYS_recvmsg, SYS_sendmsg, SYS_recvfrom, SYS_sendto, SYS_ppoll, SYS_shutdown,
#ifdef SYS_poll
    SYS_poll,
#endif
#ifdef SYS_arch_prctl
    SYS_arch_prctl,
#endif
#ifdef SYS_rseq
    SYS_rseq,
#endif
};

// What resolving a name, TLS and a connection need beside that.
static const int allowed_with_network[] = {
    SYS_socket, SYS_connect, SYS_bind, SYS_getsockname, SYS_getpeername, SYS_setsockopt,
    SYS_getsockopt, SYS_sendmmsg, SYS_recvmmsg, SYS_ioctl, SYS_pselect6,
    SYS_openat, SYS_statx, SYS_readlinkat, SYS_getdents64, SYS_faccessat,
    SYS_getuid, SYS_geteuid, SYS_getgid, SYS_getegid, SYS_getppid, SYS_eventfd2, SYS_statfs,
    SYS_fstatfs, SYS_fadvise64,
#ifdef SYS_open
    SYS_open, SYS_stat, SYS_lstat, SYS_access, SYS_readlink, SYS_select,
#endif
};

enum { MAXIMUM_RULES = 256 };

static void add(struct sock_filter *rules, unsigned short *count, struct sock_filter rule) {
    if (*count < MAXIMUM_RULES) rules[(*count)++] = rule;
}

static void allow(struct sock_filter *rules, unsigned short *count, int number) {
    struct sock_filter compare = BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (uint32_t)number, 0, 1);
    struct sock_filter pass = BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
    add(rules, count, compare);
    add(rules, count, pass);
}

// All other calls fail as on a kernel that lacks them, which libraries are prepared for.
static int restrict_system_calls(int allows_network) {
    struct sock_filter rules[MAXIMUM_RULES];
    unsigned short count = 0;
    const struct sock_filter start[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, arch)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, OWN_ARCHITECTURE, 1, 0),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS),
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
        // `clone` makes threads, never processes. (The flags of `clone3` cannot be looked at, so it
        // fails and the C library calls `clone`.)
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_clone, 0, 4),
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, args[0])),
        BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, 0x00010000 /* CLONE_THREAD */, 0, 1),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM),
    };
    for (size_t i = 0; i < sizeof start / sizeof *start; i++) add(rules, &count, start[i]);
    for (size_t i = 0; i < sizeof always_allowed / sizeof *always_allowed; i++)
        allow(rules, &count, always_allowed[i]);
    if (allows_network)
        for (size_t i = 0; i < sizeof allowed_with_network / sizeof *allowed_with_network; i++)
            allow(rules, &count, allowed_with_network[i]);
    add(rules, &count, (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | ENOSYS));
    struct sock_fprog program = {.len = count, .filter = rules};
    return prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) == 0;
}
#else
static int restrict_system_calls(int allows_network) { return 0; }
#endif

#if defined(LANDLOCK_ACCESS_FS_EXECUTE) && defined(SYS_landlock_create_ruleset)
static int restrict_files(int allows_network) {
    // The thirteen rights of the first version, which every kernel with Landlock has.
    struct landlock_ruleset_attr rights = {
        .handled_access_fs = (LANDLOCK_ACCESS_FS_MAKE_SYM << 1) - 1};
    int ruleset = (int)syscall(SYS_landlock_create_ruleset, &rights, sizeof rights, 0);
    if (ruleset < 0) return 0;
    const char *readable[] = {"/etc", "/usr", "/lib", "/lib64", "/run"};
    for (size_t i = 0; allows_network && i < sizeof readable / sizeof *readable; i++) {
        struct landlock_path_beneath_attr rule = {
            .allowed_access = LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_READ_DIR,
            .parent_fd = open(readable[i], O_PATH | O_CLOEXEC)};
        if (rule.parent_fd < 0) continue;
        syscall(SYS_landlock_add_rule, ruleset, LANDLOCK_RULE_PATH_BENEATH, &rule, 0);
        close(rule.parent_fd);
    }
    int status = (int)syscall(SYS_landlock_restrict_self, ruleset, 0);
    close(ruleset);
    return status == 0;
}
#else
static int restrict_files(int allows_network) { return 0; }
#endif

int vb_restrict_process(int allows_network) {
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) return 0;
    int done = VB_NO_NEW_PRIVILEGES;
    if (restrict_files(allows_network)) done |= VB_FILE_ACCESS;
    if (restrict_system_calls(allows_network)) done |= VB_SYSTEM_CALLS;
    return done;
}

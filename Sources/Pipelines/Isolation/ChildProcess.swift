import CWorker
import Foundation

/// A process that this one has started and not waited for.
///
/// Its process id is valid until it has been reaped; after that the id is not used any more, since
/// another process may have it by then. Not shared between threads.
struct ChildProcess {
    private let identifier: pid_t
    private var isReaped = false

    /// Variables of this process's environment that the new process gets.
    ///
    /// Where libraries and the certificates of TLS are; never tokens, passwords or paths of the
    /// user.
    static let inheritedVariables = ["LD_LIBRARY_PATH", "SSL_CERT_FILE", "SSL_CERT_DIR"]

    /// Takes over a process that was started otherwise.
    init(adopting identifier: pid_t) { self.identifier = identifier }

    /// Starts `executable` (`posix_spawn`) with `input` as standard input and no other open file.
    /// - Parameters:
    ///   - executable: The program.
    ///   - arguments: Its name and arguments.
    ///   - variables: Its environment besides `inheritedVariables`.
    ///   - input: An open file.
    /// - Throws: `PipelineError.worker` if that is not possible.
    init(
        _ executable: String, arguments: [String], variables: [String: String], input: Int32
    ) throws(PipelineError) {
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        posix_spawn_file_actions_adddup2(&actions, input, STDIN_FILENO)
        for descriptor in [STDOUT_FILENO, STDERR_FILENO] {
            posix_spawn_file_actions_addopen(&actions, descriptor, "/dev/null", O_WRONLY, 0)
        }
        // Files that this process inherited open are not passed on to the worker.
        vb_close_from(&actions, STDERR_FILENO + 1)
        var environment = variables
        for name in Self.inheritedVariables {
            environment[name] = ProcessInfo.processInfo.environment[name]
        }
        let words = cStrings(arguments)
        let settings = cStrings(environment.map { "\($0.key)=\($0.value)" })
        defer { (words + settings).forEach { free($0) } }
        var attributes = posix_spawnattr_t()
        posix_spawnattr_init(&attributes)
        defer { posix_spawnattr_destroy(&attributes) }
        // The worker does not inherit this thread's signal mask. It blocks the signals that stop a
        // whole process group: this process handles those and ends its workers.
        var mask = sigset_t()
        sigemptyset(&mask)
        for signal in [SIGINT, SIGTERM, SIGHUP] { sigaddset(&mask, signal) }
        posix_spawnattr_setsigmask(&attributes, &mask)
        posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETSIGMASK))
        var identifier: pid_t = 0
        let status = posix_spawn(&identifier, executable, &actions, &attributes, words, settings)
        guard status == 0 else { throw .worker(reason: String(cString: strerror(status))) }
        self.identifier = identifier
    }

    /// Seconds of processor time that it has used so far; `nil` if it has been reaped.
    var processorSeconds: Double? {
        var (clock, time) = (clockid_t(), timespec())
        guard !isReaped, clock_getcpuclockid(identifier, &clock) == 0,
            clock_gettime(clock, &time) == 0
        else { return nil }
        return Double(time.tv_sec) + Double(time.tv_nsec) * 1e-9
    }

    /// Waits up to `seconds` for its end, then ends it.
    /// - Returns: The signal that it died of before that, if any.
    mutating func end(after seconds: Double) -> Int32? {
        guard !isReaped else { return nil }
        isReaped = true
        var status: Int32 = 0
        for _ in 0..<max(1, Int(seconds * 500)) {
            if waitpid(identifier, &status, WNOHANG) == identifier {
                let signal = status & 0x7F
                return signal == 0 ? nil : signal
            }
            usleep(2_000)
        }
        kill(identifier, SIGKILL)
        waitpid(identifier, &status, 0)
        return nil
    }
}

/// C copies of `texts` and a null pointer, to be freed one by one.
private func cStrings(_ texts: [String]) -> [UnsafeMutablePointer<CChar>?] {
    texts.map { text in strdup(text) } + [nil]
}

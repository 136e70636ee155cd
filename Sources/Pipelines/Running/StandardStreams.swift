public import Files
import Foundation
import Synchronization

/// Prepares stdin, stdout and stderr, before anything else is opened.
///
/// A closed stream is opened on a device; otherwise its text would be written into the next file
/// that is opened. When a reader is gone, the write fails instead of ending the program.
public func prepareStandardStreams() {
    signal(SIGPIPE, SIG_IGN)
    // What is printed to a closed stdout is lost, which must not go unnoticed.
    for (descriptor, path) in [(0, "/dev/null"), (1, "/dev/full"), (2, "/dev/null")]
    where fcntl(Int32(descriptor), F_GETFD) == -1 {
        _ = open(path, O_RDWR)
    }
}

/// Whether the last line on stderr is to be replaced by the next text.
private let isLineOpen = Mutex(false)

/// Writes `text` to stderr, wrapped between words on a terminal.
///
/// What cannot be written, as to a terminal that is gone, is dropped.
public func writeToStandardError(_ text: String) {
    let text = wrapped(text, toColumns: terminalWidth(of: STDERR_FILENO))
    replaceOpenLine(with: text, staysOpen: false)
}

/// Writes `text` in place of the last line on stderr, if that was left open; if it `staysOpen`,
/// what is written next takes its place.
func replaceOpenLine(with text: String, staysOpen: Bool) {
    isLineOpen.withLock { isOpen in
        let erasure = isOpen ? "\r\u{1B}[K" : ""
        isOpen = staysOpen
        var rest = Array((erasure + text).utf8)[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { write(STDERR_FILENO, $0.baseAddress, $0.count) }
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { return }
            rest = rest.dropFirst(count)
        }
    }
}

/// Makes sure that what was printed has arrived.
/// - Throws: `FileError.system` if stdout cannot take it, such as on a full disk.
public func finishStandardOutput() throws(FileError) {
    guard fflush(nil) != 0 else { return }
    let code = errno == 0 ? EIO : errno
    throw .system(
        operation: "write", path: "the result to stdout", code: code,
        reason: String(cString: strerror(code)))
}

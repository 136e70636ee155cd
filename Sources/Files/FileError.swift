import Foundation

/// A system call on a file that failed, a damaged file, or JSON that cannot be written or read.
public enum FileError: Error, Sendable, Equatable, CustomStringConvertible {
    /// A system call failed; `code` is the value of `errno`, or 0 if the file itself is at fault,
    /// such as too short or not a regular one.
    case system(operation: String, path: String, code: Int32, reason: String)
    /// A file or directory cannot be created, whatever the input is; `code` as above.
    case cannotCreate(path: String, code: Int32, reason: String)
    /// A value that JSON cannot hold.
    case encoding(String)
    /// Bytes that are not the JSON of the type that was asked for.
    case decoding(String)
    /// The bytes of a file do not match the checksum that was written with them.
    case damaged(path: String, remedy: String)
    /// Another process holds the lock of the directory.
    case busy(path: String)

    /// What was tried, why it failed and, where something helps, what to do about it.
    public var description: String {
        switch self {
        case .system(let operation, let path, let code, let reason):
            "Cannot \(operation) \(path): \(reason)\(Self.remedy(code))."
        case .cannotCreate(let path, let code, let reason):
            "Cannot create \(path): \(reason)\(Self.remedy(code))."
        case .encoding(let reason):
            "Cannot write JSON: \(reason)."
        case .decoding(let reason):
            "Cannot read JSON: \(reason)."
        case .damaged(let path, let remedy):
            "\(path) is not as it was written: its checksum differs. \(remedy)"
        case .busy(let path):
            "Another process is working in \(path). "
                + "Wait for it, or name another directory with `--out`."
        }
    }

    /// Whether the same command can succeed later: a full disk, an I/O error, too little memory, a
    /// place to write to that is not there yet.
    public var isFaultOfMachine: Bool {
        if case .cannotCreate = self { return true }
        guard case .system(_, _, let code, _) = self else { return false }
        // A path that does not match what is on disk will not match it later either.
        return ![0, ENOENT, ENOTDIR, EISDIR, EEXIST, ELOOP, ENAMETOOLONG, EINVAL].contains(code)
    }

    /// The failure of the system call that was made last.
    static func last(_ operation: String, _ path: String) -> FileError {
        let code = errno
        return .system(operation: operation, path: path, code: code, reason: text(of: code))
    }

    /// The failure of the last system call, which was to create `path`.
    static func lastCreation(_ path: String) -> FileError {
        let code = errno
        return .cannotCreate(path: path, code: code, reason: text(of: code))
    }

    /// What the value `code` of `errno` means.
    static func text(of code: Int32) -> String { unsafe String(cString: strerror(code)) }

    private static func remedy(_ code: Int32) -> String {
        switch code {
        case ENOSPC, EDQUOT: "; free space and give the same command again: what is done is kept"
        case EFBIG: "; raise the limit of file sizes (`ulimit -f`) and give the same command again"
        case EMFILE, ENFILE: "; raise the limit of open files (`ulimit -n`)"
        default: ""
        }
    }
}

/// Turns the failure of a system call, a negative `status`, into an error.
/// - Throws: `FileError.system`.
func check(_ status: Int32, _ operation: String, _ path: String) throws(FileError) {
    if status < 0 { throw .last(operation, path) }
}

import Foundation

/// Creates the directory `path` and those above it that are missing.
/// - Throws: `FileError.cannotCreate`, also if a file is in the place of one of them.
public func makeDirectory(at path: String) throws(FileError) {
    var made = path.hasPrefix("/") ? "/" : ""
    for part in path.split(separator: "/") {
        made += made.isEmpty || made.hasSuffix("/") ? part : "/\(part)"
        guard unsafe mkdir(made, 0o755) != 0, errno != EEXIST else { continue }
        let failure = FileError.lastCreation(path)
        if !isDirectory(made) { throw failure }
    }
    guard isDirectory(path) else {
        throw .cannotCreate(path: path, code: 0, reason: "a file is in its place")
    }
}

/// Whether `path` is a directory.
public func isDirectory(_ path: String) -> Bool {
    var status = stat()
    return unsafe stat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFDIR
}

/// The names in the directory `path`, sorted; none if there is no such directory.
/// - Throws: `FileError.system` if it cannot be read.
public func namesInDirectory(_ path: String) throws(FileError) -> [String] {
    guard let directory = unsafe opendir(path) else {
        if errno == ENOENT { return [] }
        throw .last("read", path)
    }
    defer { unsafe closedir(directory) }
    var names: [String] = []
    errno = 0
    while let entry = unsafe readdir(directory) {
        let name = unsafe withUnsafePointer(to: &entry.pointee.d_name) { pointer in
            unsafe String(cString: UnsafeRawPointer(pointer).assumingMemoryBound(to: CChar.self))
        }
        if name != "." && name != ".." { names.append(name) }
        errno = 0
    }
    guard errno == 0 else { throw .last("read", path) }
    return names.sorted()
}

/// Creates an unnamed file in `directory`, open for reading and writing.
/// - Returns: The open file, which is gone when it is closed.
/// - Throws: `FileError.system`.
public func makeUnnamedFile(in directory: String) throws(FileError) -> Int32 {
    var name = Array("\(directory)/vbprep-XXXXXX".utf8CString)
    let descriptor = unsafe name.withUnsafeMutableBufferPointer { buffer in
        guard let path = buffer.baseAddress else { return Int32(-1) }
        let descriptor = unsafe mkstemp(path)
        if descriptor >= 0 { unsafe unlink(path) }
        return descriptor
    }
    try check(descriptor, "create a file in", directory)
    _ = fcntl(descriptor, F_SETFD, FD_CLOEXEC)
    return descriptor
}

/// Removes the file at `path`, if there is one; durably if `syncs` is set.
/// - Throws: `FileError.system`.
public func removeFile(at path: String, syncs: Bool = true) throws(FileError) {
    if unsafe unlink(path) != 0 {
        if errno == ENOENT { return }
        throw .last("remove", path)
    }
    if syncs { try syncDirectory(of: path) }
}

/// Removes the directory `path` with everything in it, if there is one.
/// - Throws: `FileError.system`.
public func removeDirectory(at path: String) throws(FileError) {
    guard fileExists(path) else { return }
    do {
        try FileManager.default.removeItem(atPath: path)
    } catch {
        throw .last("remove", path)
    }
}

/// Renames the file or directory `source`, whose content is on disk, to `target`, replacing any
/// file there; durably if `syncs` is set.
/// - Throws: `FileError.system`.
public func moveFile(
    from source: String, to target: String, syncs: Bool = true
) throws(FileError) {
    try check(unsafe rename(source, target), "publish", target)
    if syncs { try syncDirectory(of: target) }
}

/// Makes the directory `temporary`, whose files are on disk, appear as `path`.
/// - Throws: `FileError.system`, also if there is anything but an empty directory at `path`.
public func publishDirectory(_ temporary: String, as path: String) throws(FileError) {
    try syncDirectory(of: temporary + "/")
    try moveFile(from: temporary, to: path)
}

/// Makes renames and removals durable in the directory that holds `path`, or in `path` itself if it
/// ends in a slash.
/// - Throws: `FileError.system`.
public func syncDirectory(of path: String) throws(FileError) {
    let directory = path.hasSuffix("/") ? path : parentDirectory(of: path)
    let descriptor = unsafe open(directory, O_RDONLY | O_CLOEXEC)
    try check(descriptor, "open", directory)
    defer { close(descriptor) }
    try check(fsync(descriptor), "sync", directory)
}

/// Names of temporaries in `directory` that nobody is writing any more.
///
/// A process that `isAlone` there, by an exclusive lock, can tell this for all temporaries but its
/// own; others can tell it only for processes of this machine that have ended.
public func abandonedTemporaries(in directory: String, isAlone: Bool = false) -> [String] {
    let names = (try? namesInDirectory(directory)) ?? []
    return names.filter { name in
        guard name.hasSuffix(DurableFile.temporarySuffix) else { return false }
        guard let owner = FileOwner(ofTemporary: name) else { return isAlone }
        if isAlone || owner.process == getpid() { return !DurableFile.isOpen(name) }
        return owner.isRunning == false
    }
}

/// Removes temporaries in `directory` that nobody is writing any more.
public func removeAbandonedTemporaries(in directory: String) {
    for name in abandonedTemporaries(in: directory) { unsafe unlink("\(directory)/\(name)") }
}

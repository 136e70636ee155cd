import Foundation

/// What comes after the last slash of `path`, slashes at its end aside; `/` of the root.
public func lastComponent(of path: String) -> String {
    // As a character, a slash with a combining mark behind it would be none.
    path.unicodeScalars.split(separator: "/").last.map { String($0) }
        ?? (path.hasPrefix("/") ? "/" : "")
}

/// The directory that holds `path`: `.` for a bare name, `/` for the root.
public func parentDirectory(of path: String) -> String {
    var parts = path.split(separator: "/", omittingEmptySubsequences: false)
    while parts.count > 1, parts.last?.isEmpty == true { parts.removeLast() }
    parts.removeLast()
    let parent = parts.joined(separator: "/")
    return parent.isEmpty ? (path.hasPrefix("/") ? "/" : ".") : parent
}

/// `name` without its extension, if it has one.
public func withoutExtension(_ name: String) -> String {
    guard let dot = name.lastIndex(of: "."), dot != name.startIndex, !name[dot...].contains("/")
    else { return name }
    return String(name[..<dot])
}

/// `path` from the root of the file system, without `.` and `..`.
public func absolutePath(_ path: String) -> String {
    URL(fileURLWithPath: path.isEmpty ? "." : path).standardizedFileURL.path
}

/// `path` without empty, `.` and resolvable `..` parts; names only, no file is looked at.
public func normalizedPath(_ path: String) -> String {
    // Most paths are normal already.
    guard path.utf8.first == UInt8(ascii: ".") || path.contains("//") || path.contains("/.") else {
        return path
    }
    var parts: [Substring.UnicodeScalarView] = []
    for part in path.unicodeScalars.split(separator: "/")
    where !part.elementsEqual(".".unicodeScalars) {
        let isUp = part.elementsEqual("..".unicodeScalars)
        if isUp, let last = parts.last, !last.elementsEqual("..".unicodeScalars) {
            parts.removeLast()
        } else if !isUp || !path.hasPrefix("/") {
            parts.append(part)
        }
    }
    return (path.hasPrefix("/") ? "/" : "") + parts.map { String($0) }.joined(separator: "/")
}

public import Foundation

/// Where the reference data of `Tests/Fixtures` lies.
public enum Fixtures {
    /// The folder `Tests/Fixtures`.
    public static let directory = URL(fileURLWithPath: #filePath)
        .deletingLastPathComponent().deletingLastPathComponent()
        .appendingPathComponent("Fixtures")

    /// The top folder of the package.
    public static let package = directory.deletingLastPathComponent().deletingLastPathComponent()

    /// The path of `name`, relative to `Tests/Fixtures`.
    public static func path(_ name: String) -> String {
        directory.appendingPathComponent(name).path
    }

    /// A new empty folder that the caller removes.
    public static func makeTemporaryDirectory() throws -> URL {
        let url = FileManager.default.temporaryDirectory
            .appendingPathComponent("vbprep-test-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
        return url
    }
}

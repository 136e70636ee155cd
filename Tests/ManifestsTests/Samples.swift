import Foundation
import Recipes
import TestSupport

@testable import Manifests

/// Reads `text` as a manifest file.
func makeManifest(_ text: String, name: String = "manifest.csv") throws -> Manifest {
    try makeManifest(bytes: Array(text.utf8), name: name)
}

func makeManifest(bytes: [UInt8], name: String = "manifest.csv") throws -> Manifest {
    try withFolder([:]) { folder in
        let path = "\(folder)/\(name)"
        try Data(bytes).write(to: URL(fileURLWithPath: path))
        return try Manifest(path: path)
    }
}

/// Divides the manifest `text`.
func makePlan(
    _ text: String, fractions: String = "0.8,0.1,0.1", seed: UInt64 = 42,
    answerSets: [AnswerSet]? = nil
) throws -> (manifest: Manifest, plan: DatasetPlan) {
    let manifest = try makeManifest(text)
    let options = DatasetPlan.Options(
        fractions: try SplitFractions(fractions), seed: seed, answerSets: answerSets)
    return (manifest, try DatasetPlan(manifest: manifest, options: options))
}

/// A folder with files of these contents while `body` runs.
func withFolder<Result>(
    _ files: [String: String], _ body: (String) throws -> Result
) throws -> Result {
    try withFolder(of: files.map { $0.key }) { folder in
        for (path, text) in files {
            try Data(text.utf8).write(to: URL(fileURLWithPath: "\(folder)/\(path)"))
        }
        return try body(folder)
    }
}

/// A folder with empty files at these paths while `body` runs.
func withFolder<Result>(of paths: [String], _ body: (String) throws -> Result) throws -> Result {
    let folder = try Fixtures.makeTemporaryDirectory()
    defer { try? FileManager.default.removeItem(at: folder) }
    for path in paths {
        let file = folder.appendingPathComponent(path)
        try FileManager.default.createDirectory(
            at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
        try Data().write(to: file)
    }
    return try body(folder.path)
}

/// CSV text as its lines.
func lines(_ csv: [UInt8]) -> [String] {
    String(decoding: csv, as: UTF8.self).split(separator: "\n").map { String($0) }
}

import Foundation
import TestSupport

/// Runs a built program to its end.
func run(
    _ program: String, _ arguments: String..., directory: URL? = nil
) throws -> BuiltProgram.Outcome {
    try BuiltProgram(program, arguments, directory: directory).outcome()
}

/// Eight windows of two videos, built into `cache/m` of `scratch`.
func buildPixels(in scratch: URL) throws -> BuiltProgram.Outcome {
    var rows = ["video,label,split,start"]
    for (index, split) in ["train", "train", "val", "test"].enumerated() {
        rows.append("real/park.mp4,park,\(split),0.\(index)")
        rows.append("real/realshort.mp4,short,\(split),0.\(index)")
    }
    try Data((rows.joined(separator: "\n") + "\n").utf8).write(
        to: scratch.appendingPathComponent("m.csv"))
    return try run(
        "vbprep", "build-shards", "m.csv", "--root", Fixtures.path("videos"), "--frames=2",
        "--image-size=28", "--json", "--strict", directory: scratch)
}

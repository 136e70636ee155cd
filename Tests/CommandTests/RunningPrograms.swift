import Foundation
import TestSupport

/// Runs a built program to its end.
func run(
    _ program: String, _ arguments: String..., directory: URL? = nil
) throws -> BuiltProgram.Outcome {
    try BuiltProgram(program, arguments, directory: directory).outcome()
}

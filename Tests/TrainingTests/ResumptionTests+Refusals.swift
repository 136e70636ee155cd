import Files
import Foundation
import Models
import TestSupport
import Testing

@testable import Training

// Checkpoints that are damaged, edited or made elsewhere.
extension ResumptionTests {
    @Test(arguments: [
        #""position" : -5"#, #""position" : 31"#, #""step" : 11"#, #""seed" : 7"#,
        #""epoch" : 9223372036854775807"#, #""passes" : 18446744073709551615"#,
        #""settled_step" : 13"#, #""log_bytes" : 9223372036854775807"#,
        #""evaluations_since_best" : 9223372036854775807"#,
    ])
    func refusesAPlaceThatCannotBe(_ field: String) throws {
        try withFinishedRun { run, checkpoint in
            let path = "\(checkpoint.path)/trainer_state.json"
            let name = try #require(field.split(separator: ":").first)
            let text = try String(contentsOfFile: path, encoding: .utf8)
            let changed = text.split(separator: "\n").map { line in
                let comma = line.hasSuffix(",") ? "," : ""
                return line.contains("  \(name)") ? "  \(field)\(comma)" : String(line)
            }.joined(separator: "\n")
            #expect(changed != text)
            try Data(changed.utf8).write(to: URL(fileURLWithPath: path))
            try renewChecksums(of: checkpoint)
            #expect(throws: TrainingError.self) { try run.trainer.resume(from: checkpoint) }
        }
    }

    /// As after an edit on purpose.
    private func renewChecksums(of checkpoint: Checkpoint) throws {
        let names = ["model.safetensors", "optimizer.safetensors", "trainer_state.json"]
        try ChecksumFile(of: checkpoint.path).publish(
            Dictionary(
                uniqueKeysWithValues: names.map {
                    ($0, try sha256Hex(ofFile: "\(checkpoint.path)/\($0)"))
                }))
    }

    /// As of a processor with another instruction set: resumed would not equal undisturbed.
    @Test func refusesACheckpointOfOtherProducts() throws {
        try withFinishedRun { run, checkpoint in
            let path = "\(checkpoint.path)/trainer_state.json"
            let text = try String(contentsOfFile: path, encoding: .utf8)
            let changed = text.replacing(/"math_library" : "[^"]*"/) { _ in
                #""math_library" : "oneDNN 9.9.9 other""#
            }
            #expect(changed != text)
            try Data(changed.utf8).write(to: URL(fileURLWithPath: path))
            try renewChecksums(of: checkpoint)
            let error = #expect(throws: TrainingError.self) {
                try run.trainer.resume(from: checkpoint)
            }
            #expect(error?.description.contains("oneDNN 9.9.9 other") == true)
            #expect(error?.description.contains("`--isa`") == true)
        }
    }

    @Test(arguments: ["model.safetensors", "optimizer.safetensors", "trainer_state.json"])
    func refusesADamagedCheckpoint(_ file: String) throws {
        try withFinishedRun { run, checkpoint in
            let path = "\(checkpoint.path)/\(file)"
            let intact = try readFile(path)
            for share in 0..<10 {
                var changed = intact
                changed[intact.count * share / 10] ^= 1
                try publishFile(changed, at: path)
                let error = #expect(throws: TrainingError.self) {
                    try run.trainer.resume(from: checkpoint)
                }
                let sentence = try #require(error?.description)
                #expect(sentence.contains(path))
                #expect(sentence.contains("--resume-from \(run.directory.path)/checkpoint-8"))
            }
            try publishFile(intact, at: path)
            try run.trainer.resume(from: checkpoint)
        }
    }

    @Test func refusesDamagedBestWeights() throws {
        try withFinishedRun { run, _ in
            let intact = try readFile(run.directory.weightsPath)
            var changed = intact
            changed[intact.count / 2] ^= 4
            try publishFile(changed, at: run.directory.weightsPath)
            let error = #expect(throws: FileError.self) { try run.directory.loadModel() }
            #expect(error?.description.contains("\(run.directory.path)/model/SHA256SUMS") == true)
            try publishFile(intact, at: run.directory.weightsPath)
            _ = try run.directory.loadModel()
        }
    }
}

import Files
import Foundation
import Pipelines
import Recipes
import TestSupport
import Testing

/// The clips of the demo, whose order alone tells the direction.
struct MotionClipsTests {
    @Test func drawsTheSamePicturesForwardsAndBackwards() throws {
        let scratch = try Fixtures.makeTemporaryDirectory()
        defer { try? FileManager.default.removeItem(at: scratch) }
        let options = [
            "--train=2", "--validation=0", "--test=1",
            "--videos=\(Fixtures.path("videos/real"))",
            "--digits=\(Fixtures.path("labelled/digits.gif"))",
        ]
        for folder in ["a", "b"] {
            let outcome = try BuiltProgram("vbmotion", [folder] + options, directory: scratch)
                .outcome()
            #expect(outcome.status == 0, "\(outcome.errors)")
        }
        let manifest = try readFile(scratch.appendingPathComponent("a/manifest.csv").path)
        let rows = String(decoding: manifest, as: UTF8.self).split(separator: "\n")
        #expect(rows.count == 1 + 3 * 2 * 3)
        #expect(rows[1] == "clips/train-0-a.mp4,direction,right,train,train-0")
        #expect(rows[4] == "clips/train-0-b.mp4,direction,left,train,train-0")
        #expect(rows[7] == "clips/train-1-a.mp4,direction,down,train,train-1")

        var recipe = ClipRecipe()
        (recipe.numFrames, recipe.imageSize) = (4, 56)
        var loader = ClipLoader(recipe, timeoutSeconds: 60)
        func frames(_ name: String) throws -> [[UInt8]] {
            let path = scratch.appendingPathComponent("a/clips/\(name).mp4").path
            let other = scratch.appendingPathComponent("b/clips/\(name).mp4").path
            #expect(try readFile(path) == readFile(other), "\(name) is drawn differently")
            let pixels = try loader.load(path: path).pixels
            return (0..<4).map { frame in
                (0..<3).flatMap { channel in
                    Array(pixels[((channel * 4 + frame) * 56 * 56)...].prefix(56 * 56))
                }
            }
        }
        let forwards = try frames("test-0-a")
        #expect(try frames("test-0-b") == forwards.reversed())
        #expect(forwards[0] != forwards[3])
    }
}

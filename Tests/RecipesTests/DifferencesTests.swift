import Testing

@testable import Recipes

struct DifferencesTests {
    @Test func namesWhatDiffers() {
        var other = ClipRecipe()
        other.numFrames = 4
        other.resize = .crop(edge: nil)
        #expect(
            differences(other, from: ClipRecipe())
                == ["num_frames is 4 instead of 8", "resize is crop instead of squash"])
        #expect(differences(other, from: other).isEmpty)
    }

    @Test func namesListsThatDiffer() {
        let recipe = FeatureRecipe(
            modelHash: "h", precision: .int8, tokens: .all, instructionSet: "i")
        var other = recipe
        other.bfloat16Blocks = [0, 2]
        #expect(differences(other, from: recipe) == ["bfloat16_blocks is 0 2 instead of "])
    }
}

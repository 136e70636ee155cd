import Files
import Testing

@testable import Recipes

struct ClipRecipeTests {
    @Test func survivesJSON() throws {
        var recipe = ClipRecipe()
        recipe.resize = .crop(edge: 256)
        recipe.sampling = .middle
        #expect(try decodeJSON(ClipRecipe.self, from: canonicalJSON(recipe)) == recipe)
    }

    /// What this program does not know is never replaced by a default.
    @Test(arguments: [
        ("linspace", "random"), ("squash", "pad"), ("uint8", "int4"),
        ("\"num_frames\"", "\"frames\""),
    ])
    func refusesUnknownValues(_ known: String, _ unknown: String) throws {
        let json = String(decoding: try canonicalJSON(ClipRecipe()), as: UTF8.self)
        #expect(json.contains(known))
        #expect(throws: (any Error).self) {
            try decodeJSON(ClipRecipe.self, from: Array(json.replacing(known, with: unknown).utf8))
        }
    }

    @Test func croppedEdgeHoldsTheSquare() {
        var recipe = ClipRecipe()
        recipe.resize = .crop(edge: 223)
        #expect(!recipe.isPlausible)
        recipe.resize = .crop(edge: 224)
        #expect(recipe.isPlausible)
    }
}

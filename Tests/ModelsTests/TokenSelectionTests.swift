import Recipes
import Testing

@testable import Models

struct TokenSelectionTests {
    private func select(_ selection: TokenSelection, grid: Int) -> [Float] {
        // One number a token: CLS is -1, the patches count up.
        let tokens: [Float] = [-1] + (0..<grid * grid).map(Float.init)
        var kept = [Float](repeating: .nan, count: selection.count(gridSize: grid))
        var span = kept.mutableSpan
        selection.select(tokens.span, gridSize: grid, into: &span)
        return kept
    }

    @Test func keepsWhatItSays() {
        #expect(select(.all, grid: 2) == [-1, 0, 1, 2, 3])
        #expect(select(.cls, grid: 2) == [-1])
        #expect(select(.pool2, grid: 4) == [-1, 2.5, 4.5, 10.5, 12.5])
    }

    @Test func poolsWhatThereIsAtOddEdges() {
        #expect(select(.pool2, grid: 3) == [-1, 2, 3.5, 6.5, 8])
        #expect(select(.pool2, grid: 1) == [-1, 0])
    }
}

public import Recipes

extension TokenSelection {
    /// Tokens that are kept of CLS and `gridSize` × `gridSize` patches.
    public func count(gridSize: Int) -> Int {
        let pooled = (gridSize + 1) / 2
        return switch self {
        case .all: gridSize * gridSize + 1
        case .cls: 1
        case .pool2: pooled * pooled + 1
        }
    }

    /// Copies or averages the kept tokens of one frame.
    /// - Parameters:
    ///   - tokens: Float32 (1 + `gridSize`², D) with CLS first.
    ///   - gridSize: Patches along one side.
    ///   - kept: Float32 (`count`, D); every element is written.
    public func select(
        _ tokens: Span<Float>, gridSize: Int, into kept: inout MutableSpan<Float>
    ) {
        let width = tokens.count / (gridSize * gridSize + 1)
        precondition(kept.count == count(gridSize: gridSize) * width)
        let copied = self == .all ? tokens.count : width
        for index in 0..<copied { kept[index] = tokens[index] }
        guard self == .pool2 else { return }
        let pooled = (gridSize + 1) / 2
        for row in 0..<pooled {
            for column in 0..<pooled {
                let rows = 2 * row..<min(2 * row + 2, gridSize)
                let columns = 2 * column..<min(2 * column + 2, gridSize)
                let share = 1 / Float(rows.count * columns.count)
                let target = (1 + row * pooled + column) * width
                for index in 0..<width {
                    var sum: Float = 0
                    for y in rows {
                        for x in columns { sum += tokens[(1 + y * gridSize + x) * width + index] }
                    }
                    kept[target + index] = sum * share
                }
            }
        }
    }
}

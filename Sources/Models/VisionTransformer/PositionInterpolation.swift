/// Position embeddings for pictures of another size than the encoder was trained with.
///
/// The position of CLS stays as it is; those of the patches are interpolated by bicubic convolution
/// (a = −0.75, edges repeated, corners not aligned).
/// Source: transformers, `Dinov2Embeddings.interpolate_pos_encoding`; PyTorch,
/// `interpolate(mode="bicubic")`.
/// - Parameters:
///   - positions: Float32 (1 + G·G, D), CLS first.
///   - width: D.
///   - gridSize: G, patches along one side that the positions were trained for.
///   - newGridSize: Patches along one side of the pictures.
/// - Returns: Float32 (1 + N·N, D), where N is `newGridSize`.
func interpolatedPositions(
    _ positions: [Float], width: Int, from gridSize: Int, to newGridSize: Int
) -> [Float] {
    guard gridSize != newGridSize else { return positions }
    let taps = (0..<newGridSize).map { BicubicTaps(target: $0, of: newGridSize, from: gridSize) }
    var result = [Float](repeating: 0, count: (1 + newGridSize * newGridSize) * width)
    result.replaceSubrange(..<width, with: positions[..<width])
    for row in 0..<newGridSize {
        for column in 0..<newGridSize {
            let target = (1 + row * newGridSize + column) * width
            for (sourceRow, rowWeight) in taps[row] {
                for (sourceColumn, columnWeight) in taps[column] {
                    let source = (1 + sourceRow * gridSize + sourceColumn) * width
                    let weight = rowWeight * columnWeight
                    for channel in 0..<width {
                        result[target + channel] += weight * positions[source + channel]
                    }
                }
            }
        }
    }
    return result
}

/// The four places along one side that make one of the new ones, and their weights.
private struct BicubicTaps: Sequence {
    private let places: [(Int, Float)]

    init(target: Int, of newCount: Int, from count: Int) {
        let position = (Float(target) + 0.5) * Float(count) / Float(newCount) - 0.5
        let first = position.rounded(.down)
        let fraction = position - first
        places = (-1...2).map { offset in
            (
                Swift.min(count - 1, Swift.max(0, Int(first) + offset)),
                Self.weight(abs(fraction - Float(offset)))
            )
        }
    }

    func makeIterator() -> IndexingIterator<[(Int, Float)]> { places.makeIterator() }

    /// Keys' kernel with a = −0.75 at `distance`.
    private static func weight(_ distance: Float) -> Float {
        let a: Float = -0.75
        if distance <= 1 { return ((a + 2) * distance - (a + 3)) * distance * distance + 1 }
        return ((a * distance - 5 * a) * distance + 8 * a) * distance - 4 * a
    }
}

/// Bicubic resizing of UInt8 (H, W, 3) to (size, size, 3), slow and written from the definition:
/// one output pixel at a time, with float64 weights rounded to 22 fractional bits.
///
/// Columns go first when the height shrinks by more than twice what the width shrinks by (Pillow
/// 13).
func resizedByOracle(_ image: [UInt8], width: Int, height: Int, size: Int) -> [UInt8] {
    if height > size && height - size > 2 * (width - size) {
        let low = columnsResized(image, width: width, height: height, size: size)
        return rowsResized(low, width: width, height: size, size: size)
    }
    let narrow = rowsResized(image, width: width, height: height, size: size)
    return columnsResized(narrow, width: size, height: height, size: size)
}

private func rowsResized(_ image: [UInt8], width: Int, height: Int, size: Int) -> [UInt8] {
    var result: [UInt8] = []
    for row in 0..<height {
        for column in 0..<size {
            for channel in 0..<3 {
                result.append(
                    weightedSum(output: column, of: size, inputCount: width) {
                        image[(row * width + $0) * 3 + channel]
                    })
            }
        }
    }
    return result
}

private func columnsResized(_ image: [UInt8], width: Int, height: Int, size: Int) -> [UInt8] {
    var result: [UInt8] = []
    for row in 0..<size {
        for index in 0..<(width * 3) {
            result.append(
                weightedSum(output: row, of: size, inputCount: height) {
                    image[$0 * width * 3 + index]
                })
        }
    }
    return result
}

private func weightedSum(
    output: Int, of outputCount: Int, inputCount: Int, sample: (Int) -> UInt8
) -> UInt8 {
    if inputCount == outputCount { return sample(output) }
    let scale = Double(inputCount) / Double(outputCount)
    let stretch = max(1, scale)
    let center = (Double(output) + 0.5) * scale
    let first = max(0, Int(center - 2 * stretch + 0.5))
    let last = min(inputCount, Int(center + 2 * stretch + 0.5)) - 1
    let weights = (first...last).map { keys((Double($0) - center + 0.5) * (1 / stretch)) }
    let total = weights.reduce(0, +)
    var sum = 1 << 21
    for (weight, position) in zip(weights, first...last) {
        let fixed = Int((weight / total * 4_194_304).rounded(.toNearestOrAwayFromZero))
        sum += fixed * Int(sample(position))
    }
    return UInt8(min(255, max(0, sum >> 22)))
}

private func keys(_ distance: Double) -> Double {
    let x = abs(distance)
    if x < 1 { return (1.5 * x - 2.5) * x * x + 1 }
    return x < 2 ? (((x - 5) * x + 8) * x - 4) * -0.5 : 0
}

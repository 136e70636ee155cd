import Pipelines
import Recipes
import Shards
import Tensors

/// Clips in two dimensions by the frozen encoder's features of them.
///
/// The first two principal components of the mean token of each clip, found by power iteration.
/// Source: Jolliffe, Principal Component Analysis (2002).
struct FeatureMap {
    /// Key of each clip and its place, both coordinates.
    let places: [(key: String, place: [Double])]

    /// Features that are read at most.
    private static let maxBytes = 400_000_000
    private static let maxClips = 1_500
    private static let iterations = 40

    /// The map of the clips of `pixels`; `nil` if no features lie beside them.
    init?(of pixels: Dataset) {
        let directory = DatasetLocation.features(of: pixels.directory)
        guard let features = try? Dataset(directory: directory),
            features.description.kind == .features,
            features.description.parentHash == pixels.description.contentHash,
            let readers = try? features.readers()
        else { return nil }
        let shape = features.description.array.shape
        guard shape.count == 3, let width = shape.last else { return nil }
        let all = readers.flatMap { reader in reader.samples.map { (reader, $0) } }
        let size = shape.reduce(2, *)
        let count = min(Self.maxClips, max(2, Self.maxBytes / max(1, size)), all.count)
        guard count > 2 else { return nil }
        var rows: [[Double]] = []
        var keys: [String] = []
        for number in 0..<count {
            let (reader, sample) = all[number * all.count / count]
            guard
                let array = try? reader.array(of: features.description.array.member, in: sample),
                array.shape == shape
            else { continue }
            keys.append("\(sample.key)")
            rows.append(Self.mean(of: array, width: width))
        }
        guard rows.count > 2 else { return nil }
        let first = Self.component(of: &rows, isCentred: false)
        let second = Self.component(of: &rows, isCentred: true)
        places = keys.indices.map { (keys[$0], [first[$0], second[$0]]) }
    }

    /// The mean token of float16 (T, L, D).
    private static func mean(of array: NPYArray, width: Int) -> [Double] {
        var values = [Float](repeating: 0, count: array.shape.reduce(1, *))
        var span = values.mutableSpan
        array.withHalfElements { halfToFloat($0, into: &span) }
        var mean = [Double](repeating: 0, count: width)
        let tokens = Double(values.count / width)
        for token in stride(from: 0, to: values.count, by: width) {
            for channel in 0..<width { mean[channel] += Double(values[token + channel]) / tokens }
        }
        return mean
    }

    /// Each row's place on the component of largest variance, which is taken out of `rows`.
    private static func component(of rows: inout [[Double]], isCentred: Bool) -> [Double] {
        let width = rows[0].count
        if !isCentred {
            for channel in 0..<width {
                let mean = rows.reduce(0) { $0 + $1[channel] } / Double(rows.count)
                for row in rows.indices { rows[row][channel] -= mean }
            }
        }
        // Any start that is not orthogonal to the component finds it.
        var axis = (0..<width).map { 1 + Double($0 % 7) / 7 }
        var places = [Double](repeating: 0, count: rows.count)
        for _ in 0..<iterations {
            let length = axis.reduce(0) { $0 + $1 * $1 }.squareRoot()
            guard length > 0 else { break }
            for channel in 0..<width { axis[channel] /= length }
            for row in rows.indices {
                places[row] = zip(rows[row], axis).reduce(0) { $0 + $1.0 * $1.1 }
            }
            axis = [Double](repeating: 0, count: width)
            for row in rows.indices {
                for channel in 0..<width { axis[channel] += places[row] * rows[row][channel] }
            }
        }
        let length = axis.reduce(0) { $0 + $1 * $1 }.squareRoot()
        guard length > 0 else { return places }
        for channel in 0..<width { axis[channel] /= length }
        for row in rows.indices {
            places[row] = zip(rows[row], axis).reduce(0) { $0 + $1.0 * $1.1 }
            for channel in 0..<width { rows[row][channel] -= places[row] * axis[channel] }
        }
        return places
    }
}

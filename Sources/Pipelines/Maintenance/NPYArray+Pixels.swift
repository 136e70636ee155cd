import Recipes
public import Shards

extension NPYArray {
    /// The pictures (C, T, H, W) as UInt8, whatever they are stored as.
    /// - Parameter normalization: What the dataset's stored values went through.
    /// - Returns: The elements in their order, rounded and clamped to 0…255; NaN becomes 0.
    public func bytePixels(normalization: DatasetDescription.Normalization) -> [UInt8] {
        guard elementType != .uint8 else { return Array(fileBytes[dataOffset...]) }
        let plane = shape.dropFirst().reduce(1, *)
        return floatValues().enumerated().map { index, value in
            let channel = index / plane
            let scaled = value * normalization.imageStd[channel] + normalization.imageMean[channel]
            let byte = (Double(scaled) / normalization.rescaleFactor).rounded()
            return byte.isFinite ? UInt8(min(255, max(0, byte))) : 0
        }
    }
}

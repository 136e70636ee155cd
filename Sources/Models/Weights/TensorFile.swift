import Files
import Foundation

/// A safetensors file that is written tensor by tensor and appears when it is whole.
///
/// Only names and shapes are kept in memory. Equal tensors give equal bytes.
/// Source: safetensors format, https://github.com/huggingface/safetensors (README, "Format").
public final class TensorFile {
    private let path: String
    /// The tensors' bytes; it is never published, so it goes with this value.
    private let body: DurableFile
    private var entries: [String: Any] = [:]

    /// Begins a file that will be at `path`.
    /// - Throws: `ModelError.file`.
    public init(path: String) throws(ModelError) {
        self.path = path
        body = try onDisk { () throws(FileError) in try DurableFile(path: path) }
    }

    /// Adds a tensor as F32; `prefix` comes before its name.
    /// - Throws: `ModelError.file`.
    public func append(_ tensor: TraceTensor, prefix: String = "") throws(ModelError) {
        let start = body.count
        try onDisk { () throws(FileError) in
            try unsafe tensor.values.span.withUnsafeBytes { (bytes) throws(FileError) in
                try unsafe body.write(bytes)
            }
        }
        entries[prefix + tensor.name] = [
            "dtype": "F32", "shape": tensor.shape, "data_offsets": [start, body.count],
        ]
    }

    /// Makes the file appear, with `metadata` in its header.
    /// - Throws: `ModelError.file`.
    public func publish(metadata: [String: String]) throws(ModelError) {
        entries["__metadata__"] = metadata.merging(["format": "pt"]) { own, _ in own }
        let json = try? JSONSerialization.data(
            withJSONObject: entries, options: [.sortedKeys, .withoutEscapingSlashes])
        var header = [UInt8](json ?? Data())
        header += repeatElement(UInt8(ascii: " "), count: (8 - header.count % 8) % 8)
        try onDisk { () throws(FileError) in
            let file = try DurableFile(path: path)
            try file.write((0..<8).map { UInt8(truncatingIfNeeded: header.count >> (8 * $0)) })
            try file.write(header)
            let tensors = try ReadableFile(path: body.temporaryPath)
            for start in stride(from: 0, to: tensors.count, by: 1 << 24) {
                try file.write(
                    tensors.read(offset: start, count: min(1 << 24, tensors.count - start)))
            }
            try file.publish()
        }
    }
}

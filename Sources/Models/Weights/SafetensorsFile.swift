import Foundation
import Tensors

/// A safetensors file, memory-mapped; only the tensors that are asked for are read.
///
/// The header is checked against the file's size before anything is allocated.
/// Source: safetensors format, https://github.com/huggingface/safetensors (README, "Format").
@safe public final class SafetensorsFile: Sendable {
    /// The element types that can be read.
    enum ElementType: String, Sendable {
        case float32 = "F32"
        case float16 = "F16"
        case bfloat16 = "BF16"

        /// Bytes per element.
        var size: Int { self == .float32 ? 4 : 2 }
    }

    struct Entry: Sendable {
        let elementType: String
        let shape: [Int]
        /// Where the tensor's bytes lie in the file.
        let bytes: Range<Int>
    }

    /// Headers larger than this are refused, as the reference implementation does.
    private static let maximumHeaderSize = 100_000_000

    /// Path of the file, as given.
    public let path: String
    private let data: Data
    // Guard: the memory of `data`, which lives as long; only advice to the system goes through it.
    nonisolated(unsafe) private let mapping: UnsafeMutableRawPointer
    let entries: [String: Entry]

    /// The tensors' names, sorted.
    public var names: [String] { entries.keys.sorted() }

    /// Maps the file at `path` and checks its header.
    /// - Throws: `ModelError.malformedWeights`.
    public init(path: String) throws(ModelError) {
        self.path = path
        (unsafe mapping, data) = unsafe try Self.map(path)
        entries = try Self.parse(data, path: path)
    }

    private static func map(
        _ path: String
    ) throws(ModelError) -> (UnsafeMutableRawPointer, Data) {
        let file = unsafe open(path, O_RDONLY | O_CLOEXEC)
        defer { if file >= 0 { close(file) } }
        let size = file >= 0 ? Int(lseek(file, 0, SEEK_END)) : -1
        guard size >= 8 else {
            throw .malformedWeights(
                path: path, reason: size < 0 ? "it cannot be read" : "it has only \(size) bytes")
        }
        guard let mapping = unsafe mmap(nil, size, PROT_READ, MAP_PRIVATE, file, 0),
            unsafe mapping != MAP_FAILED
        else { throw .malformedWeights(path: path, reason: "it cannot be mapped") }
        return unsafe (mapping, Data(bytesNoCopy: mapping, count: size, deallocator: .unmap))
    }

    /// Extents of the tensor `name`, if the file has it.
    public func shape(of name: String) -> [Int]? { entries[name]?.shape }

    /// Checks that the tensor `name` is there, and of the shape `expected`.
    /// - Throws: `ModelError.missingTensor`, `.wrongShape`.
    @discardableResult
    func require(_ name: String, _ expected: [Int]) throws(ModelError) -> Entry {
        guard let entry = entries[name] else {
            throw .missingTensor(name: name, path: path, expected: expected)
        }
        guard entry.shape == expected else {
            throw .wrongShape(name: name, path: path, found: entry.shape, expected: expected)
        }
        return entry
    }

    /// The tensor `name` as Float32.
    /// - Throws: `ModelError` if it is missing, has another shape than `expected`, or is neither
    ///   F32, F16 nor BF16.
    public func tensor(_ name: String, shape expected: [Int]) throws(ModelError) -> [Float] {
        let entry = try require(name, expected)
        guard let type = ElementType(rawValue: entry.elementType) else {
            throw .malformedWeights(
                path: path, reason: "`\(name)` has the element type \(entry.elementType)")
        }
        let count = entry.bytes.count / type.size
        var values = [Float](repeating: 0, count: count)
        switch type {
        case .float32:
            _ = unsafe values.withUnsafeMutableBytes {
                unsafe data.copyBytes(to: $0, from: entry.bytes)
            }
        case .float16, .bfloat16:
            var halves = [UInt16](repeating: 0, count: count)
            _ = unsafe halves.withUnsafeMutableBytes {
                unsafe data.copyBytes(to: $0, from: entry.bytes)
            }
            if type == .float16 {
                var span = values.mutableSpan
                halfToFloat(halves.span, into: &span)
            } else {
                for index in 0..<count {
                    values[index] = Float(bitPattern: UInt32(halves[index]) << 16)
                }
            }
        }
        release(entry.bytes)
        guard values.allSatisfy(\.isFinite) else { throw .invalidValues(name: name, path: path) }
        return values
    }

    /// Calls `body` with the stored bytes of the tensor `name`.
    func withStoredBytes<Result>(of name: String, _ body: (Data) -> Result) -> Result? {
        entries[name].map { entry in
            defer { release(entry.bytes) }
            return body(data[entry.bytes])
        }
    }

    /// Lets the system take back the memory of bytes that have been read; they can be read again.
    private func release(_ bytes: Range<Int>) {
        let start = bytes.lowerBound / Int(getpagesize()) * Int(getpagesize())
        _ = unsafe madvise(mapping + start, bytes.upperBound - start, MADV_DONTNEED)
    }

    private static func parse(_ data: Data, path: String) throws(ModelError) -> [String: Entry] {
        func malformed(_ reason: String) -> ModelError {
            .malformedWeights(path: path, reason: reason)
        }
        let size = data.prefix(8).reversed().reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
        guard size <= UInt64(min(data.count - 8, maximumHeaderSize)) else {
            throw malformed("its header of \(size) bytes does not fit the file of \(data.count)")
        }
        let start = 8 + Int(size)
        guard
            let header = try? JSONSerialization.jsonObject(with: data[8..<start]) as? [String: Any]
        else { throw malformed("its header is not JSON") }

        var entries: [String: Entry] = [:]
        for (name, value) in header where name != "__metadata__" {
            guard let fields = value as? [String: Any], let type = fields["dtype"] as? String,
                let shape = fields["shape"] as? [Int],
                let offsets = fields["data_offsets"] as? [Int], offsets.count == 2,
                0 <= offsets[0], offsets[0] <= offsets[1],
                offsets[1] <= data.count - start
            else { throw malformed("the entry `\(name)` does not fit the file") }
            if let elementType = ElementType(rawValue: type) {
                guard offsets[1] - offsets[0] == byteCount(of: shape, elementType) else {
                    throw malformed("`\(name)` has \(offsets[1] - offsets[0]) bytes for \(shape)")
                }
            }
            entries[name] = Entry(
                elementType: type, shape: shape,
                bytes: start + offsets[0]..<start + offsets[1])
        }
        let ranges = entries.values.map(\.bytes).filter { !$0.isEmpty }.sorted {
            $0.lowerBound < $1.lowerBound
        }
        for (first, second) in zip(ranges, ranges.dropFirst())
        where first.upperBound > second.lowerBound {
            throw malformed("two tensors overlap at byte \(second.lowerBound)")
        }
        return entries
    }

    /// The bytes of a tensor; `nil` if the shape is absurd.
    private static func byteCount(of shape: [Int], _ type: ElementType) -> Int? {
        var count = type.size
        for extent in shape {
            guard extent >= 0 else { return nil }
            let (product, overflow) = count.multipliedReportingOverflow(by: extent)
            guard !overflow else { return nil }
            count = product
        }
        return count
    }
}

import Files
import Foundation
import Tensors

/// A safetensors file; only the tensors that are asked for are read.
///
/// The header is checked against the file's size before anything is allocated. Nothing is mapped: a
/// mapped file that becomes shorter, as by a download that begins anew, would end the process.
/// Source: safetensors format, https://github.com/huggingface/safetensors (README, "Format").
public final class SafetensorsFile: Sendable {
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
    private let file: ReadableFile
    let entries: [String: Entry]

    /// The tensors' names, sorted.
    public var names: [String] { entries.keys.sorted() }

    /// Opens the file at `path` and checks its header.
    /// - Throws: `ModelError.malformedWeights`, `.file`.
    public init(path: String) throws(ModelError) {
        self.path = path
        file = try onDisk { () throws(FileError) in try ReadableFile(path: path) }
        entries = try Self.parse(file)
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

    /// Checks that the file has no tensors besides `names`.
    /// - Throws: `ModelError.unknownTensors`.
    public func requireOnly(_ names: [String]) throws(ModelError) {
        let unknown = Set(entries.keys).subtracting(names)
        guard unknown.isEmpty else { throw .unknownTensors(names: unknown.sorted(), path: path) }
    }

    /// The tensor `name` as Float32.
    /// - Throws: `ModelError.missingTensor`, `.wrongShape` if its shape is not `expected`,
    ///   `.malformedWeights` if it is neither F32, F16 nor BF16, `.invalidValues` if it holds a
    ///   number that is not finite, `.file`.
    public func tensor(_ name: String, shape expected: [Int]) throws(ModelError) -> [Float] {
        let entry = try require(name, expected)
        guard let type = ElementType(rawValue: entry.elementType) else {
            throw .malformedWeights(
                path: path, reason: "`\(name)` has the element type \(entry.elementType)")
        }
        let count = entry.bytes.count / type.size
        var values = [Float](repeating: 0, count: count)
        if type == .float32 {
            try read(entry.bytes, into: &values)
        } else {
            var halves = [UInt16](repeating: 0, count: count)
            try read(entry.bytes, into: &halves)
            if type == .float16 {
                var span = values.mutableSpan
                halfToFloat(halves.span, into: &span)
            } else {
                for index in 0..<count {
                    values[index] = Float(bitPattern: UInt32(halves[index]) << 16)
                }
            }
        }
        guard values.allSatisfy(\.isFinite) else { throw .invalidValues(name: name, path: path) }
        return values
    }

    /// Fills `elements` with `bytes` of the file.
    private func read<Element: BitwiseCopyable>(
        _ bytes: Range<Int>, into elements: inout [Element]
    ) throws(ModelError) {
        try onDisk { () throws(FileError) in
            var failure: FileError?
            unsafe elements.withUnsafeMutableBytes { buffer in
                do throws(FileError) {
                    try unsafe file.read(offset: bytes.lowerBound, into: buffer)
                } catch {
                    failure = error
                }
            }
            if let failure { throw failure }
        }
    }

    /// The stored bytes of the tensor `name`; `nil` if there is none.
    /// - Throws: `ModelError.file`.
    func storedBytes(of name: String) throws(ModelError) -> [UInt8]? {
        guard let bytes = entries[name]?.bytes else { return nil }
        return try onDisk { () throws(FileError) in
            try file.read(offset: bytes.lowerBound, count: bytes.count)
        }
    }

    /// Adds the stored bytes of the tensor `name`, if there is one, to `checksum`.
    /// - Throws: `ModelError.file`.
    func update(_ checksum: inout Checksum, with name: String) throws(ModelError) {
        guard let bytes = entries[name]?.bytes else { return }
        do throws(FileError) {
            try file.update(&checksum, with: bytes)
        } catch {
            throw .file(error)
        }
    }

    private static func parse(_ file: ReadableFile) throws(ModelError) -> [String: Entry] {
        func malformed(_ reason: String) -> ModelError {
            .malformedWeights(path: file.path, reason: reason)
        }
        func read(_ bytes: Range<Int>) throws(ModelError) -> [UInt8] {
            try onDisk { () throws(FileError) in
                try file.read(offset: bytes.lowerBound, count: bytes.count)
            }
        }
        guard file.count >= 8 else { throw malformed("it has only \(counted(file.count, "byte"))") }
        let size = try read(0..<8).reversed().reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
        guard size <= UInt64(min(file.count - 8, maximumHeaderSize)) else {
            throw malformed(
                "its header of \(counted(size, "byte")) does not fit the file of \(file.count)")
        }
        let start = 8 + Int(size)
        let json = Data(try read(8..<start))
        guard let header = try? JSONSerialization.jsonObject(with: json) as? [String: Any] else {
            throw malformed("its header is not JSON")
        }

        var entries: [String: Entry] = [:]
        for (name, value) in header where name != "__metadata__" {
            guard let fields = value as? [String: Any], let type = fields["dtype"] as? String,
                let shape = fields["shape"] as? [Int],
                let offsets = fields["data_offsets"] as? [Int], offsets.count == 2,
                0 <= offsets[0], offsets[0] <= offsets[1],
                offsets[1] <= file.count - start
            else { throw malformed("the entry `\(name)` does not fit the file") }
            if let elementType = ElementType(rawValue: type) {
                guard offsets[1] - offsets[0] == byteCount(of: shape, elementType) else {
                    throw malformed(
                        "`\(name)` has \(counted(offsets[1] - offsets[0], "byte")) for \(shape)")
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

public import Recipes

extension ElementType {
    /// The type's name in a `.npy` header.
    fileprivate var descriptor: String {
        switch self {
        case .uint8: "|u1"
        case .float16: "<f2"
        case .float32: "<f4"
        }
    }
}

/// A dense array in the `.npy` format, version 1.0, C order.
///
/// Source: NumPy Enhancement Proposal 1.
public struct NPYArray: Sendable, Equatable {
    /// Element type, little-endian.
    public let elementType: ElementType
    /// Extents, slowest dimension first.
    public let shape: [Int]
    /// The whole file: header and elements.
    public let fileBytes: [UInt8]
    /// Where the elements start in `fileBytes`, a multiple of 64.
    public let dataOffset: Int

    private static let magic: [UInt8] = [0x93] + Array("NUMPY".utf8) + [1, 0]

    /// Puts a header before `elements`, the raw bytes of `shape` elements.
    /// - Precondition: `elements.count` is the product of `shape` times the element size.
    public init(elementType: ElementType, shape: [Int], elements: some Collection<UInt8>) {
        precondition(
            elements.count == shape.reduce(elementType.size, *),
            "\(elements.count) bytes for \(shape) of \(elementType)")
        let sizes = shape.map(String.init).joined(separator: ", ")
        let dictionary =
            "{'descr': '\(elementType.descriptor)', 'fortran_order': False, "
            + "'shape': (\(sizes)\(shape.count == 1 ? "," : "")), }"
        let unpadded = Self.magic.count + 2 + dictionary.utf8.count + 1
        dataOffset = (unpadded + 63) / 64 * 64
        let headerCount = dataOffset - Self.magic.count - 2

        var bytes: [UInt8] = []
        bytes.reserveCapacity(dataOffset + elements.count)
        bytes += Self.magic
        bytes += [UInt8(headerCount & 0xFF), UInt8(headerCount >> 8)]
        bytes += dictionary.utf8
        bytes += repeatElement(UInt8(ascii: " "), count: dataOffset - unpadded)
        bytes.append(UInt8(ascii: "\n"))
        bytes += elements
        fileBytes = bytes
        self.elementType = elementType
        self.shape = shape
    }

    /// Reads a `.npy` file.
    /// - Throws: `ShardError.malformedArray` unless header and length agree exactly.
    public init(fileBytes: [UInt8]) throws(ShardError) {
        guard fileBytes.count >= 10, fileBytes.starts(with: Self.magic) else {
            throw .malformedArray("it does not start with the magic of version 1.0")
        }
        dataOffset = 10 + Int(fileBytes[8]) + Int(fileBytes[9]) << 8
        guard dataOffset <= fileBytes.count, dataOffset.isMultiple(of: 64) else {
            throw .malformedArray("its header ends at byte \(dataOffset)")
        }
        let header = String(decoding: fileBytes[10..<dataOffset], as: UTF8.self)
        guard let fields = Self.fields(of: header),
            let elementType = ElementType.allCases.first(where: {
                $0.descriptor == fields.descriptor
            })
        else { throw .malformedArray("its header is `\(header.prefix(120))`") }

        let extents = fields.sizes.split(separator: ",").map { $0.filter { $0 != " " } }
            .filter { !$0.isEmpty }
        let shape = extents.compactMap { Int($0) }
        guard shape.count == extents.count else {
            throw .malformedArray("its shape is (\(fields.sizes.prefix(120)))")
        }
        var size = elementType.size
        for extent in shape {
            let (product, overflow) = size.multipliedReportingOverflow(by: extent)
            guard !overflow else { throw .malformedArray("its shape \(shape) is absurd") }
            size = product
        }
        guard size == fileBytes.count - dataOffset else {
            throw .malformedArray("\(fileBytes.count - dataOffset) bytes follow for shape \(shape)")
        }
        self.elementType = elementType
        self.shape = shape
        self.fileBytes = fileBytes
    }

    /// Element type and extents in a header of the form that we and NumPy write.
    ///
    /// By hand, because compiling a regular expression takes longer than reading an array.
    private static func fields(of header: String) -> (descriptor: Substring, sizes: Substring)? {
        let parts = header.split(separator: "'", omittingEmptySubsequences: false)
        let (start, end) = (": (", "), }")
        guard parts.count == 9, parts[0] == "{", parts[1] == "descr", parts[2] == ": ",
            parts[4] == ", ", parts[5] == "fortran_order", parts[6] == ": False, ",
            parts[7] == "shape", parts[8].hasPrefix(start)
        else { return nil }
        let sizes = parts[8].dropFirst(start.count).prefix { "0123456789, ".contains($0) }
        let rest = parts[8].dropFirst(start.count + sizes.count)
        guard rest.hasPrefix(end), rest.dropFirst(end.count).drop(while: { $0 == " " }) == "\n"
        else { return nil }
        return (parts[3], sizes)
    }

    /// Lends the elements of a uint8 array, or the raw bytes of any other.
    public func withElements<Result>(_ body: (Span<UInt8>) throws -> Result) rethrows -> Result {
        try body(fileBytes.span.extracting(dataOffset...))
    }

    /// Lends the elements of a float16 array as bit patterns.
    /// - Precondition: `elementType == .float16`.
    public func withHalfElements<Result>(
        _ body: (Span<UInt16>) throws -> Result
    ) rethrows -> Result {
        precondition(elementType == .float16, "\(elementType) is not float16")
        return try unsafe fileBytes.withUnsafeBytes { bytes in
            let elements = unsafe UnsafeRawBufferPointer(rebasing: bytes[dataOffset...])
                .bindMemory(to: UInt16.self)
            return try body(unsafe Span(_unsafeElements: elements))
        }
    }
}

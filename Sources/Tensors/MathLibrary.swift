import CDNNL

/// The library that multiplies matrices, and what it uses of this processor.
///
/// Both decide the last bits of a product.
public enum MathLibrary {
    /// Such as `oneDNN 2.6.3 avx512_core_bf16`.
    public static let name: String = {
        var version: [Int32] = [0, 0, 0]
        unsafe version.withUnsafeMutableBufferPointer { unsafe vb_version($0.baseAddress) }
        let numbers = version.map(String.init).joined(separator: ".")
        let code = vb_instruction_set()
        return "oneDNN \(numbers) \(instructionSets[code] ?? "isa-\(code)")"
    }()

    /// The libraries of all products, those of the trainer included.
    public static var allNames: String {
        GemmLibrary.preferred == .oneDNN ? name : "\(name), \(OpenBLAS.name)"
    }

    /// Whether oneDNN uses AVX-512.
    static var hasAVX512: Bool { vb_instruction_set() & avx512 == avx512 }

    /// Source: oneDNN, `dnnl_cpu_isa_avx512_core`.
    private static let avx512: Int32 = 0x27

    /// Source: oneDNN, `dnnl_cpu_isa_t` (include/oneapi/dnnl/dnnl_types.h).
    private static let instructionSets: [Int32: String] = [
        0x1: "sse41", 0x3: "avx", 0x7: "avx2", 0x27: "avx512_core", 0x67: "avx512_core_vnni",
        0xE7: "avx512_core_bf16", 0x3E7: "avx512_core_amx", 0x407: "avx2_vnni", 0x0: "all",
    ]
}

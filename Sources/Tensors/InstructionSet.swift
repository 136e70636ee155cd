import CDNNL
import Foundation
import Synchronization

/// Instruction sets that products can be limited to, so that processors give the same bits.
///
/// The names are those of `--isa`.
public enum InstructionSet: String, CaseIterable, Sendable {
    /// AVX2 and FMA, which every processor that runs the programs has.
    case avx2
    /// AVX-512 F, BW, DQ and VL.
    case avx512
    /// All of `avx512`, and int8 products (VNNI).
    case avx512VNNI = "avx512-vnni"
    /// All of `avx512VNNI`, and bfloat16 products.
    case avx512BF16 = "avx512-bf16"
    /// All of `avx512BF16`, and tiles.
    case amx

    /// Whether bfloat16 is multiplied faster than float32.
    var hasBFloat16: Bool { self == .avx512BF16 || self == .amx }

    /// The one that products are limited to; `nil` if the processor decides.
    static var limit: InstructionSet? { chosen.withLock { $0 } }

    private static let chosen = Mutex<InstructionSet?>(nil)

    /// Limits all products of this process to the set; before the first one.
    /// - Throws: `InstructionSetUnavailable` if the processor or oneDNN lacks a part of it.
    public func limitProducts() throws(InstructionSetUnavailable) {
        let limit =
            switch self {
            case .avx2: VB_AVX2
            case .avx512: VB_AVX512
            case .avx512VNNI: VB_AVX512_VNNI
            case .avx512BF16: VB_AVX512_BF16
            case .amx: VB_AMX
            }
        guard vb_limit_instruction_set(limit) == 0 else {
            throw InstructionSetUnavailable(wanted: self)
        }
        Self.chosen.withLock { $0 = self }
        // With more than AVX2 oneDNN does all products. OpenBLAS reads this when it is loaded.
        if self == .avx2 { unsafe setenv("OPENBLAS_CORETYPE", "Haswell", 1) }
    }
}

/// This processor lacks an instruction set that products were to be limited to.
public struct InstructionSetUnavailable: Error, CustomStringConvertible {
    /// The set.
    public let wanted: InstructionSet

    /// What is missing and the remedy.
    public var description: String {
        "This processor or its oneDNN does not support \(wanted.rawValue) (found \(MathLibrary.name)). "
            + "Choose a set that all machines have; `--isa avx2` always is one on x86."
    }
}

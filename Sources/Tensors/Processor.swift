import Foundation

/// What the processor of this machine can do.
public enum Processor {
    /// The names of its features as the kernel gives them; empty if it gives none.
    public static let features: Set<String> = {
        let text = try? String(contentsOfFile: "/proc/cpuinfo", encoding: .utf8)
        let line = (text ?? "").split(separator: "\n").first {
            $0.hasPrefix("flags") || $0.hasPrefix("Features")
        }
        return Set((line ?? "").split(whereSeparator: \.isWhitespace).map(String.init))
    }()

    /// Whether it multiplies bfloat16 faster than float32, and `InstructionSet.limit` allows that.
    public static var hasBFloat16: Bool {
        InstructionSet.limit?.hasBFloat16 != false
            && !features.isDisjoint(with: ["avx512_bf16", "amx_bf16", "bf16"])
    }
}

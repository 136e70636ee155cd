import Foundation

/// What this processor lacks to run the program, such as `avx2`; `nil` if nothing.
///
/// On x86 the program is compiled for x86-64-v3 (AVX2, FMA, BMI2); without them it would end with
/// an illegal instruction.
public func missingProcessorFeatures() -> String? {
    #if arch(x86_64)
        guard let information = try? String(contentsOfFile: "/proc/cpuinfo", encoding: .utf8),
            let flags = information.split(separator: "\n").first(where: { $0.hasPrefix("flags") })
        else { return nil }
        let present = Set(flags.split(separator: " "))
        let missing = ["avx2", "fma", "bmi2"].filter { !present.contains(Substring($0)) }
        return missing.isEmpty ? nil : missing.joined(separator: ", ")
    #else
        return nil
    #endif
}

import Tensors

/// What this processor lacks to run the program, such as `avx2`; `nil` if nothing.
///
/// On x86 the program is compiled for x86-64-v3 (AVX2, FMA, BMI2); without them it would end with
/// an illegal instruction.
public func missingProcessorFeatures() -> String? {
    #if arch(x86_64)
        guard !Processor.features.isEmpty else { return nil }
        let missing = ["avx2", "fma", "bmi2"].filter { !Processor.features.contains($0) }
        return missing.isEmpty ? nil : missing.joined(separator: ", ")
    #else
        return nil
    #endif
}

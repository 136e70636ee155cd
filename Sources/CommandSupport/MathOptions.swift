public import ArgumentParser
import Pipelines
public import Tensors

/// Which instruction sets of the processor the matrix products may use.
public struct MathOptions: ParsableArguments {
    /// The largest that they may use; `nil` means all that the processor has.
    @Option(
        help: """
            Largest instruction set of the matrix products, the same on all machines of a mixed cluster: \
            avx2, avx512, avx512-vnni, avx512-bf16 or amx (default: all that this processor has). \
            Features of different sets are not mixed.
            """)
    public var isa: InstructionSet?

    /// For ArgumentParser.
    public init() {}

    /// Limits the products of this process to `isa`.
    /// - Throws: `ValidationError` if the processor cannot run the program, or lacks `isa`.
    public func validate() throws {
        try requireSupportedProcessor()
        do {
            try isa?.limitProducts()
        } catch {
            throw ValidationError("\(error)")
        }
    }
}

extension InstructionSet: ExpressibleByArgument {}

/// Checks that this processor has the instructions that the program was compiled for.
/// - Throws: `ValidationError` that names those it lacks.
public func requireSupportedProcessor() throws {
    guard let missing = missingProcessorFeatures() else { return }
    throw ValidationError(
        "This processor lacks \(missing), which the program was compiled for; "
            + "it needs an x86-64-v3 processor (2013 or later).")
}

public import ArgumentParser
public import Tensors

/// What the matrix products may use of the processor.
struct MathOptions: ParsableArguments {
    @Option(
        help: """
            Largest instruction set of the matrix products, the same on all machines of a mixed cluster: \
            avx2, avx512, avx512-vnni, avx512-bf16 or amx (default: all that this processor has). \
            Features of different sets are not mixed.
            """)
    var isa: InstructionSet?

    func validate() throws {
        try isa?.limitProducts()
    }
}

extension InstructionSet: ExpressibleByArgument {}

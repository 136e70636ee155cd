import Foundation
import Testing

@testable import Tensors

/// Seeded numbers between -1 and 1.
func makeValues(_ count: Int, seed: UInt64 = 1) -> [Float] {
    let random = CounterRandom(seed: seed, stream: 7)
    return (0..<count).map { 2 * random.uniform(UInt64($0)) - 1 }
}

@Suite(.serialized)
struct GemmTests {
    struct Case: CustomTestStringConvertible, Sendable {
        let shape: GemmShape
        var testDescription: String {
            "\(shape.m)×\(shape.n)×\(shape.k) \(shape.transposeA) \(shape.transposeB) "
                + "\(shape.batches.map(\.count))"
        }
    }

    static let cases: [Case] = {
        var cases: [Case] = []
        for transposeA in [false, true] {
            for transposeB in [false, true] {
                for (m, n, k) in [(1, 1, 1), (3, 5, 7), (130, 200, 33), (257, 64, 50)] {
                    var shape = GemmShape(
                        m: m, n: n, k: k, transposeA: transposeA, transposeB: transposeB)
                    cases.append(Case(shape: shape))
                    shape.leadingA += 3
                    shape.leadingB += 1
                    shape.leadingC += 2
                    shape.alpha = -0.5
                    shape.accumulate = true
                    shape.batches = [
                        GemmBatch(count: 2, strideA: 40_000, strideB: 40_000, strideC: 160_000),
                        GemmBatch(count: 3, strideA: 11, strideB: 13, strideC: 53_000),
                    ]
                    cases.append(Case(shape: shape))
                }
            }
        }
        return cases
    }()

    /// The definition, in Float64.
    private func oracle(_ shape: GemmShape, _ a: [Float], _ b: [Float], _ c: [Float]) -> [Float] {
        var result = c
        for index in 0..<shape.numProducts {
            let start = shape.offsets(ofProduct: index)
            for row in 0..<shape.m {
                for column in 0..<shape.n {
                    var sum = 0.0
                    for inner in 0..<shape.k {
                        let left =
                            shape.transposeA
                            ? inner * shape.leadingA + row : row * shape.leadingA + inner
                        let right =
                            shape.transposeB
                            ? column * shape.leadingB + inner : inner * shape.leadingB + column
                        sum += Double(a[start.a + left]) * Double(b[start.b + right])
                    }
                    let place = start.c + row * shape.leadingC + column
                    let old = shape.accumulate ? Double(c[place]) : 0
                    result[place] = Float(old + Double(shape.alpha) * sum)
                }
            }
        }
        return result
    }

    /// Sums of rounded factors, in Float32; the same for any number of threads.
    @Test(
        .enabled(if: Processor.hasBFloat16),
        arguments: cases.map(\.shape).filter { $0.batches.isEmpty })
    func roundsFactorsToBFloat16(_ shape: GemmShape) {
        defer { MathThreads.set(ProcessInfo.processInfo.activeProcessorCount) }
        var shape = shape
        if shape.transposeA {
            shape.leadingA += 3
        } else {
            shape.leadingB += 3
        }
        shape.leadingC += 2
        shape.accumulate = shape.transposeB
        let (a, b) = (makeValues(140_000, seed: 1), makeValues(140_000, seed: 2))
        let c = makeValues(330_000, seed: 3)
        func rounded(_ values: [Float]) -> [Float] {
            values.map { value in
                var narrow = [BFloat16.zero]
                var span = narrow.mutableSpan
                floatToBFloat16([value].span, into: &span)
                return Float(narrow[0])
            }
        }
        let expected = oracle(shape, rounded(a), rounded(b), c)
        let results = [1, 2, 3].map { threads in
            MathThreads.set(threads)
            var result = c
            var span = result.mutableSpan
            gemmInBFloat16(shape, a.span, b.span, into: &span)
            return result
        }
        #expect(results[0] == results[1] && results[1] == results[2])
        #expect(zip(results[0], expected).allSatisfy { abs($0 - $1) < 2e-5 })
    }

    @Test(arguments: cases)
    func equalsItsDefinition(_ test: Case) {
        defer { MathThreads.set(ProcessInfo.processInfo.activeProcessorCount) }
        let a = makeValues(140_000, seed: 1)
        let b = makeValues(140_000, seed: 2)
        let c = makeValues(330_000, seed: 3)
        let expected = oracle(test.shape, a, b, c)
        var results: [[Float]] = []
        for threads in [1, 2, 3] {
            MathThreads.set(threads)
            var result = c
            var span = result.mutableSpan
            gemmInParallel(test.shape, a.span, b.span, into: &span)
            results.append(result)
        }
        #expect(results[0] == results[1] && results[1] == results[2])
        let serial = GemmLibrary.allCases.map { library in
            var result = c
            var span = result.mutableSpan
            gemm(test.shape, a.span, b.span, into: &span, library: library)
            return result
        }
        for result in [results[0]] + serial {
            #expect(zip(result, expected).allSatisfy { abs($0 - $1) < 2e-5 })
        }
    }
}

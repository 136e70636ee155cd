import Testing

@testable import Preprocessing

@Suite struct BicubicWeightsTests {
    @Test(arguments: [1, 2, 7, 224])
    func unchangedSideIsTheIdentity(count: Int) {
        let weights = BicubicWeights(inputCount: count, outputCount: count)
        for output in 0..<count {
            let row = weights.values[(output * weights.maxTapCount)...].prefix(weights.maxTapCount)
            let own = output - weights.starts[output]
            for (tap, weight) in row.enumerated() {
                #expect(weight == (tap == own ? 1 << BicubicWeights.precisionBits : 0))
            }
        }
    }

    @Test(arguments: [1, 5, 223, 224, 225, 320, 1080, 100_000])
    func windowsLieInTheInputAndAddUpToOne(inputCount: Int) {
        let weights = BicubicWeights(inputCount: inputCount, outputCount: 224)
        for output in 0..<224 {
            let taps = weights.starts[output]..<(weights.starts[output] + weights.tapCounts[output])
            #expect((0..<inputCount).contains(taps) && !taps.isEmpty)
            let row = weights.values[(output * weights.maxTapCount)...].prefix(weights.maxTapCount)
            let sum = row.reduce(0) { $0 + Int($1) }
            #expect(abs(sum - 1 << BicubicWeights.precisionBits) <= taps.count)
        }
    }
}

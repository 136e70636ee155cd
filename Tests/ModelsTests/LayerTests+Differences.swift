import Tensors
import TestSupport
import Testing

@testable import Models

// How a layer is compared with its Float64 version.
extension LayerTests {
    func random(_ count: Int, _ stream: UInt64) -> [Float] {
        let random = CounterRandom(seed: 11, stream: stream)
        return (0..<count).map { random.normal(UInt64($0)) }
    }

    /// A layer with parameters so large that nothing in it is nearly linear.
    func makeStore<Layer>(
        _ make: (inout ParameterStore) -> Layer
    ) -> (layer: Layer, store: ParameterStore) {
        var store = ParameterStore()
        let layer = make(&store)
        store.initialize(seed: 1)
        store.values = random(store.values.count, 1).map { 0.4 * $0 }
        return (layer, store)
    }

    /// What differs in output, gradient of the input and gradients of the parameters.
    /// - Parameters:
    ///   - store: The parameters of the layer.
    ///   - inputs: Elements of its input.
    ///   - plain: The layer in Float64.
    ///   - run: Passes an input forward and a gradient of the output backward.
    /// - Returns: A sentence for each tensor that differs.
    func differences(
        _ store: ParameterStore, inputs: Int, plain: (LayerOracle, [Double]) -> [Double],
        run: (_ x: [Float], _ slope: [Float], inout ParameterStore) -> (y: [Float], dX: [Float])
    ) -> [String] {
        let x = random(inputs, 2)
        let (oracle, exactX) = (LayerOracle(store), x.map { Double($0) })
        let expected = plain(oracle, exactX)
        let slope = random(expected.count, 3)
        var store = store
        let (y, dX) = run(x, slope, &store)
        var found = [difference(y, expected, "output")]

        /// d(Σ output · slope) of what `change` moves.
        func derivative(_ change: (inout LayerOracle, inout [Double], Double) -> Void) -> Double {
            let step = 1e-5
            let ends = [step, -step].map { step in
                var (oracle, x) = (oracle, exactX)
                change(&oracle, &x, step)
                return zip(plain(oracle, x), slope).reduce(0) { $0 + $1.0 * Double($1.1) }
            }
            return (ends[0] - ends[1]) / (2 * step)
        }
        let places = Array(stride(from: 0, to: dX.count, by: max(1, dX.count / 50)))
        found.append(
            difference(
                places.map { dX[$0] },
                places.map { place in derivative { _, x, step in x[place] += step } }, "input"))
        for parameter in store.parameters {
            let places = Array(
                stride(
                    from: parameter.range.lowerBound, to: parameter.range.upperBound,
                    by: max(1, parameter.range.count / 50)))
            found.append(
                difference(
                    places.map { store.gradients[$0] },
                    places.map { place in derivative { o, _, step in o.values[place] += step } },
                    parameter.name))
        }
        return found.compactMap { $0 }
    }

    /// `nil` if `found` is within 1e-5 of `expected`, relative to its largest magnitude or 1.
    func difference(_ found: [Float], _ expected: [Double], _ name: String) -> String? {
        guard found.count == expected.count else {
            return "\(name): \(found.count) numbers, not \(expected.count)"
        }
        let scale = expected.reduce(1) { max($0, abs($1)) }
        let errors = zip(found, expected).map { abs(Double($0) - $1) / scale }
        // Written so that NaN is a difference.
        return errors.allSatisfy { $0 < 1e-5 } ? nil : "\(name): \(errors.max() ?? 0) of \(scale)"
    }

    /// The halves of a batch of two.
    func clips(_ values: [Double]) -> [[Double]] {
        let size = values.count / 2
        return [Array(values[..<size]), Array(values[size...])]
    }
}

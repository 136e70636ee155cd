import Foundation

@testable import Models

/// The layers of a Q-Former in Float64, each written as it is defined: with keys and values, clip by clip.
struct LayerOracle {
    let parameters: [Parameter]
    /// The values of all parameters, in the layout of the store.
    var values: [Double]

    init(_ store: ParameterStore) {
        parameters = store.parameters
        values = store.values.map { Double($0) }
    }

    private func parameter(_ name: String) -> (shape: [Int], values: ArraySlice<Double>) {
        guard let parameter = parameters.first(where: { $0.name == name }) else {
            preconditionFailure("no parameter \(name)")
        }
        return (parameter.shape, values[parameter.range])
    }

    /// x·Wᵀ + b for each row of x.
    func linear(_ name: String, _ x: [Double]) -> [Double] {
        let (shape, weight) = parameter(name + ".weight")
        let bias = parameter(name + ".bias").values
        let (outputs, inputs) = (shape[0], shape[1])
        var y: [Double] = []
        for row in 0..<x.count / inputs {
            for output in 0..<outputs {
                var sum = bias[bias.startIndex + output]
                for input in 0..<inputs {
                    sum +=
                        x[row * inputs + input]
                        * weight[weight.startIndex + output * inputs + input]
                }
                y.append(sum)
            }
        }
        return y
    }

    /// Each row minus its mean, over its deviation, times weight, plus bias.
    func norm(_ name: String, _ x: [Double], epsilon: Float) -> [Double] {
        let weight = Array(parameter(name + ".weight").values)
        let bias = Array(parameter(name + ".bias").values)
        let width = weight.count
        return (0..<x.count / width).flatMap { row in
            let values = x[row * width..<(row + 1) * width]
            let mean = values.reduce(0, +) / Double(width)
            let variance = values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(width)
            return values.enumerated().map { column, value in
                (value - mean) / (variance + Double(epsilon)).squareRoot() * weight[column]
                    + bias[column]
            }
        }
    }

    func gelu(_ x: [Double]) -> [Double] {
        x.map { $0 * 0.5 * (1 + erf($0 / 2.0.squareRoot())) }
    }

    /// softmax(q·Kᵀ/√d)·V for one clip: `queries` (rows, width) attend to `tokens` (any number, any
    /// width).
    func attention(
        _ name: String, numHeads: Int, queries: [Double], tokens: [Double]
    ) -> [Double] {
        let width = parameter(name + ".query.bias").shape[0]
        let q = linear(name + ".query", queries)
        let (k, v) = (linear(name + ".key", tokens), linear(name + ".value", tokens))
        let size = width / numHeads
        var context = [Double](repeating: 0, count: q.count)
        for row in 0..<q.count / width {
            for head in 0..<numHeads {
                let columns = head * size..<(head + 1) * size
                let weights = (0..<k.count / width).map { token in
                    exp(
                        columns.reduce(0.0) { $0 + q[row * width + $1] * k[token * width + $1] }
                            / Double(size).squareRoot())
                }
                let sum = weights.reduce(0, +)
                for column in columns {
                    context[row * width + column] = weights.enumerated().reduce(0.0) {
                        $0 + $1.element / sum * v[$1.offset * width + column]
                    }
                }
            }
        }
        return context
    }

    /// LayerNorm(dense(x) + residual).
    func residual(
        _ name: String, _ x: [Double], _ residual: [Double], epsilon: Float
    ) -> [Double] {
        norm(
            name + ".LayerNorm", zip(linear(name + ".dense", x), residual).map { $0 + $1 },
            epsilon: epsilon)
    }

    /// LayerNorm(dense(gelu(dense(x))) + x).
    func feedForward(
        _ prefix: String, suffix: String, _ x: [Double], epsilon: Float
    ) -> [Double] {
        let hidden = gelu(linear(prefix + "intermediate\(suffix).dense", x))
        return residual(prefix + "output\(suffix)", hidden, x, epsilon: epsilon)
    }
}

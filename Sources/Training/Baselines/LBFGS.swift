/// Minimises a smooth convex function by the limited-memory BFGS method.
///
/// Source: Nocedal and Wright, Numerical Optimization (2006), algorithms 7.4 and 7.5, with
/// backtracking until the decrease suffices (condition 3.4).
struct LBFGS: Sendable {
    /// Pairs of steps and gradient changes that are remembered.
    var memory = 10
    /// Steps at most.
    var maximumSteps = 200
    /// It ends where the norm of the gradient is at most this times that of the variables, or 1.
    var tolerance = 1e-5

    /// A value with its gradient.
    struct Evaluation {
        let value: Double
        let gradient: [Double]
    }

    /// A step s, the change y of the gradient, and 1 / (s · y).
    private struct Pair {
        let step: [Double]
        let change: [Double]
        let inverse: Double
    }

    /// The variables at which `function` is least, or nearly so, from `start` on; `nil` if
    /// `function` gave `nil` to stop.
    func minimum(
        from start: [Double], _ function: ([Double]) throws -> Evaluation?
    ) rethrows -> [Double]? {
        var variables = start
        guard var current = try function(start) else { return nil }
        var pairs: [Pair] = []
        for _ in 0..<maximumSteps {
            let norm = dot(current.gradient, current.gradient).squareRoot()
            guard norm > tolerance * max(1, dot(variables, variables).squareRoot()) else { break }
            let direction = direction(current.gradient, pairs)
            let slope = dot(direction, current.gradient)
            var (size, accepted) = (pairs.isEmpty ? min(1, 1 / norm) : 1, Evaluation?.none)
            var next: [Double] = []
            // Near the minimum rounding may hide every decrease.
            for _ in 0..<20 where accepted == nil && slope < 0 {
                next = zip(variables, direction).map { $0 + size * $1 }
                guard let trial = try function(next) else { return nil }
                if trial.value <= current.value + 1e-4 * size * slope { accepted = trial }
                size /= 2
            }
            guard let accepted else { break }
            let step = zip(next, variables).map { $0 - $1 }
            let change = zip(accepted.gradient, current.gradient).map { $0 - $1 }
            let curvature = dot(step, change)
            if curvature > 1e-12 * dot(change, change) {
                pairs.append(Pair(step: step, change: change, inverse: 1 / curvature))
                if pairs.count > memory { pairs.removeFirst() }
            }
            (variables, current) = (next, accepted)
        }
        return variables
    }

    /// Minus the product of the approximate inverse Hessian and `gradient`.
    private func direction(_ gradient: [Double], _ pairs: [Pair]) -> [Double] {
        var result = gradient.map { -$0 }
        var shares: [Double] = []
        for pair in pairs.reversed() {
            let share = pair.inverse * dot(pair.step, result)
            add(-share, pair.change, to: &result)
            shares.append(share)
        }
        if let last = pairs.last {
            let scale = 1 / (last.inverse * dot(last.change, last.change))
            for index in result.indices { result[index] *= scale }
        }
        for (pair, share) in zip(pairs, shares.reversed()) {
            add(share - pair.inverse * dot(pair.change, result), pair.step, to: &result)
        }
        return result
    }

    private func add(_ factor: Double, _ values: [Double], to sum: inout [Double]) {
        for index in sum.indices { sum[index] += factor * values[index] }
    }

    private func dot(_ a: [Double], _ b: [Double]) -> Double {
        var sum = 0.0
        for index in a.indices { sum += a[index] * b[index] }
        return sum
    }
}

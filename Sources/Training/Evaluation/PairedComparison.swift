import Foundation
import Tensors

/// How two models differ on the same questions.
public struct PairedComparison: Sendable, Codable, Equatable {
    /// Questions that both answered.
    public let questions: Int
    /// Accuracy of the second minus that of the first.
    public let difference: Double
    /// 95 % interval of `difference`, by a bootstrap over groups; `nil` with fewer than two groups.
    public let interval: [Double]?
    /// Questions that only the first answers right.
    public let onlyFirst: Int
    /// Questions that only the second answers right.
    public let onlySecond: Int
    /// How probable differences of this size are between models that are equally good.
    ///
    /// Source: McNemar, Note on the Sampling Error of the Difference between Correlated Proportions
    /// or Percentages (1947); the exact two-sided form of statsmodels, `mcnemar(exact=True)`.
    public let pValue: Double

    /// Compares which answers are right.
    /// - Parameters:
    ///   - first: For each question whether the first model is right.
    ///   - second: The same of the second model.
    ///   - groups: Questions of one group are drawn together.
    /// - Precondition: as many of each, at least one.
    public init(first: [Bool], second: [Bool], groups: [String]) {
        precondition(first.count == second.count && first.count == groups.count && !first.isEmpty)
        questions = first.count
        let gains = zip(first, second).map { ($1 ? 1 : 0) - ($0 ? 1 : 0) }
        onlyFirst = gains.count { $0 < 0 }
        onlySecond = gains.count { $0 > 0 }
        difference = Double(gains.reduce(0, +)) / Double(gains.count)
        interval = Self.interval(gains, GroupBootstrap.members(of: groups))
        pValue = Self.mcNemar(onlyFirst, onlySecond)
    }

    private static func interval(
        _ gains: [Int], _ groups: [[Int]], rounds: Int = 2000, seed: UInt64 = 42
    ) -> [Double]? {
        guard groups.count > 1 else { return nil }
        let sums = groups.map { members in (members.reduce(0) { $0 + gains[$1] }, members.count) }
        let random = CounterRandom(seed: seed, stream: 0xB008)
        let differences = (0..<rounds).map { round in
            var (sum, count) = (0, 0)
            for draw in groups.indices {
                let bits = random.bits(UInt64(round * groups.count + draw))
                let group = sums[Int(bits % UInt64(groups.count))]
                sum += group.0
                count += group.1
            }
            return Double(sum) / Double(count)
        }
        return GroupBootstrap.interval(of: differences.sorted())
    }

    /// The two-sided binomial test of `first` against `second` at even odds.
    static func mcNemar(_ first: Int, _ second: Int) -> Double {
        let total = first + second
        guard total > 0 else { return 1 }
        func logFactorial(_ n: Int) -> Double { lgamma(Double(n) + 1) }
        let terms = (0...min(first, second)).map { hits in
            let choices = logFactorial(total) - logFactorial(hits) - logFactorial(total - hits)
            return exp(choices - Double(total) * log(2))
        }
        return min(1, 2 * terms.reduce(0, +))
    }
}

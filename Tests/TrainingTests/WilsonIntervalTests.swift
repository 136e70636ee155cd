import Testing

@testable import Training

struct WilsonIntervalTests {
    struct Case: CustomTestStringConvertible, Sendable {
        let hits: Int
        let total: Int
        let ends: [Double]
        var testDescription: String { "\(hits) of \(total)" }
    }

    /// statsmodels' formula, `proportion_confint(hits, total, method="wilson")`.
    @Test(arguments: [
        Case(hits: 48, total: 54, ends: [0.7780529897881872, 0.9480697750300044]),
        Case(hits: 1, total: 1, ends: [0.20654931437723745, 1]),
        Case(hits: 0, total: 1, ends: [0, 0.7934506856227626]),
        Case(hits: 0, total: 10, ends: [0, 0.2775327998628892]),
        Case(hits: 5, total: 10, ends: [0.236593090512564, 0.7634069094874361]),
        Case(hits: 320, total: 400, ends: [0.758029683133299, 0.8362629402661231]),
    ])
    func equalsStatsmodels(_ test: Case) {
        let found = wilsonInterval(hits: test.hits, total: test.total)
        for (found, expected) in zip(found, test.ends) { #expect(abs(found - expected) < 1e-12) }
    }
}

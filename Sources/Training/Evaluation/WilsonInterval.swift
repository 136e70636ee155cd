/// The 95 % interval of a proportion observed as `hits` of `total`: lower and upper end.
///
/// It is never a single point, whatever was observed.
/// Source: Wilson, Probable Inference, the Law of Succession, and Statistical Inference (1927); z
/// as in statsmodels, `proportion_confint(method="wilson")`.
/// - Precondition: 0 ≤ `hits` ≤ `total`, `total` is not 0.
public func wilsonInterval(hits: Int, total: Int) -> [Double] {
    precondition(total > 0 && 0...total ~= hits, "\(hits) of \(total)")
    let z = 1.959_963_984_540_054
    let (n, share) = (Double(total), Double(hits) / Double(total))
    let scale = 1 + z * z / n
    let center = (share + z * z / (2 * n)) / scale
    let half = z * (share * (1 - share) / n + z * z / (4 * n * n)).squareRoot() / scale
    // Here the formula gives exactly 0 or 1, which rounding would miss.
    return [hits == 0 ? 0 : center - half, hits == total ? 1 : center + half]
}

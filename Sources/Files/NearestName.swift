/// The one of `names` that `name` is most likely a misspelling of; `nil` if none is near.
///
/// Near means that at most a third of the letters are wrong, missing, surplus or exchanged with
/// their neighbour.
/// Source: optimal string alignment distance.
public func nearest(to name: String, among names: some Sequence<String>) -> String? {
    let limit = max(1, name.count / 3)
    let candidates = names.lazy.filter { abs($0.count - name.count) <= limit }
        .map { (distance: distance(Array(name), Array($0)), name: $0) }
    let best = candidates.min { ($0.distance, $0.name) < ($1.distance, $1.name) }
    return best.flatMap { $0.distance <= limit ? $0.name : nil }
}

private func distance(_ left: [Character], _ right: [Character]) -> Int {
    var (before, last) = ([Int](), Array(0...right.count))
    for i in left.indices {
        var row = [i + 1]
        for j in right.indices {
            var cost = min(last[j] + (left[i] == right[j] ? 0 : 1), last[j + 1] + 1, row[j] + 1)
            if i > 0, j > 0, left[i] == right[j - 1], left[i - 1] == right[j] {
                cost = min(cost, before[j - 1] + 1)
            }
            row.append(cost)
        }
        (before, last) = (last, row)
    }
    return last[right.count]
}

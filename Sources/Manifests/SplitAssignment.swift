import Recipes

/// Gives every row a split.
///
/// Rows that name one keep it, and the rest of their group follows its earliest. Of every other
/// group a number in 0…1 is drawn from seed and name alone, and the fractions' parts of 0…1 decide.
/// So a group keeps its split when other rows come, go or move; the price is that shares are right
/// on average, not exactly. Only where a class would be missing from a split, the group nearest to
/// that split's part is moved there; classes with fewer groups than splits fill train first.
struct SplitAssignment {
    /// One split per row; `train` for rows that are not included.
    let splits: [Split]
    /// Names of groups that the manifest itself puts into several splits, sorted.
    let straddling: [String]
    /// Numbers of classes with one or two groups among those that no split is named for.
    let smallClasses: [Int]
    /// Numbers of classes with more such groups that are missing from a split all the same, since
    /// their groups are divided by another class.
    let unevenClasses: [Int]

    /// Divides `rows`, whose `classes` are numbered through all tasks; -1 leaves a row out.
    init(
        rows: [ManifestRow], classes: [Int32], numClasses: Int, fractions: SplitFractions,
        seed: UInt64
    ) {
        let groups = RowGroups(rows, seed: seed) { classes[$0] >= 0 }
        let named = NamedSplits(rows: rows, groups: groups)
        let census = ClassCensus(
            groups: groups, classes: classes, numClasses: numClasses,
            where: { named.earliest[$0] == nil })
        let drawn = Self.draw(census.commonestClass, groups, fractions)
        splits = rows.indices.map { index in
            let group = Int(groups.groupOfRow[index])
            if group < 0 { return .train }
            return rows[index].split ?? named.earliest[group] ?? drawn[group]
        }
        straddling = sortedByBytes(named.straddling.map { groups.name(of: $0) })
        smallClasses = (0..<numClasses).filter { 1...2 ~= census.numGroups[$0] }
        var found = [Set<Split>](repeating: [], count: numClasses)
        for (number, split) in zip(classes, splits) where number >= 0 {
            found[Int(number)].insert(split)
        }
        unevenClasses = (0..<numClasses).filter { number in
            census.numGroups[number] > 2
                && !fractions.parts.allSatisfy { found[number].contains($0.split) }
        }
    }

    private static func draw(
        _ commonestClass: [Int32], _ groups: RowGroups, _ fractions: SplitFractions
    ) -> [Split] {
        let unnamed = commonestClass.indices.filter { commonestClass[$0] >= 0 }
        let drawn = unnamed.sorted { left, right in
            if commonestClass[left] != commonestClass[right] {
                return commonestClass[left] < commonestClass[right]
            }
            if groups.numbers[left] != groups.numbers[right] {
                return groups.numbers[left] < groups.numbers[right]
            }
            return ExactText(groups.name(of: left)) < ExactText(groups.name(of: right))
        }
        var splits = [Split](repeating: .train, count: groups.count)
        let runs = runsOfEqual(count: drawn.count) {
            commonestClass[drawn[$0]] == commonestClass[drawn[$1]]
        }
        for run in runs {
            let spread = spread(drawn[run].map { groups.numbers[$0] }, fractions)
            for (group, split) in zip(drawn[run], spread) { splits[group] = split }
        }
        return splits
    }

    /// The splits of the groups of one class, for which these numbers were drawn; ascending.
    static func spread(_ numbers: [Double], _ fractions: SplitFractions) -> [Split] {
        let parts = fractions.parts
        guard numbers.count >= parts.count, numbers.count > 2 || parts.count < 2 else {
            return numbers.indices.map { parts[min($0, parts.count - 1)].split }
        }
        var chosen = numbers.map { number in
            parts.firstIndex { $0.part.contains(number) } ?? parts.count - 1
        }
        for (empty, wanted) in parts.enumerated() where !chosen.contains(empty) {
            func surplus(_ part: Int) -> Double {
                Double(chosen.count { $0 == part })
                    - fractions[parts[part].split] * Double(numbers.count)
            }
            func distance(_ number: Double) -> Double {
                max(wanted.part.lowerBound - number, number - wanted.part.upperBound)
            }
            let donors = parts.indices.filter { part in chosen.count { $0 == part } > 1 }
            guard let donor = donors.max(by: { surplus($0) < surplus($1) }),
                let moved = numbers.indices.filter({ chosen[$0] == donor })
                    .min(by: { distance(numbers[$0]) < distance(numbers[$1]) })
            else { continue }
            chosen[moved] = empty
        }
        return chosen.map { parts[$0].split }
    }
}

/// The splits that the manifest names, by group.
private struct NamedSplits {
    /// The earliest; `nil` if no row of the group names one.
    private(set) var earliest: [Split?]
    /// Groups for which it names several.
    private(set) var straddling: Set<Int> = []

    init(rows: [ManifestRow], groups: RowGroups) {
        earliest = Array(repeating: nil, count: groups.count)
        for (row, group) in zip(rows, groups.groupOfRow) where group >= 0 {
            guard let split = row.split else { continue }
            let known = earliest[Int(group)] ?? split
            if known != split { straddling.insert(Int(group)) }
            earliest[Int(group)] = min(known, split)
        }
    }
}

/// How classes and groups meet.
private struct ClassCensus {
    /// The most frequent class of each group, of equals the one in the fewest groups, then the
    /// smallest; -1 for groups left out.
    ///
    /// Clips with a question of each task have one class of each. The rarest is what a split lacks
    /// most easily.
    private(set) var commonestClass: [Int32]
    /// In how many groups a class has rows.
    private(set) var numGroups: [Int]

    init(
        groups: RowGroups, classes: [Int32], numClasses: Int, where isIncluded: (Int) -> Bool
    ) {
        commonestClass = Array(repeating: -1, count: groups.count)
        numGroups = Array(repeating: 0, count: numClasses)
        var pairs: [UInt64] = []
        for (group, classNumber) in zip(groups.groupOfRow, classes)
        where group >= 0 && isIncluded(Int(group)) {
            pairs.append(UInt64(group) << 32 | UInt64(classNumber))
        }
        pairs.sort()
        func classNumber(_ run: Range<Int>) -> Int32 {
            Int32(truncatingIfNeeded: pairs[run.lowerBound])
        }
        let runs = runsOfEqual(count: pairs.count) { pairs[$0] == pairs[$1] }
        for run in runs { numGroups[Int(classNumber(run))] += 1 }
        var most = [Int](repeating: 0, count: groups.count)
        for run in runs {
            let (group, number) = (Int(pairs[run.lowerBound] >> 32), classNumber(run))
            let chosen = commonestClass[group]
            if run.count > most[group]
                || run.count == most[group] && numGroups[Int(number)] < numGroups[Int(chosen)]
            {
                most[group] = run.count
                commonestClass[group] = number
            }
        }
    }
}

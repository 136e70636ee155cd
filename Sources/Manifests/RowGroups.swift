import Files
import Recipes

/// Which rows must share a split: those of one video, and those of one `group`.
///
/// Where the column `group` gives one video to several groups, they become one. Names stay in the
/// rows; a sha256 stands for each and also supplies its random number.
struct RowGroups {
    /// The group of each row; -1 for rows that are not included.
    private(set) var groupOfRow: [Int32] = []
    /// A number in 0..<1 for each group that only the seed and its name decide.
    private(set) var numbers: [Double] = []
    private var representatives: [Representative] = []
    private let rows: [ManifestRow]

    /// How many groups there are.
    var count: Int { numbers.count }

    init(_ rows: [ManifestRow], seed: UInt64, where isIncluded: (Int) -> Bool) {
        self.rows = rows
        var forest = NameForest(seed: seed, rows: rows)
        groupOfRow.reserveCapacity(rows.count)
        for index in rows.indices {
            groupOfRow.append(isIncluded(index) ? forest.node(of: index) : -1)
        }
        var groupOfRoot = [Int32](repeating: -1, count: forest.count)
        for index in rows.indices where groupOfRow[index] >= 0 {
            let root = forest.root(of: groupOfRow[index])
            if groupOfRoot[Int(root)] < 0 {
                groupOfRoot[Int(root)] = Int32(count)
                let representative = forest.representative(ofRoot: root)
                representatives.append(representative)
                numbers.append(representative.number)
            }
            groupOfRow[index] = groupOfRoot[Int(root)]
        }
    }

    /// The name of `group`: its smallest `group`, or the video where it has none.
    func name(of group: Int) -> String { representatives[group].name(in: rows) }
}

/// The name that stands for a group, as the place where it is written.
private struct Representative {
    let row: Int32
    let isGroup: Bool
    let number: Double

    func name(in rows: [ManifestRow]) -> String {
        let row = rows[Int(row)]
        return isGroup ? row.group ?? "" : row.video
    }
}

/// Videos and groups as nodes of trees; those of one tree belong together.
private struct NameForest {
    /// 128 bits of a sha256, which no two names share.
    private struct Digest: Hashable {
        let high: UInt64
        let low: UInt64
    }

    private let seed: String
    private let rows: [ManifestRow]
    private var nodes: [Digest: Int32] = [:]
    private var parents: [Int32] = []
    /// For roots: the name that stands for the whole tree.
    private var representatives: [Representative] = []
    /// Neighbouring rows often have one video.
    private var last = (video: "", node: -1 as Int32)

    init(seed: UInt64, rows: [ManifestRow]) {
        self.seed = "\(seed)"
        self.rows = rows
    }

    var count: Int { parents.count }

    /// A node of the tree that the row belongs to.
    mutating func node(of index: Int) -> Int32 {
        let video = rows[index].video
        if last.node < 0 || !haveSameBytes(last.video, video) {
            // One file may be written in several ways.
            let name = rows[index].clip.isRemote ? video : normalizedPath(video)
            last = (video, node(named: name, row: index, isGroup: false))
        }
        guard let group = rows[index].group else { return last.node }
        return join(last.node, node(named: group, row: index, isGroup: true))
    }

    private mutating func node(named name: String, row: Int, isGroup: Bool) -> Int32 {
        var checksum = Checksum()
        checksum.update(seed)
        checksum.update(name)
        let bytes = checksum.bytes
        func number(_ bytes: ArraySlice<UInt8>) -> UInt64 {
            bytes.reduce(0) { $0 << 8 | UInt64($1) }
        }
        let high = number(bytes[0..<8])
        // A group may be called like a video.
        let digest = Digest(high: high, low: number(bytes[8..<16]) & ~1 | (isGroup ? 1 : 0))
        let new = Int32(parents.count)
        let node = nodes[digest, default: new]
        if node == new {
            nodes[digest] = new
            parents.append(new)
            // A Double has 53 bits; more would round up to 1.
            representatives.append(
                Representative(
                    row: Int32(row), isGroup: isGroup, number: Double(high >> 11) / 0x1p53))
        }
        return node
    }

    mutating func root(of node: Int32) -> Int32 {
        var node = node
        while parents[Int(node)] != node {
            // Path halving keeps the trees flat.
            parents[Int(node)] = parents[Int(parents[Int(node)])]
            node = parents[Int(node)]
        }
        return node
    }

    private mutating func join(_ left: Int32, _ right: Int32) -> Int32 {
        let (left, right) = (root(of: left), root(of: right))
        if left == right { return left }
        parents[Int(left)] = right
        let (first, second) = (representatives[Int(left)], representatives[Int(right)])
        representatives[Int(right)] = precedes(first, second) ? first : second
        return right
    }

    /// Groups before videos, then by name.
    private func precedes(_ left: Representative, _ right: Representative) -> Bool {
        if left.isGroup != right.isGroup { return left.isGroup }
        return ExactText(left.name(in: rows)) < ExactText(right.name(in: rows))
    }

    func representative(ofRoot root: Int32) -> Representative { representatives[Int(root)] }
}

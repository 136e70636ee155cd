/// Some of the questions of a dataset.
struct QuestionSubset<Base: FeatureDataset>: FeatureDataset {
    private let base: Base
    private let indices: [Int]
    let labels: [Int]
    let keys: [String]
    let videos: [String]
    let prompts: [String]
    let groups: [String]
    let clipIndices: [Int]

    /// The questions `indices` of `base`, in that order.
    init(_ base: Base, _ indices: [Int]) {
        self.base = base
        self.indices = indices
        labels = indices.map { base.labels[$0] }
        keys = indices.map { base.keys[$0] }
        videos = indices.map { base.videos[$0] }
        prompts = indices.map { base.prompts[$0] }
        groups = indices.map { base.groups[$0] }
        clipIndices = indices.map { base.clipIndices[$0] }
    }

    var tokensPerClip: Int { base.tokensPerClip }
    var hiddenSize: Int { base.hiddenSize }

    func readFeatures(of index: Int, into values: inout MutableSpan<Float>) throws {
        try base.readFeatures(of: indices[index], into: &values)
    }

    func frameTimes(of index: Int) throws -> [Double]? {
        try base.frameTimes(of: indices[index])
    }
}

extension FeatureDataset {
    /// All questions about `numClips` clips, which `seed` draws; all questions if there are no more
    /// clips.
    func subset(ofClips numClips: Int, seed: UInt64) -> QuestionSubset<Self> {
        var drawn = Set<Int>()
        // The questions about a clip follow each other.
        let questions = BatchSampler(clipIndices: clipIndices, seed: seed).order(epoch: 0).prefix {
            drawn.insert(clipIndices[$0])
            return drawn.count <= numClips
        }
        return QuestionSubset(self, questions.sorted())
    }
}

public import Shards

extension DatasetDescription.SplitRemarks {
    /// What to know before metrics on these splits are believed, a sentence each.
    public var sentences: [String] {
        func list(_ examples: [String], of count: Int) -> String {
            let shown = examples.prefix(3)
            return shown.joined(separator: ", ") + (count > shown.count ? ", …" : "")
        }
        var sentences: [String] = []
        if straddlingGroups > 0 {
            sentences.append(
                "Rows of one source, or of copies of it, lie in several splits, "
                    + "for \(straddlingGroups) of the sources "
                    + "(\(list(straddlingExamples, of: straddlingGroups))): "
                    + "metrics are better than on videos that the model has never seen.")
        }
        if smallClasses > 0 {
            sentences.append(
                "\(smallClasses) of the classes have fewer than three sources to divide "
                    + "(\(list(smallClassExamples, of: smallClasses))), so not every split has them."
            )
        }
        return sentences
    }
}

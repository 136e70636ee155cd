/// Names and versions of what is on disk; `ShardFormat.md` is the specification.
public enum ShardFormat {
    /// Version of the format, which grows with every change of any byte.
    public static let version = 2
    /// File that describes the dataset, written last.
    public static let descriptionName = "dataset.json"
    /// File of every stored row.
    public static let questionsName = "questions.csv"
    /// File of the rows that are not stored; itself a manifest.
    public static let quarantineName = "quarantine.csv"
    /// Name of the copy of the manifest that the dataset was built from.
    public static let manifestName = "manifest.csv"
    /// Name of the list of clips that look alike though their splits or labels differ.
    public static let nearDuplicatesName = "near-duplicates.csv"
    /// What people and the Hub read about the dataset.
    ///
    /// Its front matter tells the library `datasets` how to load it.
    public static let readmeName = "README.md"
    /// The same for machines, in the Croissant format.
    public static let croissantName = "croissant.json"
    /// sha256 of every file but the report and itself, as `sha256sum --check` reads it.
    public static let checksumsName = "SHA256SUMS"
    /// File of the last build's paths and timings, the only one that differs between equal builds.
    public static let reportName = "build-report.json"
    /// Folder of the tars and their sidecars.
    public static let shardFolder = "shards"
    /// Folder of what a build has finished and not yet published.
    public static let stagingFolder = "building"

    /// The member that holds a clip's pixels, (C, T, H, W).
    public static let pixelMember = "pixel_values.npy.zst"
    /// The member that holds a clip's features, (T, L, D).
    public static let featureMember = "features.npy"
    /// The member that holds the class index of the clip's first question as text.
    public static let classMember = "cls"
    /// The member that holds what is known about the clip.
    public static let metadataMember = "json"

    /// Name of shard number `index`, from 0, of `split`, without extension: `train-00000`.
    public static func shardName(split: String, index: Int) -> String {
        let digits = String(index)
        return "\(split)-\(String(repeating: "0", count: max(0, 5 - digits.count)))\(digits)"
    }

    /// Whether `file` is the tar or sidecar of a shard by its name.
    public static func isShardFile(_ file: String) -> Bool {
        file.wholeMatch(of: /(?:train|validation|test)-\d{5,}\.(?:tar|json)/) != nil
    }
}

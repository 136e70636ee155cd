import Files
import Foundation
public import Shards

/// Where datasets are looked for and put when the user names no directory.
public enum DatasetLocation {
    /// The folder of all datasets.
    static let cacheDirectory = "cache"

    /// Where the dataset of the manifest at `path` goes by default: `cache/<manifest name>`.
    public static func dataset(ofManifest path: String) -> String {
        "\(cacheDirectory)/\(withoutExtension(lastComponent(of: absolutePath(path))))"
    }

    /// Where the features of the dataset in `directory` go by default: `<directory>-features`.
    public static func features(of directory: String) -> String {
        trimmed(directory) + featureSuffix
    }

    /// Where the pixels of the features in `directory` are by default; `nil` unless its name ends
    /// in `-features`.
    static func pixels(ofFeatures directory: String) -> String? {
        let directory = trimmed(directory)
        return directory.hasSuffix(featureSuffix)
            ? String(directory.dropLast(featureSuffix.count)) : nil
    }

    private static let featureSuffix = "-features"

    private static func trimmed(_ directory: String) -> String {
        var directory = directory
        while directory.count > 1, directory.hasSuffix("/") { directory.removeLast() }
        return directory
    }

    /// The dataset of `kind` in the cache that was published last.
    /// - Throws: `PipelineError.noDataset` if there is none.
    public static func latest(_ kind: DatasetDescription.Kind) throws(PipelineError) -> Dataset {
        let manager = FileManager.default
        let names = (try? manager.contentsOfDirectory(atPath: cacheDirectory)) ?? []
        let datasets = names.compactMap { name -> (date: Date, dataset: Dataset)? in
            let directory = "\(cacheDirectory)/\(name)"
            let path = "\(directory)/\(ShardFormat.descriptionName)"
            guard let attributes = try? manager.attributesOfItem(atPath: path),
                let date = attributes[.modificationDate] as? Date,
                let dataset = try? Dataset(directory: directory), dataset.description.kind == kind
            else { return nil }
            return (date, dataset)
        }
        guard let latest = datasets.max(by: { $0.date < $1.date }) else {
            throw .noDataset(directory: cacheDirectory)
        }
        return latest.dataset
    }
}

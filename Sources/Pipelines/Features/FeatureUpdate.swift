import Files
public import Models
import Recipes
public import Shards

/// Extracts the features of `pixels` into the dataset beside them, with progress, as `vbtrain` does
/// when it is given pixels.
///
/// Features that are there are continued in the recipe that they record.
/// - Parameters:
///   - pixels: A pixel dataset.
///   - model: The encoder as the user named it.
///   - stop: Asked between steps.
///   - reporter: Shows the progress.
/// - Returns: The feature dataset.
/// - Throws: as `bringUpToDate`, or as `ModelDirectory.resolve` and `ExtractFeatures`.
public func extractFeatures(
    of pixels: Dataset, model: String?, stop: StopSignal, reporter: ProgressReporter
) throws -> Dataset {
    let directory = DatasetLocation.features(of: pixels.directory)
    if model == nil, let features = try? Dataset(directory: directory) {
        return try bringUpToDate(features, model: nil, stop: stop, reporter: reporter)
    }
    let found = try ModelDirectory.resolve(model)
    reporter.note(
        "\(pixels.directory) holds pixels; extracting features with \(found.name) "
            + "into \(directory)")
    let encoding = FeatureEncoding(
        model: found,
        recipe: try FeatureEncoding.recipe(of: found, precision: .automatic, tokens: .all))
    _ = try ExtractFeatures(
        pixels: pixels, encoding: encoding, options: .init(outputDirectory: directory)
    ).run(stop: stop, progress: reporter.report)
    return try Dataset(directory: directory)
}

/// Brings `features` up to date with the pixels that they were made from.
///
/// Only new clips are encoded, and the encoder is needed for these alone. Where the pixels are
/// gone, the features are used as they are, and a note says so.
/// - Parameters:
///   - features: A feature dataset.
///   - model: Where the encoder is now; `nil` looks where it was.
///   - stop: Asked between steps.
///   - reporter: Shows the progress.
/// - Returns: The feature dataset as it is then.
/// - Throws: `PipelineError.parentUnavailable` if the pixels cannot be read or have changed in a
///   way that the features cannot follow, and as `ExtractFeatures`.
public func bringUpToDate(
    _ features: Dataset, model: String?, stop: StopSignal, reporter: ProgressReporter
) throws -> Dataset {
    let description = features.description
    guard let report = try? BuildReport.read(features.directory).report,
        let recorded = report.recordedModel, let recipe = description.featureRecipe
    else {
        reporter.note(
            "\(features.directory) does not say where its pixels are: it is used as it is.")
        return features
    }
    guard let pixels = try openParent(of: features, at: report.source) else {
        reporter.note(
            "The pixels of \(features.directory) are not at \(report.source) any more: "
                + "the features are used as they are.")
        return features
    }
    guard pixels.description.contentHash != description.parentHash else { return features }
    guard pixels.description.clipRecipe == description.clipRecipe else {
        let differences = differences(
            pixels.description.clipRecipe, from: description.clipRecipe)
        throw PipelineError.parentUnavailable(
            path: features.directory,
            reason: "\(pixels.directory) was built anew with another recipe "
                + "(\(differences.joined(separator: ", "))); "
                + "extract its features with `vbprep extract-features --overwrite`")
    }
    reporter.note("\(pixels.directory) has changed: bringing \(features.directory) up to date")
    let encoding = FeatureEncoding(
        recorded: recorded, given: model, recipe: recipe,
        description: description)
    let summary = try ExtractFeatures(
        pixels: pixels, encoding: encoding, options: .init(outputDirectory: features.directory)
    ).run(stop: stop, progress: reporter.report)
    reporter.note("\(summary.carried) kept, \(summary.encoded ?? 0) new")
    return try Dataset(directory: features.directory)
}

/// Why the labels and clips of `features` are out of date; `nil` if they are not, or nobody knows.
public func staleness(of features: Dataset) -> String? {
    guard let report = try? BuildReport.read(features.directory).report,
        let pixels = try? Dataset(directory: report.source),
        pixels.description.contentHash != features.description.parentHash
    else { return nil }
    return
        "\(report.source) has changed since these features were made, so labels and clips here are "
        + "the old ones. Bring them up to date with `vbprep extract-features --shards "
        + "\(report.source) --out \(absolutePath(features.directory))`."
}

/// The pixels that `features` were made from, where they were or, as after a move of both, beside
/// them; `nil` if they are not there as they were then.
public func pixels(of features: Dataset) -> Dataset? {
    let recorded = (try? BuildReport.read(features.directory))?.report.source
    let usual = DatasetLocation.pixels(ofFeatures: features.directory)
    return [recorded, usual].compactMap(\.self).lazy
        .compactMap { try? Dataset(directory: $0) }
        .first { $0.description.contentHash == features.description.parentHash }
}

/// The encoder of `features`, as its build report or, where that is lost, its description names it.
/// - Throws: `ShardError.notADataset` if it holds no features.
public func recordedModel(of features: Dataset) throws(ShardError) -> RecordedModel {
    let description = features.description
    guard let recipe = description.featureRecipe, let name = description.model else {
        throw .notADataset(path: features.directory, reason: "it does not name its encoder")
    }
    let recorded = (try? BuildReport.read(features.directory))?.report.recordedModel
    return recorded ?? RecordedModel(name: name, path: name, hash: recipe.modelHash)
}

/// The pixel dataset at `path`; `nil` if nothing is there.
///
/// One that is there and cannot be read is an error: labels would be stale without a word.
private func openParent(of features: Dataset, at path: String) throws -> Dataset? {
    guard fileExists(path) else { return nil }
    do {
        return try Dataset(directory: path)
    } catch {
        throw PipelineError.parentUnavailable(
            path: features.directory,
            reason: "its pixels cannot be read: \(error) Finish or restore them, or move the "
                + "features to where they stand alone")
    }
}

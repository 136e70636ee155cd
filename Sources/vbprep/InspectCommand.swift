import ArgumentParser
import CommandSupport
import Files
import Foundation
import Pipelines
import Recipes
import Reports
import Shards

struct InspectCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "inspect",
        abstract: "Shows what a dataset or one of its clips holds.")

    @Argument(help: "Dataset directory.")
    var directory: String

    @Argument(help: "A clip: its key, its id or its video (as in the manifest, or a path).")
    var key: String?

    @Option(
        help: "Write the dataset's page to this file: classes, clips, quarantine, look-alikes.")
    var html: String?

    @Option(help: "Draw sampled frames with label and frame numbers to this PNG file.")
    var contactSheet: String?

    @Option(help: "Clips on the contact sheet, spread over the dataset.")
    var clips = 16

    @Flag(help: "Print as one JSON object on stdout.")
    var json = false

    func validate() throws {
        try requireNotEmpty(["DIR": directory, "--contact-sheet": contactSheet, "--html": html])
        if !(1...500).contains(clips) { throw ValidationError("--clips must be from 1 to 500.") }
    }

    func run() async throws {
        let inspection = try InspectDataset(directory: directory)
        let keys = try key.map(inspection.keys) ?? []
        if let html {
            let report = try DatasetReport(
                of: Dataset(directory: directory), extent: .whole,
                jobs: ProcessInfo.processInfo.activeProcessorCount)
            writeToStandardError("\(try await report.write(to: html))\n")
        }
        if let contactSheet {
            try inspection.writeContactSheet(to: contactSheet, key: keys.first, count: clips)
            writeToStandardError("\(contactSheet)\n")
        }
        if keys.count > 1 {
            let others = keys.dropFirst().prefix(10).map { "\($0)" }.joined(separator: ", ")
            writeToStandardError(
                "the first of \(counted(keys.count, "clip")); the others: \(others)"
                    + "\(keys.count > 11 ? ", …" : "")\n")
        }
        if let key = keys.first {
            let clip = try inspection.clip(key)
            if !json {
                print(clip.shard)
                for member in clip.members {
                    print(
                        "  \(member.name): \(counted(member.storedBytes, "byte")) of \(member.uncompressedBytes)"
                    )
                }
            }
            print(String(decoding: clip.metadata, as: UTF8.self), terminator: "")
        } else if json {
            try printJSON(inspection.description)
        } else {
            show(inspection.description)
        }
    }

    private func show(_ dataset: DatasetDescription) {
        let shape = dataset.array.shape.map(String.init).joined(separator: ", ")
        let bytes = dataset.shards.reduce(0) { $0 + $1.bytes }
        let accounting = dataset.accounting
        printWrapped(
            "\(dataset.kind.rawValue) \(dataset.array.elementType.rawValue) (\(dataset.array.layout)) = (\(shape))"
        )
        printWrapped(
            "\(counted(accounting.rows, "row")) = \(accounting.stored) stored "
                + "+ \(accounting.quarantined) quarantined"
        )
        for (reason, count) in accounting.reasons.sorted(by: { $0.key < $1.key }) {
            print("  \(count) × \(reason)")
        }
        let splits = ["train", "validation", "test"].compactMap { split in
            dataset.splits[split].map { "\(split) \($0)" }
        }
        printWrapped(
            "\(counted(dataset.numClips, "clip")) (\(splits.joined(separator: ", "))) in "
                + "\(counted(dataset.shards.count, "shard")), "
                + "\((Double(bytes) / 1e6).formatted(decimals: 1)) MB")
        for task in dataset.tasks {
            let shown = task.classes.prefix(20).joined(separator: ", ")
            let rest = task.classes.count > 20 ? ", …" : ""
            printWrapped(
                "task \(task.task), \(counted(task.classes.count, "class")): \(shown)\(rest)")
        }
        if let recipe = dataset.featureRecipe {
            printWrapped(
                "features of \(dataset.model ?? "") (\(recipe.modelHash.prefix(12))), "
                    + "\(recipe.precision.rawValue), tokens \(recipe.tokens.rawValue), "
                    + recipe.instructionSet)
        }
        print("content \(dataset.contentHash)")
    }
}

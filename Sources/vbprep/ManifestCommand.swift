import ArgumentParser
import CommandSupport
import Files
import Manifests
import Pipelines

struct ManifestCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "manifest",
        abstract: "Writes a manifest from a folder of videos, or from a data set's own lists.",
        discussion: """
            Without --list the folder has a subfolder per class: DIR/LABEL/video.mp4, or \
            DIR/train/LABEL/video.mp4 if its folders are called train, val or validation, and \
            test. With --list the videos are found by name at any depth below DIR. A listed video \
            that is not there is written all the same: build-shards puts it into quarantine.csv, \
            so that nothing is lost unseen.

            Kinetics: a file ID_000010_000020.mp4 counts as trimmed; from ID.mp4 the seconds that \
            the list gives are taken. HMDB51 and UCF101: give all files of the list, or the folder \
            they are in.
            """)

    @Argument(help: "Folder of the videos.")
    var directory: String

    @Option(
        name: .customLong("list"), parsing: .upToNextOption,
        help: "A data set's own lists, or folders of them (default: none, classes are folders).")
    var lists: [String] = []

    @Option(
        help: """
            Format of the lists: auto (by their content), kinetics, ucf101, hmdb51 or \
            something-something.
            """)
    var listFormat = "auto"

    @Option(
        help:
            "Official split of UCF101 or HMDB51, from 1 (default: the only one given, else 1)."
    )
    var splitNumber: Int?

    @Flag(help: "Folders are splits, with classes inside (default: if all are named after splits).")
    var splits = false

    @Option(help: "CSV file to write; its paths are relative to its folder (default: stdout).")
    var out: String?

    @Flag(help: "Replace the file that --out names.")
    var overwrite = false

    @Flag(help: "Print counts as one JSON object on stdout; without --out only those.")
    var json = false

    func validate() throws {
        try requireNotEmpty(["DIR": directory, "--out": out])
        if listFormat != "auto", PublishedListFormat(rawValue: listFormat) == nil {
            let names = PublishedListFormat.allCases.map(\.rawValue).joined(separator: ", ")
            throw ValidationError("--list-format must be auto, \(names); it is \(listFormat).")
        }
        if let splitNumber, splitNumber < 1 {
            throw ValidationError("--split-number must be at least 1.")
        }
        if splits, !lists.isEmpty {
            throw ValidationError("--splits is for folders; lists say the splits themselves.")
        }
        if let out, !overwrite, fileExists(out) {
            throw ValidationError("\(out) exists; add --overwrite to replace it.")
        }
    }

    func run() throws {
        let draft =
            lists.isEmpty
            ? try folderManifest(of: directory, splits: splits ? true : nil)
            : try publishedManifest(
                of: directory, lists: lists, format: PublishedListFormat(rawValue: listFormat),
                splitNumber: splitNumber)
        let base = out.map { parentDirectory(of: $0) } ?? ""
        if !base.isEmpty { try makeDirectory(at: base) }
        let csv = draft.csv(folder: relativePath(from: base, to: directory))
        if let out {
            try publishFile(csv, at: out)
        } else if !json {
            print(String(decoding: csv, as: UTF8.self), terminator: "")
        }
        report(draft.counts)
        if json { try printJSON(draft.counts) }
    }

    private func report(_ counts: ManifestDraft.Counts) {
        let place = out.map { ": \($0)" } ?? ""
        writeToStandardError(
            "\(counted(counts.rows, "row")), \(counted(counts.classes, "class"))\(place)\n")
        if counts.missing > 0 {
            writeToStandardError(
                "  not in \(directory): \(counted(counts.missing, "listed video")), "
                    + "for build-shards to quarantine\n")
        }
        if counts.skipped > 0 {
            writeToStandardError(
                lists.isEmpty
                    ? "  skipped, in no folder of a class: \(counted(counts.skipped, "video"))\n"
                    : "  skipped, in no split or without a class: "
                        + "\(counted(counts.skipped, "entry")) of the lists\n")
        }
    }
}

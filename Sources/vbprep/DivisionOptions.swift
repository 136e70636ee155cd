import ArgumentParser
import CommandSupport
import Manifests

/// How rows find their videos, and how they are divided into splits and classes.
struct DivisionOptions: ParsableArguments {
    @Option(help: "Folder that relative video paths start from (default: the manifest's).")
    var root: String?

    @Option(help: "Fractions of train, validation and test for rows without a split.")
    var split = "0.8,0.1,0.1"

    @Option(help: "Seed of the split.")
    var seed: UInt64 = 42

    @Option(help: "File with one class name per line (default: the labels, sorted).")
    var classes: String?

    var plan: DatasetPlan.Options {
        get throws {
            DatasetPlan.Options(
                fractions: try SplitFractions(split), seed: seed, classesPath: classes)
        }
    }

    func validate() throws {
        do {
            _ = try SplitFractions(split)
        } catch {
            throw ValidationError("\(error)")
        }
        try requireNotEmpty(["--root": root, "--classes": classes])
    }
}

import ArgumentParser
import CommandSupport
import Files
import Pipelines

struct StatusCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "status",
        abstract: "Shows how far a dataset is, shard by shard, and what is left to do.",
        discussion: """
            For each shard: clips stored, quarantined and missing, and who works on it. At the end \
            stands the command that does the rest. Looks only: it may be run beside a build.
            """)

    @Argument(help: "Dataset directory, of pixels or features.")
    var directory: String

    @Flag(help: "Print the status as one JSON object on stdout.")
    var json = false

    func validate() throws { try requireNotEmpty(["DIR": directory]) }

    func run() throws {
        let status = try DatasetStatus(of: directory)
        if json { return try printJSON(status) }
        for shard in status.shards {
            printWrapped(
                "\(shard.name)  \(figures([shard]))"
                    + shard.workers.map { "  (\($0))" }.joined())
        }
        let state = status.isPublished ? "published" : "not published"
        printWrapped(
            "\(directory), \(state): \(counted(status.shards.count, "shard")), \(figures(status.shards))"
        )
        if let rest = status.rest { print("The rest: \(rest)") }
    }

    private func figures(_ shards: [DatasetStatus.Shard]) -> String {
        func sum(_ count: (DatasetStatus.Shard) -> Int) -> Int {
            shards.reduce(0) { $0 + count($1) }
        }
        return "\(sum(\.stored)) stored, \(sum(\.quarantined)) quarantined, "
            + "\(sum(\.missing)) missing"
    }
}

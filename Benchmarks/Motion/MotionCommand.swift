import ArgumentParser
import Files
import Recipes
import Tensors

/// Draws a labelled data set that cannot be answered without the order of frames and the question.
@main
struct MotionCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "vbmotion",
        abstract: "Draws real handwritten digits that move over real footage, and their manifest.",
        discussion: """
            Each trajectory becomes two H.264 files with the same pictures: forwards, and backwards \
            with the opposite direction. Three questions are asked about each: which direction, \
            which footage, which digit. Digits and stretches of footage of one split occur in no \
            other. The same options give the same files.
            """)

    @Argument(help: "Directory for the videos and manifest.csv.")
    var out: String

    @Option(help: "Folder of the footage.")
    var videos = "Tests/Fixtures/videos/real"

    @Option(help: "Picture of the handwritten digits.")
    var digits = "Tests/Fixtures/labelled/digits.gif"

    @Option(help: "Trajectories for training; each makes two videos.")
    var train = 720

    @Option(help: "Trajectories for validation.")
    var validation = 36

    @Option(help: "Trajectories for the test.")
    var test = 108

    @Option(help: "Seed of all choices.")
    var seed: UInt64 = 1

    func validate() throws {
        for (name, path) in [("--videos", videos), ("--digits", digits)] where !fileExists(path) {
            throw ValidationError("\(name): there is no \(path).")
        }
    }

    func run() throws {
        let footage = try Footage.loadAll(from: videos)
        let digits = try DigitSheet(path: digits)
        try makeDirectory(at: "\(out)/clips")
        var rows = ["video,task,label,split,group"]
        for (split, count) in [(Split.train, train), (.validation, validation), (.test, test)] {
            let results = mapInParallel(count) { number in
                Result {
                    let trajectory = Trajectory(
                        number: number, split: split, seed: seed, footage: footage)
                    let pictures = trajectory.draw(on: footage, with: digits)
                    let encoded = try EncodedPictures(pictures, size: Trajectory.size)
                    return try trajectory.bothWays.flatMap { direction, name, isBackwards in
                        let path = "clips/\(name).mp4"
                        try encoded.write(to: "\(out)/\(path)", isReversed: isBackwards)
                        return trajectory.answers(direction: direction, footage).map {
                            task, label in
                            [path, task, label, split.rawValue, trajectory.name]
                                .joined(separator: ",")
                        }
                    }
                }
            }
            for result in results { rows += try result.get() }
            print("\(split.rawValue): \(count) trajectories, \(2 * count) videos")
        }
        try publishFile(
            Array((rows.joined(separator: "\n") + "\n").utf8), at: "\(out)/manifest.csv")
        print("\(out)/manifest.csv: \(rows.count - 1) questions")
    }
}

import Foundation
import TestSupport
import Testing

/// What happens to the workers of a build must not happen to the build.
@Suite(.serialized)
struct IsolationTests {
    /// A folder with a manifest of forty windows of one video.
    private final class Folder {
        let url: URL

        init() throws {
            url = try Fixtures.makeTemporaryDirectory()
            let rows = (100..<140).map { "real/bikes.mp4,a,train,0.\($0)" }
            let manifest = (["video,label,split,start"] + rows).joined(separator: "\n") + "\n"
            try Data(manifest.utf8).write(to: url.appendingPathComponent("m.csv"))
        }

        deinit { try? FileManager.default.removeItem(at: url) }

        func build(_ out: String, _ options: String...) throws -> BuiltProgram {
            try BuiltProgram(
                "vbprep",
                [
                    "build-shards", "m.csv", "--root", Fixtures.path("videos"), "--out", out,
                    "--jobs=2", "--json", "--shard-clips=7", "--frames=4",
                ] + options, directory: url)
        }

        /// Waits until a clip of the build has been stored; at most a minute.
        func waitForFirstSample(of out: String) {
            let shards = url.appendingPathComponent("\(out)/building/shards").path
            for _ in 0..<6000 {
                let names = (try? FileManager.default.contentsOfDirectory(atPath: shards)) ?? []
                if names.contains(where: { $0.hasSuffix(".journal") }) { return }
                usleep(10_000)
            }
        }

        func files(_ out: String) throws -> [String: Data] {
            let folder = url.appendingPathComponent(out)
            let names = try FileManager.default.subpathsOfDirectory(atPath: folder.path)
                .filter { $0 != "build-report.json" }
            return Dictionary(
                uniqueKeysWithValues: names.map {
                    let path = folder.appendingPathComponent($0).path
                    return ($0, FileManager.default.contents(atPath: path) ?? Data())
                })
        }
    }

    @Test(arguments: [SIGSEGV, SIGKILL, SIGABRT])
    func aWorkerThatDiesIsReplacedAndItsClipTriedAgain(_ signal: Int32) throws {
        let folder = try Folder()
        let program = try folder.build("data")
        let workers = try #require(program.children(atLeast: 2))
        folder.waitForFirstSample(of: "data")
        // Both stand still, and have clips to work on.
        for worker in workers { kill(worker, SIGSTOP) }
        kill(workers[0], signal)
        kill(workers[0], SIGCONT)
        // Only a third worker can take over the clip that the first one died of.
        let successor = program.waitForChild(otherThan: workers)
        kill(workers[1], SIGCONT)
        #expect(successor != nil, "no worker has taken the place of the dead one")
        let outcome = try program.outcome()
        #expect(
            outcome.status == 0 && outcome.output.contains("\"stored\":40"), "\(outcome.errors)")
        #expect(outcome.output.contains("\"quarantined\":0"))
    }

    @Test func aWorkerThatHangsCostsOneClip() throws {
        let folder = try Folder()
        let program = try folder.build("data", "--timeout=1")
        let workers = try #require(program.children(atLeast: 2))
        // A worker that has not started yet costs nothing.
        folder.waitForFirstSample(of: "data")
        kill(workers[0], SIGSTOP)
        let outcome = try program.outcome()
        #expect(
            outcome.status == 0 && outcome.output.contains("\"stored\":39"), "\(outcome.errors)")
        #expect(outcome.output.contains("\"timeout\":1"))
        #expect(kill(workers[0], 0) != 0)
    }

    /// Ten times the limit of a clip pass, but nobody works in them.
    @Test func aSuspendedBuildLosesNothing() throws {
        let folder = try Folder()
        let program = try folder.build("data", "--timeout=0.5")
        let workers = try #require(program.children(atLeast: 2))
        folder.waitForFirstSample(of: "data")
        let all = [program.identifier] + workers
        for process in all { kill(process, SIGSTOP) }
        sleep(10)
        for process in all { kill(process, SIGCONT) }
        let outcome = try program.outcome()
        #expect(
            outcome.status == 0 && outcome.output.contains("\"stored\":40"), "\(outcome.errors)")
    }

    @Test func workersHaveOnlyWhatTheyNeed() throws {
        let folder = try Folder()
        let program = try BuiltProgram(
            "vbprep",
            [
                "build-shards", "m.csv", "--root", Fixtures.path("videos"), "--out", "data",
                "--jobs=1",
            ], directory: folder.url, variables: ["API_TOKEN": "s3cret"])
        let worker = try #require(program.children(atLeast: 1))[0]
        folder.waitForFirstSample(of: "data")
        kill(worker, SIGSTOP)
        defer { kill(worker, SIGCONT) }
        func text(_ name: String) throws -> String {
            try String(contentsOfFile: "/proc/\(worker)/\(name)", encoding: .utf8)
        }
        #expect(try !text("environ").contains("s3cret"))
        let descriptors = try FileManager.default.contentsOfDirectory(atPath: "/proc/\(worker)/fd")
        // The socket, two times /dev/null, and the video that it decodes.
        #expect(descriptors.count <= 4)
        let status = try text("status")
        #expect(status.contains(/NoNewPrivs:\s+1/) && status.contains(/Seccomp:\s+2/))
    }

    @Test(arguments: [SIGINT, SIGTERM])
    func aStoppedBuildGoesOn(_ signal: Int32) throws {
        let folder = try Folder()
        let program = try folder.build("data")
        _ = try #require(program.children(atLeast: 2))
        usleep(300_000)
        program.send(signal)
        let stopped = try program.outcome()
        #expect(stopped.status == 128 + signal && stopped.errors.contains("goes on from here"))
        #expect(try folder.build("data").outcome().status == 0)
        #expect(try folder.build("whole", "--in-process").outcome().status == 0)
        #expect(try folder.files("data") == folder.files("whole"))
    }

    /// Workers that start and then lack memory cost their clips, which the next run tries again.
    @Test func tooLittleMemoryCostsClipsUntilThereIsEnough() throws {
        let folder = try Folder()
        let starved = try folder.build("data", "--worker-memory=256").outcome()
        #expect(starved.status == 1, "\(starved.errors)")
        #expect(starved.output.contains("\"decoder-crashed\":40"))
        let fed = try folder.build("data").outcome()
        #expect(fed.status == 0 && fed.output.contains("\"stored\":40"), "\(fed.errors)")
    }

    /// Libraries pass on lack of memory as damage, an unknown format or a video that cannot be read.
    @Test(arguments: [256, 280, 300])
    func lackOfMemoryIsNoFaultOfTheContent(_ megabytes: Int) throws {
        let folder = try Folder()
        let names = [
            "derived/bikes_odd444.mp4", "derived/city_interlaced.mpg", "derived/one_frame.mp4",
            "derived/realshort_opengop.ts", "derived/world_av1.mkv", "derived/world_hevc10.mkv",
            "real/band.mkv", "real/carphone_distorted.mp4", "real/park.mp4", "real/screencast.webm",
        ]
        let manifest = (["video,label,split"] + names.map { "\($0),a,train" }).joined(
            separator: "\n")
        try Data("\(manifest)\n".utf8).write(to: folder.url.appendingPathComponent("m.csv"))
        let outcome = try folder.build("data", "--worker-memory=\(megabytes)").outcome()
        let summary = try JSONSerialization.jsonObject(with: Data(outcome.output.utf8))
        let reasons = (summary as? [String: Any])?["reasons"] as? [String: Int]
        let found = try #require(reasons, "\(outcome.errors)")
        #expect(Set(found.keys).isSubset(of: ["decoder-crashed", "memory"]), "\(found)")
    }
}

import Files
import Foundation
import Manifests
import Recipes

@testable import Models
@testable import Pipelines
@testable import Reports
@testable import Shards
@testable import Training

/// What reads the bytes of an input.
enum Parser: String, CaseIterable {
    case csv, tsv, manifest, lists
    case questions, dataset, sidecar, npy, zstd, tar, journal, build
    case safetensors, model, processor, index, vocabulary, tokenizer, prompt
    case run, metrics, log, predictions, state, checksums

    /// Whether most inputs should be JSON.
    var readsJSON: Bool {
        switch self {
        case .dataset, .sidecar, .journal, .build, .model, .processor, .index, .tokenizer, .run,
            .metrics, .log,
            .state:
            true
        default: false
        }
    }

    /// Reads `bytes` as the programs do, and looks at everything that was found.
    ///
    /// What is wrong with them is an error, which is fine.
    func read(_ bytes: [UInt8]) throws {
        switch self {
        case .csv: try readDelimited(bytes, path: "m.csv")
        case .tsv: try readDelimited(bytes, path: "m.tsv")
        case .manifest: try readManifest(bytes)
        case .lists: try readList(bytes)
        case .questions: try readQuestions(bytes)
        case .dataset: try readDataset(bytes)
        case .sidecar: try readSidecar(bytes)
        case .npy: try NPYArray(fileBytes: bytes).withElements { precondition($0.count >= 0) }
        case .zstd: _ = try zstdDecompress(bytes, expectedCount: zstdContentSize(bytes) ?? 0)
        case .tar: try readTar(bytes)
        case .journal: readJournal(bytes)
        case .build: try readBuildReport(bytes)
        case .safetensors: try readTensors(bytes)
        case .model: try readModel(["config.json": bytes])
        case .processor: try readModel(["preprocessor_config.json": bytes])
        case .index: try readModel(["model.safetensors.index.json": bytes])
        case .vocabulary: try readVocabulary(bytes, name: "vocab.txt")
        case .tokenizer: try readVocabulary(bytes, name: "tokenizer.json")
        case .prompt: readPrompt(bytes)
        case .run: try readRun(["config.json": bytes])
        case .metrics: try readRun(["metrics.json": bytes])
        case .log: try readRun(["log.jsonl": bytes])
        case .predictions: try readPredictions(bytes)
        case .state: _ = try decodeJSON(TrainingState.self, from: bytes).isPlausible
        case .checksums: try readChecksums(bytes)
        }
    }
}

// MARK: - Manifests

/// Also writes what was read and reads it again, which must change nothing.
private func readDelimited(_ bytes: [UInt8], path: String) throws {
    let file = try DelimitedFile(bytes: bytes, path: path)
    let records = [file.header] + file.records.map(\.fields)
    guard !file.isTabSeparated else { return }
    let text = records.map { csvRecord($0) + "\n" }.joined()
    let again = try DelimitedFile(bytes: [UInt8](text.utf8), path: "m.csv")
    let same = ([again.header] + again.records.map(\.fields)).map { $0.map { Array($0.utf8) } }
    precondition(again.isTabSeparated || same == records.map { $0.map { Array($0.utf8) } })
}

/// Also makes every question of the plan.
private func readManifest(_ bytes: [UInt8]) throws {
    let manifest = try Manifest(path: folder.put(bytes, "m.csv"))
    let plan = try DatasetPlan(
        manifest: manifest,
        options: .init(fractions: try SplitFractions("0.8,0.1,0.1"), seed: 42))
    var count = plan.rejectedRows.count
    for clip in plan.clips {
        _ = clip.clip.key
        for row in plan.rows(of: clip) { _ = plan.question(Int(row), of: manifest) }
        count += plan.rows(of: clip).count
    }
    precondition(count == manifest.count, "a row is lost")
}

/// The first byte chooses the format.
private func readList(_ bytes: [UInt8]) throws {
    let formats = PublishedListFormat.allCases
    let number = Int(bytes.first ?? 0)
    let format = number < formats.count ? formats[number] : nil
    let name = format == .hmdb51 ? "Archery_test_split1.txt" : "trainlist01.txt"
    let list = folder.put(Array(bytes.dropFirst()), name)
    let draft = try publishedManifest(of: folder.videos, lists: [list], format: format)
    _ = draft.csv()
}

// MARK: - Shards

private func readQuestions(_ bytes: [UInt8]) throws {
    let path = folder.put(bytes, ShardFormat.questionsName)
    let description = try DatasetDescription(
        kind: .features, clipRecipe: ClipRecipe(),
        division: .init(fractions: [1, 0, 0], seed: 1, shardClips: 256), splitRemarks: .init(),
        normalization: .init(imageMean: [0, 0, 0], imageStd: [1, 1, 1], rescaleFactor: 1),
        array: .init(
            member: ShardFormat.featureMember, elementType: .float16, shape: [1, 5, 24],
            layout: "T,L,D"),
        tasks: [AnswerSet(task: "default", classes: (0..<9).map(String.init))], shards: [],
        accounting: .init(rows: 0, stored: 0, reasons: [:]),
        files: [ShardFormat.questionsName: sha256Hex(bytes)])
    let dataset = parentDirectory(of: path)
    folder.put(try canonicalJSON(description), ShardFormat.descriptionName)
    for row in try QuestionsFile(of: Dataset(directory: dataset)).rows { _ = row.group.count }
}

/// Reads a description whose checksum is made right, as whoever forges one would make it.
private func readDataset(_ bytes: [UInt8]) throws {
    let description = try decodeJSON(DatasetDescription.self, from: bytes)
    let text = String(decoding: try canonicalJSON(description), as: UTF8.self)
    let field = "\n  \"sha256\" : \""
    let (old, blank) = ("\(field)\(description.sha256)\"", "\(field)\"")
    let unsigned = text.replacing(old, with: blank)
    let signed = unsigned.replacing(
        blank, with: "\(field)\(sha256Hex([UInt8](unsigned.utf8)))\"")
    let path = folder.put([UInt8](signed.utf8), ShardFormat.descriptionName)
    let dataset = try Dataset(directory: parentDirectory(of: path))
    _ = dataset.description.numClips
    _ = dataset.description.splitRemarks.sentences
    _ = try? dataset.readers()
    _ = ModelOutputs(dataset.description.tasks).names
}

private func readSidecar(_ bytes: [UInt8]) throws {
    let path = folder.put(bytes, "train-00000.json")
    folder.put([UInt8](repeating: 7, count: 10240), "train-00000.tar")
    let directory = parentDirectory(of: path)
    _ = ShardSummary(directory: directory, name: "train-00000")
    let sidecar = try ShardReader.readSidecar(directory: directory, name: "train-00000")
    // Damaged tars are opened like this, in spite of what their sidecars say.
    let reader = try ShardReader(path: "\(directory)/train-00000.tar", samples: sidecar.samples)
    for sample in reader.samples {
        for member in sample.members { _ = try? reader.array(of: member.name, in: sample) }
    }
    _ = try? ShardReader(directory: directory, name: "train-00000")
}

private func readTar(_ bytes: [UInt8]) throws {
    let path = folder.put(bytes, "train-00000.tar")
    let reader = try ShardReader(scanning: path) { metadata in
        (try? decodeJSON(Clip.self, from: metadata)).map {
            (SampleOrigin(clip: $0, sourceSha256: ""), "")
        }
    }
    for sample in reader.samples {
        for member in sample.members { _ = try? reader.array(of: member.name, in: sample) }
    }
}

/// Reads the journal of a tar whose writer is gone.
private func readJournal(_ bytes: [UInt8]) {
    let tar = folder.put(
        [UInt8](repeating: 7, count: 10240), "unfinished/train-00000.tar.1-1.other.partial")
    folder.put(bytes, "unfinished/\(lastComponent(of: tar)).journal")
    for shard in UnfinishedShard.all(in: parentDirectory(of: tar), isAlone: true) {
        for sample in shard.reader.samples {
            for member in sample.members {
                _ = try? shard.reader.array(of: member.name, in: sample)
            }
        }
    }
}

/// Reads a report whose checksum is made right.
private func readBuildReport(_ bytes: [UInt8]) throws {
    let end = Array("\n],\n\"sha256\":\"\(sha256Hex(bytes))\"}\n".utf8)
    let path = folder.put(bytes + end, ShardFormat.reportName)
    let (report, sources) = try BuildReport.read(parentDirectory(of: path))
    _ = report.recordedModel
    precondition(sources.count >= 0)
}

// MARK: - Models

private func readTensors(_ bytes: [UInt8]) throws {
    let file = try SafetensorsFile(path: folder.put(bytes, "model.safetensors"))
    for name in file.names {
        guard let shape = file.shape(of: name) else { continue }
        _ = try? file.tensor(name, shape: shape)
        _ = try? file.storedBytes(of: name)
    }
}

/// Opens a small model of which `files` are other ones.
private func readModel(_ files: [String: [UInt8]]) throws {
    let directory = folder.model(with: files)
    let model = try ModelDirectory.resolve(directory)
    _ = model.vision.flopsPerFrame
    _ = try? model.contentHash()
    _ = try? model.makeVisionTransformer()
    guard let qformer = model.qformer else { return }
    _ = try? VideoClassifier(qformerOf: model, qformer, numClasses: 3, seed: 1)
}

private func readVocabulary(_ bytes: [UInt8], name: String) throws {
    let tokenizer = try WordPieceTokenizer(path: folder.put(bytes, name))
    let ids = tokenizer.encode("Which sport is [MASK] played, näïve one?")
    precondition(ids.allSatisfy { 0..<tokenizer.vocabularySize ~= $0 })
}

private func readPrompt(_ bytes: [UInt8]) {
    let ids = folder.tokenizer.encode(String(decoding: bytes, as: UTF8.self), maximumLength: 64)
    precondition(ids.count <= 64 && ids.allSatisfy { 0..<folder.tokenizer.vocabularySize ~= $0 })
}

// MARK: - Runs

/// Opens a small run of which `files` are other ones, and does what needs no dataset.
private func readRun(_ files: [String: [UInt8]]) throws {
    let run = try RunDirectory(opening: folder.run(with: files))
    try? run.configuration.options.validate()
    _ = run.configuration.outputs.names
    _ = run.configuration.splitRemarks.sentences
    _ = try? run.loadModel()
    _ = try? RunReport(run: run).write()
}

/// Opens a run whose answers are others, in a file that it takes for its own.
private func readPredictions(_ bytes: [UInt8]) throws {
    var run = try RunDirectory(opening: folder.run(with: [:]))
    var metrics = try run.metrics()
    for task in metrics[Split.test.rawValue, default: [:]].keys {
        metrics[Split.test.rawValue]?[task]?.predictionsSha256 = sha256Hex(bytes)
    }
    run = try RunDirectory(
        opening: folder.run(with: [
            "metrics.json": try sealedJSON(metrics),
            lastComponent(of: run.predictionsPath(of: .test)): bytes,
        ]))
    _ = try PredictedQuestion.all(of: run, split: .test)
    _ = try RunReport(run: run).write()
}

/// Reads the manifest of a checkpoint, of which one file is there, and adds to it.
private func readChecksums(_ bytes: [UInt8]) throws {
    let name = "trainer_state.json"
    let sums = ChecksumFile(of: parentDirectory(of: folder.put(bytes, ChecksumFile.name)))
    folder.put([], name)
    try sums.verify(name)
    try sums.publish([name: sha256Hex([1])]) { () throws(FileError) in try sums.verify(name) }
}

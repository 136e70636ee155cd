import Files

/// The formats of lists that data sets are published with.
public enum PublishedListFormat: String, Sendable, CaseIterable {
    /// CSV with `label,youtube_id,time_start,time_end,split`.
    ///
    /// Source: https://github.com/cvdfoundation/kinetics-dataset
    case kinetics
    /// `trainlist01.txt`, `testlist01.txt`, `classInd.txt`.
    ///
    /// Source: https://www.crcv.ucf.edu/data/UCF101.php
    case ucf101
    /// `CLASS_test_split1.txt`, one file per class.
    ///
    /// Source: https://serre-lab.clps.brown.edu/resource/hmdb-a-large-human-motion-database
    case hmdb51
    /// JSON: a list of objects with `id`, `label`, `template`.
    ///
    /// Source: https://developer.qualcomm.com/software/ai-datasets/something-something
    case somethingSomething = "something-something"
}

/// A manifest of the videos that a data set's own lists name, found below a folder.
///
/// Videos are looked up by name at any depth; a listed video that is missing still becomes a
/// row.
/// - Parameters:
///   - directory: The folder of the videos.
///   - lists: The lists, or folders that hold them.
///   - format: Their format; `nil` tells it from the content of each.
///   - splitNumber: Which of several official splits; `nil` means the only one given, else 1.
/// - Returns: Rows in the order of the lists, with paths relative to the folder.
/// - Throws: `ManifestError.unreadable`, `.unreadableFolder`, `.noVideos`, `.invalidList` or
///   `.notUTF8`, and of a Kinetics list `.empty`, `.malformedCSV` or `.missingColumn`.
public func publishedManifest(
    of directory: String, lists: [String], format: PublishedListFormat? = nil,
    splitNumber: Int? = nil
) throws(ManifestError) -> ManifestDraft {
    let paths = ofOneSplit(try listFiles(lists), splitNumber)
    let index = try VideoIndex(directory: directory)
    var draft = ManifestDraft()
    for path in paths {
        let list = ListFile(path: path, bytes: try readText(path))
        guard let found = format ?? list.format else {
            throw .invalidList(
                path: path, line: 0,
                reason: "its content matches no known format; name one of "
                    + PublishedListFormat.allCases.map(\.rawValue).joined(separator: ", ")
                    + " with --list-format")
        }
        switch found {
        case .kinetics: try addKineticsList(list, index, to: &draft)
        case .ucf101: try addUCF101List(list, index, to: &draft)
        case .hmdb51: try addHMDB51List(list, index, to: &draft)
        case .somethingSomething: try addSomethingSomethingList(list, index, to: &draft)
        }
    }
    guard !draft.rows.isEmpty else {
        throw .noVideos(path: directory, reason: "the lists name no video with a class")
    }
    return draft
}

private func listFiles(_ lists: [String]) throws(ManifestError) -> [String] {
    var paths: [String] = []
    for list in lists {
        guard isDirectory(list) else {
            paths.append(list)
            continue
        }
        do throws(FileError) {
            let names = sortedByBytes(try namesInDirectory(list)).filter { name in
                name.utf8.first != UInt8(ascii: ".")
                    && [".txt", ".csv", ".json"].contains { name.lowercased().hasSuffix($0) }
            }
            paths += names.map { join(list, $0) }
        } catch {
            throw .unreadable(path: list, reason: ManifestError.reason(of: error))
        }
    }
    return paths
}

/// Leaves out lists whose names say that they belong to another official split.
private func ofOneSplit(_ paths: [String], _ wanted: Int?) -> [String] {
    func number(_ path: String) -> Int? {
        let name = lastComponent(of: path)
        guard let match = name.wholeMatch(of: /.*(?:trainlist|testlist|_split)0*([0-9]+)\.[a-z]+/)
        else { return nil }
        return Int(match.1)
    }
    let given = Set(paths.compactMap(number))
    let chosen = wanted ?? (given.count == 1 ? given.first : 1)
    return paths.filter { number($0) == nil || number($0) == chosen }
}

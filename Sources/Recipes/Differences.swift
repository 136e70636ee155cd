import Files
import Foundation

/// What differs between two recipes, for people: `num_frames is 4 instead of 8`.
public func differences(_ found: some Encodable, from expected: some Encodable) -> [String] {
    let (found, expected) = (fields(of: found), fields(of: expected))
    return Set(found.keys).union(expected.keys).sorted().filter { found[$0] != expected[$0] }
        .map { "\($0) is \(found[$0] ?? "not set") instead of \(expected[$0] ?? "not set")" }
}

/// The values of a flat record by their names in JSON.
private func fields(of value: some Encodable) -> [String: String] {
    guard let json = try? canonicalJSON(value, pretty: false),
        let object = try? JSONSerialization.jsonObject(with: Data(json)) as? [String: Any]
    else { return [:] }
    return object.mapValues { value in
        if let list = value as? [Any] { return list.map { "\($0)" }.joined(separator: " ") }
        return "\(value)"
    }
}

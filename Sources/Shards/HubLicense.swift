import Files
import Foundation

/// The license of what we publish, as the Hub names it.
public enum HubLicense {
    /// The placeholder until somebody fills in a license.
    public static let unknown = "unknown"

    /// The line of the front matter that says it.
    public static func line(_ license: String) -> String {
        "license: \(license)  # fill in: huggingface.co/docs/hub/repositories-licenses"
    }

    /// The license that somebody entered in the front matter of the README at `path`, if the Hub
    /// knows it; else `unknown`.
    public static func filledIn(at path: String) -> String {
        let lines = ((try? readFile(path)) ?? []).prefix(1 << 20).split(
            separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
        guard lines.first?.elementsEqual("---".utf8) == true else { return unknown }
        let frontMatter = lines.dropFirst().prefix { !$0.elementsEqual("---".utf8) }
        guard let line = frontMatter.first(where: { $0.starts(with: "license:".utf8) })
        else { return unknown }
        let value = String(decoding: line, as: UTF8.self).dropFirst("license:".count)
            .prefix { $0 != "#" }
            .trimmingCharacters(in: CharacterSet.whitespaces.union(.init(charactersIn: "\"'")))
        return known.contains(value) ? value : unknown
    }

    /// Source: huggingface.co/docs/hub/repositories-licenses.
    private static let known = Set(
        """
        apache-2.0 mit openrail bigscience-openrail-m creativeml-openrail-m bigscience-bloom-rail-1.0 \
        bigcode-openrail-m afl-3.0 artistic-2.0 bsl-1.0 bsd bsd-2-clause bsd-3-clause \
        bsd-3-clause-clear c-uda cc cc0-1.0 cc-by-2.0 cc-by-2.5 cc-by-3.0 cc-by-4.0 cc-by-sa-3.0 \
        cc-by-sa-4.0 cc-by-nc-2.0 cc-by-nc-3.0 cc-by-nc-4.0 cc-by-nd-4.0 cc-by-nc-nd-3.0 \
        cc-by-nc-nd-4.0 cc-by-nc-sa-2.0 cc-by-nc-sa-3.0 cc-by-nc-sa-4.0 cdla-sharing-1.0 \
        cdla-permissive-1.0 cdla-permissive-2.0 wtfpl ecl-2.0 epl-1.0 epl-2.0 etalab-2.0 eupl-1.1 \
        eupl-1.2 agpl-3.0 gfdl gpl gpl-2.0 gpl-3.0 lgpl lgpl-2.1 lgpl-3.0 isc intel-research \
        lppl-1.3c ms-pl mpl-2.0 odc-by odbl openrail++ osl-3.0 postgresql ofl-1.1 ncsa unlicense \
        zlib pddl lgpl-lr other
        """.split(separator: " ").map(String.init))
}

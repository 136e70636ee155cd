import Foundation
import Testing

@testable import Reports

struct PageTemplateTests {
    private static let hostile = "</script><script>alert(1)</script><!--<b>&\u{2028}\u{202E}\"'"

    @Test(arguments: [PageTemplate.run, .dataset, .comparison])
    func noTextOfTheDataBecomesMarkup(template: PageTemplate) throws {
        let harmless = try template.page(showing: ["name": "x"])
        let page = try template.page(showing: ["name": Self.hostile])
        func tags(_ page: [UInt8]) -> Int { page.count { $0 == UInt8(ascii: "<") } }
        #expect(tags(page) == tags(harmless))
    }

    @Test func theDataAreReadBackAsTheyWere() throws {
        let page = String(
            decoding: try PageTemplate.run.page(showing: ["name": Self.hostile]), as: UTF8.self)
        let start = try #require(page.range(of: "id=\"data\">"))
        let end = try #require(page.range(of: "</script>", range: start.upperBound..<page.endIndex))
        let json = Data(page[start.upperBound..<end.lowerBound].utf8)
        let data = try JSONDecoder().decode([String: String].self, from: json)
        #expect(data == ["name": Self.hostile])
    }

    @Test(arguments: [PageTemplate.run, .dataset, .comparison])
    func namesNoOutsideResource(template: PageTemplate) throws {
        let page = String(decoding: try template.page(showing: ["name": "x"]), as: UTF8.self)
        let addresses = page.matches(of: /https?:\/\/[^"]+/).map { String($0.output) }
        #expect(addresses.filter { !$0.hasPrefix("http://www.w3.org/2000/svg") } == [])
        #expect(!page.contains("/*DATA*/") && !page.contains("/*SCRIPT*/"))
    }

    @Test func longTextsAreCut() {
        let text = String(repeating: "é", count: 10_000)
        #expect(shortened(text, to: 400).count == 401)
        #expect(shortened("short") == "short")
    }
}

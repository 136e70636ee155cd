import Files
import Testing

struct SealedJSONTests {
    private struct Content: Codable, Equatable {
        var someName = "a/b"
        var count = 3
    }

    private func read(_ bytes: [UInt8]) throws -> Content {
        try decodeSealedJSON(Content.self, from: bytes, path: "config.json")
    }

    @Test(arguments: [true, false])
    func readsWhatItWrote(_ pretty: Bool) throws {
        #expect(try read(sealedJSON(Content(), pretty: pretty)) == Content())
    }

    @Test(arguments: [true, false])
    func seesEveryChangedBit(_ pretty: Bool) throws {
        let intact = try sealedJSON(Content(), pretty: pretty)
        for place in 0..<8 * intact.count {
            var changed = intact
            changed[place / 8] ^= 1 << (place % 8)
            #expect(throws: FileError.self, "bit \(place)") { try read(changed) }
        }
        #expect(throws: FileError.self) { try read(intact.dropLast()) }
        #expect(throws: FileError.self) { try read([]) }
    }

    @Test func readsWhatSaysThatItWasEdited() throws {
        let text = "{\n  \"checksum\" : \"edited\",\n  \"some_name\": \"c\", \"count\": 4}"
        #expect(try read(Array(text.utf8)) == Content(someName: "c", count: 4))
        let plain = #expect(throws: FileError.self) { try read(Array("{\"count\": 4}".utf8)) }
        #expect(plain?.description.contains("\"checksum\" : \"edited\"") == true)
    }

    @Test func namesTheFieldThatCannotBeRead() throws {
        for (text, part) in [
            (#"{"some_name": "a"}"#, "`count` is missing"),
            (#"{"some_name": "a", "count": null}"#, "`count` is null"),
            (#"{"some_name": "a", "count": "b"}"#, "`count` is of another type"),
            ("{", "not valid JSON"),
        ] {
            let error = #expect(throws: FileError.self) {
                try decodeJSON(Content.self, from: Array(text.utf8))
            }
            #expect(error?.description.contains(part) == true, "\(text)")
        }
    }

    @Test func namesTheNumberThatCannotBeWritten() throws {
        let error = #expect(throws: FileError.self) { try canonicalJSON(["rate": Double.infinity]) }
        #expect(error?.description.contains("`rate` is inf") == true)
    }
}

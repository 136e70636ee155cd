import Testing

@testable import VideoDecoding

struct WebAddressTests {
    @Test func takesAnAddressApart() throws {
        let address = try WebAddress("HTTPS://me:p%40ss@Example.COM:8443/a b?c=d#e")
        #expect(address.isSecure && address.host == "example.com" && address.port == 8443)
        #expect(address.target == "/a%20b?c=d")
        #expect(address.authorization == "Basic bWU6cEBzcw==")
    }

    @Test(arguments: [
        ("http://a", "a", 80, "/"), ("https://a?b", "a", 443, "/?b"),
        ("http://[::1]:81/x", "[::1]", 81, "/x"), ("http://[::1]/x", "[::1]", 80, "/x"),
        ("http://u:a@b@c/", "c", 80, "/"),
    ])
    func fillsInWhatIsMissing(_ text: String, host: String, port: Int, target: String) throws {
        let address = try WebAddress(text)
        #expect(address.host == host && address.port == port && address.target == target)
    }

    @Test(arguments: [
        "http://", "http://a:0/", "http://a:65536/", "http://a:b/", "http://a b/", "ftp://a/",
        "http://a\r\nHost: b/",
    ])
    func refusesWhatIsNoAddress(_ text: String) {
        let error = #expect(throws: DecodeError.self) { try WebAddress(text) }
        #expect(error?.reason == "unreachable")
    }

    @Test(arguments: [
        ("http://b/y", "b", "/y"), ("//b/y", "b", "/y"), ("/y", "a", "/y"), ("y", "a", "/d/y"),
    ])
    func followsLocations(_ location: String, host: String, target: String) throws {
        let address = try WebAddress("http://a/d/x?q").resolving(location)
        #expect(address.host == host && address.target == target)
    }

    @Test func readsAnswers() throws {
        let head = try #require(
            HTTPHead("HTTP/1.1 206 Partial\r\nETag: \"1\"\r\nContent-Range: bytes 5-9/10"))
        #expect(
            head.status == 206 && head.contentRange?.first == 5 && head.contentRange?.total == 10)
        #expect(head.fields["etag"] == "\"1\"")
        #expect(HTTPHead("SSH-2.0") == nil && HTTPHead("HTTP/1.1 2") == nil)
    }
}

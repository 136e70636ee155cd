import Testing

@testable import Manifests

struct WebAddressesTests {
    private func scanned(
        _ text: String, delimiter: Character = ","
    ) -> (text: String, addresses: WebAddresses) {
        var bytes = Array(text.utf8)
        let addresses = WebAddresses(
            takingCredentialsOutOf: &bytes, delimiter: delimiter.asciiValue ?? 0)
        return (String(decoding: bytes, as: UTF8.self), addresses)
    }

    @Test(arguments: [
        ("http://me:secret@a/x.mp4,run", "http://a/x.mp4,run"),
        ("run,HTTPS://me:s@t@a/x@y.mp4", "run,HTTPS://a/x@y.mp4"),
        ("\"http://me:s,t@a/x,y.mp4\",run", "\"http://a/x,y.mp4\",run"),
        ("http://a,b@c", "http://a,b@c"), ("http://a/b@c", "http://a/b@c"),
        ("see http://a me@b,run", "see http://a me@b,run"),
        ("5\" disc,http://me:x@a/b", "5\" disc,http://a/b"), ("ftp://me:x@a/b", "ftp://me:x@a/b"),
        ("http://me:x@a/1\nhttp://me:y@a/2\n", "http://a/1\nhttp://a/2\n"),
    ])
    func takesCredentialsOut(_ text: String, _ expected: String) {
        #expect(scanned(text).text == expected)
    }

    @Test func putsThemBackForTheRun() {
        let (text, addresses) = scanned("\"http://me:s,t@a/x y.mp4\",run\nhttp://you:z@a/2\n")
        #expect(!text.contains("s,t") && !text.contains("z@"))
        #expect(addresses.withCredentials("http://a/x y.mp4") == "http://me:s,t@a/x y.mp4")
        #expect(addresses.withCredentials("http://a/2") == "http://you:z@a/2")
        #expect(addresses.withCredentials("http://a/3") == "http://a/3")
    }

    @Test func knowsTheHosts() {
        let text = "http://me:x@A.org:81/b\thttps://[::1]:82/c\nhttp://b\thttp://\n"
        #expect(scanned(text, delimiter: "\t").addresses.hosts == ["a.org", "[::1]", "b"])
    }
}

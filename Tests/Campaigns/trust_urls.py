"""Item 17: videos behind web addresses, on servers that behave badly."""
import contextlib
import http.server
import re
import ssl
import subprocess
import threading
import time

from trust_support import case, manifest, require, samples, videos

film, other = ((videos / "real" / name).read_bytes() for name in ("park.mp4", "realshort.mp4"))


class Handler(http.server.BaseHTTPRequestHandler):
    """Serves `server.content` as `server.mood` says."""
    protocol_version = "HTTP/1.1"

    def log_message(self, *arguments):
        pass

    def do_HEAD(self):
        self.do_GET()

    def do_GET(self):
        server = self.server
        server.requests.append(self.path)
        authorization = self.headers.get("Authorization")
        if server.mood == "password" and not authorization:
            return self.answer(401, b"", {"WWW-Authenticate": "Basic realm=x"})
        if server.mood == "error":
            return self.answer(500, b"")
        if server.mood.startswith("redirect") and not self.path.startswith("/moved"):
            return self.answer(302, b"", {"Location": server.mood.split(" ")[1]})
        data, code, headers = server.content, 200, {"ETag": f'"{hash(server.content)}"', "Last-Modified": server.date}
        asked = re.match(r"bytes=(\d+)-(\d*)", self.headers.get("Range", ""))
        if asked and server.mood != "no ranges":
            start, end = int(asked[1]), int(asked[2] or len(data) - 1)
            headers |= {"Content-Range": f"bytes {start}-{end}/{len(data)}"}
            data, code = data[start:end + 1], 206
        if server.mood != "no ranges":
            headers["Accept-Ranges"] = "bytes"
        if server.mood == "silent":
            time.sleep(60)
        if server.mood.startswith("breaks"):
            return self.answer(code, data, headers, sent=20_000 if "in the middle" in server.mood else 0)
        if server.mood.startswith("chunked"):
            return self.answer_in_chunks(data, headers, whole="broken" not in server.mood)
        self.answer(code, data, headers)

    def answer_in_chunks(self, data, headers, whole):
        """Sends all of `data` without saying how much it is; a whole answer ends with an empty chunk."""
        with contextlib.suppress(OSError):
            self.send_response(200)
            for name, value in headers.items():
                if not name.endswith("-Range") and name != "Accept-Ranges":
                    self.send_header(name, value)
            self.send_header("Transfer-Encoding", "chunked")
            self.end_headers()
            pieces = [data[i:i + 30000] for i in range(0, len(data), 30000)]
            for piece in pieces if whole else pieces[:-1]:
                self.wfile.write(b"%x;name=value\r\n%s\r\n" % (len(piece), piece))
            if whole:
                self.wfile.write(b"0\r\n\r\n")
        self.close_connection = True

    def answer(self, code, data, headers={}, sent=None):
        """Announces all of `data`, and breaks off after `sent` bytes if that is given."""
        with contextlib.suppress(OSError):
            self.send_response(code)
            for name, value in headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(data[:sent])
        if sent is not None:
            self.close_connection = True


@contextlib.contextmanager
def serve(mood="good", certificate=None):
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    if certificate:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate)
        server.socket = context.wrap_socket(server.socket, server_side=True)
    server.daemon_threads = True
    server.mood, server.content, server.requests, server.date = mood, film, [], "Mon, 01 Jan 2024 00:00:00 GMT"
    server.address = f"127.0.0.1:{server.server_port}"
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield server
    finally:
        server.shutdown()
        server.server_close()


def build(t, *urls, out="out", seconds=60, timeout="20"):
    rows = [[url, "ab"[i % 2], "train", "0"] for i, url in enumerate(urls)]
    (t.folder / "m.csv").write_text(manifest(rows))
    return t.build("m.csv", out, "--timeout", timeout, "--json", seconds=seconds)


def stored(t, *urls, **options):
    summary = t.json(build(t, *urls, **options))
    require(summary["stored"] == len(urls), f"{summary['stored']} of {len(urls)} stored: {summary['reasons']}")
    return summary


def refused(t, url, words):
    """The row is quarantined at once, for a reason that has nothing to do with its length."""
    start = time.monotonic()
    t.expect(build(t, url), 1)
    seconds = time.monotonic() - start
    detail = (t.folder / "out/quarantine.csv").read_text() if (t.folder / "out/quarantine.csv").exists() else ""
    require(seconds < 19, f"{seconds:.0f} s")
    require("shorten" not in detail and "timeout" not in detail, f"quarantined as {detail[-300:]}")
    require(re.search(words, detail, re.I), f"no word of `{words}`: {detail[-300:]}")


case(17, "a refused connection")(lambda t: refused(t, "http://127.0.0.1:1/a.mp4", "refused|connect|server"))
case(17, "a port that cannot be")(lambda t: refused(t, "http://127.0.0.1:99999/a.mp4", "port|address|url"))
case(17, "a host that does not exist")(lambda t: refused(t, "http://no-such-host.invalid/a.mp4", "host|server|address|connect"))


@case(17, "a server that answers 500")
def errors(t):
    with serve("error") as server:
        refused(t, f"http://{server.address}/a.mp4", "500|server")


@case(17, "an address in capitals, HTTP://")
def capitals(t):
    with serve() as server:
        stored(t, f"HTTP://{server.address}/a.mp4")


@case(17, "a server without ranges")
def no_ranges(t):
    with serve("no ranges") as server:
        stored(t, f"http://{server.address}/a.mp4")


@case(17, "a redirect to another host is not followed")
def redirected(t):
    with serve() as target, serve(f"redirect http://localhost:{target.server_port}/moved.mp4") as server:
        refused(t, f"http://{server.address}/a.mp4", "redirect|another|host|moved|302")
        require(not target.requests, f"the other host was asked for {target.requests}")


@case(17, "a redirect on the same host is followed")
def moved(t):
    with serve("redirect /moved.mp4") as server:
        stored(t, f"http://{server.address}/a.mp4")


@case(17, "a password in an address works and is written nowhere")
def password(t):
    with serve("password") as server:
        stored(t, f"http://user:s3cretword@{server.address}/a.mp4")
        build(t, f"http://user:s3cretword@{server.address}/b.mp4", f"http://user:s3cretword@127.0.0.1:1/c.mp4")
    found = [str(p.relative_to(t.folder)) for p in (t.folder / "out").rglob("*") if p.is_file() and b"s3cretword" in p.read_bytes()]
    require(not found, f"the password is in {found}")


@case(17, "an unchanged remote file is kept, a changed one is noticed")
def changed(t):
    with serve() as server:
        url = f"http://{server.address}/a.mp4"
        stored(t, url)
        first = samples(t.folder / "out")[0]["members"][0]["sha256"]
        require(stored(t, url)["decoded"] == 0, "an unchanged file was decoded again")
        server.content, server.date = other, "Tue, 02 Jan 2024 00:00:00 GMT"
        stored(t, url)
    require(samples(t.folder / "out")[0]["members"][0]["sha256"] != first, "the dataset still holds the frames of the old file")


@case(17, "a server that sends chunks without a length")
def chunks(t):
    with serve("chunked") as server, serve() as good:
        stored(t, f"http://{server.address}/a.mp4")
        stored(t, f"http://{good.address}/a.mp4", out="good")
    pixels = [samples(t.folder / out)[0]["members"][0]["sha256"] for out in ("out", "good")]
    require(pixels[0] == pixels[1], "other pixels were stored")


@case(17, "a connection that breaks is resumed")
def breaks(t):
    with serve("breaks in the middle") as server:
        stored(t, f"http://{server.address}/a.mp4")
        require(len(server.requests) > 2, f"the server was asked {len(server.requests)} times")


@case(17, "a connection that always breaks at once")
def breaks_always(t):
    with serve("breaks") as server:
        refused(t, f"http://{server.address}/a.mp4", "connection broke")


@case(17, "chunks that never end")
def broken_chunks(t):
    with serve("chunked, broken") as server:
        refused(t, f"http://{server.address}/a.mp4", "connection broke")


@case(17, "a server that never answers")
def silent(t):
    with serve("silent") as server:
        t.expect(build(t, f"http://{server.address}/a.mp4", timeout="3"), 1)
    detail = (t.folder / "out/quarantine.csv").read_text()
    require("server" in detail or "connection" in detail, detail[-300:])


@case(17, "a certificate that nobody vouches for")
def self_signed(t):
    key, certificate = t.folder / "key.pem", t.folder / "certificate.pem"
    subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=localhost",
                    "-addext", "subjectAltName=IP:127.0.0.1", "-keyout", key, "-out", certificate], check=True, capture_output=True)
    certificate.write_bytes(key.read_bytes() + certificate.read_bytes())
    with serve(certificate=certificate) as server:
        refused(t, f"https://{server.address}/a.mp4", "certificate")

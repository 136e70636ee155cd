"""Makes short clips in all codecs and containers that ffmpeg can write, and decodes clips wholly; for `exactness.py` and the fixtures."""
import json
import shutil
import subprocess
import sys
from pathlib import Path

SIZE = 96


def run(*command, **options):
    return subprocess.run([str(c) for c in command], capture_output=True, **options)


def ffmpeg(*command):
    result = run("ffmpeg", "-v", "error", "-nostdin", "-y", *command)
    return None if result.returncode == 0 else result.stderr.decode()[-400:]


# Encoders: name, options, containers. X264 and others that are indexed by time are here to be checked the same way.
MPEG4 = ["avi", "mp4", "mov", "mkv", "m4v", "ts", "nut"]
ENCODERS = [
    ("mpeg4", [], MPEG4), ("mpeg4", ["-bf", "2"], MPEG4), ("mpeg4", ["-bf", "2", "-vtag", "DX50"], ["avi"]),
    ("mpeg4", ["-bf", "3", "-b_strategy", "1"], MPEG4), ("mpeg4", ["-flags", "+ilme+ildct"], ["avi", "mp4"]),
    ("mpeg4", ["-flags", "+ilme+ildct", "-bf", "2"], ["avi", "mkv"]), ("mpeg4", ["-flags", "+qpel+mv4", "-bf", "1"], MPEG4),
    ("mpeg4", ["-flags", "+aic+cgop", "-bf", "2", "-sc_threshold", "1000000000"], MPEG4), ("mpeg4", ["-data_partitioning", "1"], ["avi", "mkv"]),
    ("libxvid", [], ["avi", "mp4", "mkv"]), ("libxvid", ["-bf", "2"], ["avi", "mp4", "mkv", "m4v"]),
    ("libxvid", ["-gmc", "1", "-bf", "1"], ["avi", "mkv"]), ("libxvid", ["-flags", "+qpel", "-bf", "2"], ["avi", "mp4"]),
    ("packed", ["-bf", "2"], ["avi"]), ("packed", ["-bf", "1"], ["avi", "mkv"]), ("placeholders", ["-bf", "2"], ["avi", "mkv", "mp4"]),
    ("msmpeg4v2", [], ["avi", "asf", "mkv"]), ("msmpeg4", [], ["avi", "asf", "mkv"]),
    ("wmv1", [], ["avi", "asf", "mkv"]), ("wmv2", [], ["avi", "asf", "mkv"]),
    ("h263p", [], ["avi", "mkv", "mov"]), ("h263p", ["-umv", "1", "-aiv", "1"], ["avi", "mov"]),
    ("h263p", ["-structured_slices", "1", "-ps", "200"], ["avi"]), ("h263", ["-s", "176x144"], ["3gp", "avi", "mov", "h263"]),
    ("flv", [], ["flv", "avi"]), ("droppable", [], ["flv"]),
    ("mpeg1video", ["-bf", "2"], ["mpg", "ts", "m1v", "avi", "mkv"]), ("mpeg1video", [], ["mpg", "m1v", "mkv"]),
    ("mpeg2video", ["-bf", "2"], ["mpg", "vob", "ts", "m2v", "mkv", "mp4", "avi"]), ("mpeg2video", [], ["mpg", "ts", "m2v", "mp4"]),
    ("mpeg2video", ["-bf", "2", "-flags", "+ilme+ildct", "-alternate_scan", "1"], ["mpg", "ts", "mkv", "mp4"]),
    ("mpeg2video", ["-bf", "3", "-b_strategy", "1", "-sc_threshold", "40"], ["mpg", "ts", "mkv"]),
    ("mpeg2video", ["-flags", "+low_delay"], ["mpg", "ts"]), ("mpeg2video", ["-flags", "+cgop", "-bf", "2", "-sc_threshold", "1000000000"], ["mpg", "ts"]),
    ("mpeg2video", ["-intra_vlc", "1", "-qmin", "1", "-pix_fmt", "yuv422p", "-bf", "1"], ["mpg", "ts", "mkv"]),
    ("fields", [], ["m2v", "mpg", "ts", "mkv"]),
    ("libx264", ["-preset", "veryfast", "-bf", "3"], ["mp4", "mkv", "ts", "mov", "flv", "avi", "h264"]),
    ("libx264", ["-preset", "veryfast", "-bf", "3", "-x264-params", "b-pyramid=normal:open-gop=1"], ["mp4", "mkv", "ts"]),
    ("libx264", ["-preset", "veryfast", "-x264-params", "interlaced=1"], ["mp4", "ts"]),
    ("libx265", ["-preset", "ultrafast", "-x265-params", "log-level=none:bframes=4:b-adapt=2"], ["mp4", "mkv", "ts", "hevc"]),
    ("libx265", ["-preset", "ultrafast", "-x265-params", "log-level=none:open-gop=1"], ["mp4", "mkv"]),
    ("libvpx", ["-deadline", "realtime", "-auto-alt-ref", "1", "-lag-in-frames", "8"], ["webm", "mkv", "ivf"]),
    ("libvpx-vp9", ["-deadline", "realtime", "-cpu-used", "8", "-auto-alt-ref", "1", "-lag-in-frames", "8"], ["webm", "mp4", "ivf"]),
    ("libaom-av1", ["-cpu-used", "8", "-usage", "realtime"], ["mp4", "mkv", "ivf"]), ("mjpeg", [], ["avi", "mov", "mkv"]),
]
FAMILY = {"mpeg4", "libxvid", "packed", "placeholders", "msmpeg4v2", "msmpeg4", "wmv1", "wmv2", "h263p", "h263", "flv", "droppable"}
FAMILY |= {"mpeg1video", "mpeg2video", "fields"}
FORMATS = {"m4v": "m4v", "vob": "vob", "m1v": "mpeg1video", "m2v": "mpeg2video"}




def source(generator, number, frames, rate):
    """A picture in which no two frames are alike; some clips stand still for a while, some cut to another scene."""
    still = f",loop=loop=5:size=1:start={frames // 3}" if number % 4 == 1 else ""
    scene = ["testsrc2", "mandelbrot", "life=mold=10:ratio=0.4:death_color=#C83232:life_color=#00ff00"][number % 3]
    joint = ":" if "=" in scene else "="
    size = "176x144" if scene == "testsrc2" else "128x96"
    return f"{scene}{joint}s={size}:r={rate}{still},noise=alls={generator.choice([0, 0, 12])}:allf=t,scale={SIZE}:{SIZE}"


def encode(work, generator, number, encoder, options, container, frames=None, group=None):
    """Writes one clip; the name says what is in it."""
    frames, rate = frames or generator.choice([1, 2, 3, 7, 25, 48, 60, 90]), generator.choice(["25", "30000/1001", "12"])
    if encoder in ("mpeg1video", "mpeg2video", "fields") and rate == "12":
        rate = "25"
    group = group or generator.choice([1, 2, 5, 12, 30, 250])
    name = f"{number:04d}_{encoder}_{frames}f_g{group}"
    path = work / f"{name}.{container}"
    common = ["-f", "lavfi", "-i", source(generator, number, frames, rate), "-frames:v", frames, "-pix_fmt", "yuv420p"]
    output = ["-f", FORMATS[container]] if container in FORMATS else []
    quality = [] if encoder.startswith("lib") and encoder != "libxvid" else ["-q:v", generator.choice([2, 5, 12])]
    if encoder == "fields":
        stream = work / f"{name}.raw.m2v"
        if ffmpeg(*common, "-frames:v", 2 * frames, "-s", f"{SIZE}x{SIZE // 2}", "-c:v", "mpeg2video", "-g", 1, *quality, "-f", "mpeg2video", stream):
            return None
        stream.write_bytes(pair(stream.read_bytes()))
        if ffmpeg("-f", "mpegvideo", "-i", stream, "-c", "copy", *output, path):
            return None
        stream.unlink()
        return path
    if encoder in ("packed", "placeholders"):
        plain = work / f"{name}.plain.avi"
        if ffmpeg(*common, "-c:v", "mpeg4", "-vtag", "DX50", "-g", group, *quality, *options, plain):
            return None
        stream = run("ffmpeg", "-v", "error", "-i", plain, "-c", "copy", "-f", "data", "-map", "0:v", "-")
        packets = split(stream.stdout, sizes(plain))
        packets = pack(packets) if encoder == "packed" else hold(packets, generator)
        write_avi(path.with_suffix(".avi"), packets, rate)
        plain.unlink()
        if container != "avi":
            failed = ffmpeg("-fflags", "+genpts", "-i", path.with_suffix(".avi"), "-c", "copy", path)
            path.with_suffix(".avi").unlink()
            if failed:
                return None
        return path
    codec = "flv" if encoder == "droppable" else encoder
    timing = generator.choice([[], [], [], ["-vf", "setpts=PTS+gt(mod(N\\,5)\\,2)*0.4/TB/25", "-fps_mode", "vfr"]]) if container in ("mp4", "mkv", "mov") else []
    failed = ffmpeg(*common, "-c:v", codec, "-g", group, *quality, *options, *timing, *output, path)
    if failed:
        print("not made:", name, container, failed.strip().splitlines()[-1:], file=sys.stderr)
        return None
    if encoder == "droppable":
        drop(path)
    return path


def pair(stream):
    """Makes pairs of key pictures of half the height the two fields of interlaced frames."""
    out, number = [], 0
    for unit in stream.split(b"\0\0\1")[1:]:
        unit = bytearray(unit)
        number += unit[0] == 0x00
        if unit[0] in (0xB3, 0xB8) or unit[0] == 0xB5 and unit[1] >> 4 == 1:
            # `number` fields came before: a sequence begins with each frame, not with each field.
            if number % 2:
                continue
            if unit[0] == 0xB3:
                unit[2:4] = [unit[2] & 0xF0 | SIZE >> 8, SIZE & 0xFF]
            if unit[0] == 0xB5:
                unit[2] &= ~0x08
        if unit[0] == 0x00:
            unit[1] = 0
            unit[2] &= 0x3F
        if unit[0] == 0xB5 and unit[1] >> 4 == 8:
            unit[3] = unit[3] & ~0x03 | (1 if number % 2 else 2)
            unit[4] &= ~0xC1
            unit[5] &= ~0x80
        out.append(bytes(unit))
    return b"\0\0\1" + b"\0\0\1".join(out)


def sizes(path):
    result = run("ffprobe", "-v", "error", "-select_streams", "v", "-show_entries", "packet=size", "-of", "csv=p=0", path)
    return [int(line.split(b",")[0]) for line in result.stdout.split()]


def split(stream, lengths):
    packets, start = [], 0
    for length in lengths:
        packets.append(stream[start : start + length])
        start += length
    return packets


def picture_type(packet):
    place = packet.find(b"\0\0\1\xb6")
    return packet[place + 4] >> 6 if place >= 0 else None


def placeholder(packet, layer):
    """A P-picture without data at the time of the picture in `packet`."""
    place = packet.find(b"\0\0\1\xb6")
    bits = "".join(f"{byte:08b}" for byte in packet[place + 4 : place + 12])
    end = 2 + bits[2:].index("0") + 1 + 1 + layer + 1
    text = "01" + bits[2:end] + "0"
    text += "0" + "1" * (-len(text + "0") % 8)
    return b"\0\0\1\xb6" + bytes(int(text[i : i + 8], 2) for i in range(0, len(text), 8))


def time_bits(packets):
    """The number of bits of a time increment, by the VOL that ffmpeg writes."""
    data = packets[0]
    place = next(i for i in range(len(data)) if data[i : i + 3] == b"\0\0\1" and 0x20 <= data[i + 3] <= 0x2F)
    bits = "".join(f"{byte:08b}" for byte in data[place + 4 : place + 40])
    at = 9
    at += 8 if bits[at] == "1" else 1
    aspect = int(bits[at : at + 4], 2)
    at += 4 + (16 if aspect == 15 else 0)
    if bits[at] == "1":
        at += 4
        at += 80 if bits[at] == "1" else 1
    else:
        at += 1
    at += 3
    return max(1, (int(bits[at : at + 16], 2) - 1).bit_length())


def pack(packets):
    """DivX's way: a B-picture in the packet of the reference before it, a placeholder in its place."""
    layer = time_bits(packets)
    packets[0] = packets[0].replace(b"\0\0\1\xb6", b"\0\0\1\xb2DivX503b1393p\0\0\0\1\xb6", 1)
    out, index = [], 0
    while index < len(packets):
        pictures = [packets[index]]
        while index + len(pictures) < len(packets) and picture_type(packets[index + len(pictures)]) == 2 and len(pictures) < 2:
            pictures.append(packets[index + len(pictures)])
        out.append(b"".join(pictures))
        out += [placeholder(pictures[0], layer)] * (len(pictures) - 1)
        index += len(pictures)
    return out


def hold(packets, generator):
    """Here and there a placeholder or an empty packet, as where a recorder had no new picture."""
    layer = time_bits(packets)
    out = []
    for packet in packets:
        out.append(packet)
        if picture_type(packet) != 2 and generator.random() < 0.2:
            out.append(generator.choice([placeholder(packet, layer), b""]))
    return out


def write_avi(path, packets, rate):
    """AVI without times, as old capture programs wrote it."""
    up, down = (rate.split("/") + ["1"])[:2]

    def chunk(name, data):
        return name + len(data).to_bytes(4, "little") + data + b"\0" * (len(data) & 1)

    def words(*values):
        return b"".join(int(v).to_bytes(4, "little") for v in values)

    head = chunk(b"avih", words(int(1e6 * int(down) / int(up)), 0, 0, 0x10, len(packets), 0, 1, 0, SIZE, SIZE, 0, 0, 0, 0))
    stream = chunk(b"strh", b"vidsDX50" + words(0, 0, 0, down, up, 0, len(packets), 0, 0xFFFFFFFF, 0, 0, 0))
    stream += chunk(b"strf", words(40, SIZE, SIZE, 0x180001) + b"DX50" + words(SIZE * SIZE * 3, 0, 0, 0, 0))
    movie, index = b"movi", b""
    for packet in packets:
        index += b"00dc" + words(0x10 if picture_type(packet) == 0 else 0, len(movie), len(packet))
        movie += chunk(b"00dc", packet)
    header = chunk(b"LIST", b"hdrl" + head + chunk(b"LIST", b"strl" + stream))
    path.write_bytes(chunk(b"RIFF", b"AVI " + header + chunk(b"LIST", movie) + chunk(b"idx1", index)))


def drop(path):
    """Marks predicted pictures before key frames of a Flash video as droppable: nothing depends on them."""
    data, tags, at = bytearray(path.read_bytes()), [], 13
    while at + 11 < len(data):
        size = int.from_bytes(data[at + 1 : at + 4], "big")
        if data[at] == 9:
            tags.append(at + 11)
        at += 11 + size + 4
    for tag, after in zip(tags, tags[1:] + [None]):
        if data[tag] >> 4 == 2 and (after is None or data[after] >> 4 == 1):
            # Header: 17 + 5 + 8 + 3 bits, two sizes of 8 or 16 bits, then two bits of type.
            body = int.from_bytes(data[tag + 1 : tag + 15], "big")
            length = {0: 16, 1: 32}.get(body >> (112 - 33) & 7, 0)
            place = 33 + length + 1
            data[tag + 1 + place // 8] ^= 0x80 >> place % 8  # 01 becomes ...
            place -= 1
            data[tag + 1 + place // 8] ^= 0x80 >> place % 8  # ... 10
            data[tag] = data[tag] & 0x0F | 0x30
    path.write_bytes(data)


def vary(path, generator):
    """Copies a clip with other times: cut without decoding, an edit list, no times, equal times."""
    suffix, kind = path.suffix, generator.randrange(6)
    other = path.with_name(path.stem + f"_v{kind}" + suffix)
    if kind == 0 and suffix in (".mp4", ".mov", ".mkv", ".avi"):
        failed = ffmpeg("-ss", "0.9", "-i", path, "-c", "copy", other)
    elif kind == 1 and suffix in (".mp4", ".mov"):
        failed = ffmpeg("-ss", "0.5", "-t", "1", "-i", path, "-c", "copy", other)
    elif kind == 2 and suffix in (".mp4", ".mkv", ".mov"):
        failed = ffmpeg("-i", path, "-c", "copy", "-bsf:v", "setts=pts=floor(PTS/2048)*2048:dts=DTS", other)
    elif kind == 3:
        other = other.with_suffix(".avi" if suffix in (".mkv", ".mp4") else ".mkv")
        failed = ffmpeg("-fflags", "+genpts", "-i", path, "-c", "copy", other)
    else:
        return None
    if failed or not other.exists() or not other.stat().st_size:
        other.unlink(missing_ok=True)
        return None
    return other


def reference(path):
    """Every frame as RGB, and its time in seconds, by a full decode on one thread; `None` if it does not decode cleanly."""
    probe = run("ffprobe", "-v", "error", "-threads", "1", "-select_streams", "v:0", "-show_entries", "stream=width,height,time_base", "-show_entries", "frame=best_effort_timestamp", "-of", "json", path)
    told = json.loads(probe.stdout or b"{}")
    streams = told.get("streams") or [{}]
    if not streams[0].get("width"):
        return None
    width, height = streams[0]["width"], streams[0]["height"]
    up, down = map(int, streams[0]["time_base"].split("/"))
    decoded = run("ffmpeg", "-v", "error", "-nostdin", "-threads", "1", "-noautorotate", "-i", path, "-map", "0:v:0", "-fps_mode", "passthrough", "-sws_flags", "bilinear", "-pix_fmt", "rgb24", "-f", "rawvideo", "-")
    size = width * height * 3
    frames = [decoded.stdout[i : i + size] for i in range(0, len(decoded.stdout) - size + 1, size)]
    times = [int(f["best_effort_timestamp"]) if f.get("best_effort_timestamp", "N/A") != "N/A" else None for f in told.get("frames", [])]
    origin, latest, seconds = next((t for t in times if t is not None), 0), 0.0, []
    for time in times:
        if time is not None:
            latest = max(latest, (float(time) - origin) * up / down)
        seconds.append(latest)
    return {"frames": frames, "times": times, "seconds": seconds, "size": (width, height), "errors": decoded.stderr.decode()[-200:]}

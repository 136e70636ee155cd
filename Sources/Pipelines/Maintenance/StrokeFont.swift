import Foundation

/// Letters as lines of one width: printable ASCII and the accents of Latin letters.
///
/// Heights in units of the font: capitals 14, small letters 10, below the line 4.
enum StrokeFont {
    static let capHeight = 14.0
    /// Between two letters.
    static let spacing = 3.2
    private static let spaceWidth = 3.0

    typealias Point = (x: Double, y: Double)

    /// A character's lines, y upwards from the line that it stands on, and its width.
    struct Glyph {
        var lines: [[Point]]
        var width: Double
    }

    /// The glyph of `character`; a box if there is none.
    static func glyph(_ character: Character) -> Glyph {
        if character.isWhitespace { return Glyph(lines: [], width: spaceWidth) }
        var scalars = Array("\(character)".decomposedStringWithCanonicalMapping.unicodeScalars)
        let base = scalars.removeFirst()
        guard var glyph = glyphs[Character(base)], scalars.allSatisfy({ accents[$0] != nil }) else {
            return box
        }
        let isTall = !base.properties.isLowercase || "bdfhklt".unicodeScalars.contains(base)
        for accent in scalars.compactMap({ accents[$0] }) {
            let shift = (x: glyph.width / 2, y: isTall && accent.isAbove ? 4.0 : 0)
            glyph.lines += accent.lines.map { $0.map { ($0.x + shift.x, $0.y + shift.y) } }
        }
        return glyph
    }

    private static let box = Glyph(lines: parsed("l 0 0 0 11 7 11 7 0 0 0"), width: 7)

    private static let glyphs: [Character: Glyph] = Dictionary(
        uniqueKeysWithValues: table.split(separator: "\n").compactMap { row in
            guard let character = row.first else { return nil }
            let lines = parsed(row.dropFirst())
            return (character, Glyph(lines: lines, width: lines.joined().map(\.x).max() ?? 0))
        })

    /// Those above stand on small letters.
    private static let accents: [UnicodeScalar: (lines: [[Point]], isAbove: Bool)] = [
        "\u{300}": (parsed("l -1.5 14 1 12"), true), "\u{301}": (parsed("l 1.5 14 -1 12"), true),
        "\u{302}": (parsed("l -2 12 0 14 2 12"), true),
        "\u{303}": (parsed("l -2.5 12.3 -1 13.4 1 12.4 2.5 13.5"), true),
        "\u{308}": (parsed("l -1.8 13 -1.8 13 l 1.8 13 1.8 13"), true),
        "\u{30A}": (parsed("o 0 13 1.4 1.4 0 360"), true),
        "\u{30C}": (parsed("l -2 14 0 12 2 14"), true),
        "\u{327}": (parsed("l 0 0 .4 -2 -1.2 -3"), false),
    ]

    /// Reads lines `l x y x y …` and arcs of ellipses `o x y width height from to`, half the width
    /// and height, and angles in degrees.
    private static func parsed(_ text: some StringProtocol) -> [[Point]] {
        var lines: [[Point]] = []
        var (kind, numbers): (Substring, [Double]) = ("", [])
        func finish() {
            if kind == "l" {
                lines.append(
                    stride(from: 0, to: numbers.count - 1, by: 2).map {
                        (numbers[$0], numbers[$0 + 1])
                    })
            } else if kind == "o", numbers.count == 6 {
                let steps = 24
                lines.append(
                    (0...steps).map { step in
                        let share = Double(step) / Double(steps)
                        let angle = (numbers[4] + share * (numbers[5] - numbers[4])) * .pi / 180
                        return (
                            numbers[0] + numbers[2] * cos(angle),
                            numbers[1] + numbers[3] * sin(angle)
                        )
                    })
            }
        }
        for part in String(text).split(separator: " ") {
            if let number = Double(part) {
                numbers.append(number)
            } else {
                finish()
                (kind, numbers) = (part, [])
            }
        }
        finish()
        return lines
    }

    private static let table = """
        a o 4 5 4 5 0 360 l 8 10 8 0
        b l 0 14 0 0 o 4 5 4 5 0 360
        c o 4 5 4 5 48 312
        d o 4 5 4 5 0 360 l 8 14 8 0
        e o 4 5 4 5 0 315 l 0 5 8 5
        f o 4.2 10.8 2.6 3.2 60 180 l 1.6 10.8 1.6 0 l 0 9.4 4.4 9.4
        g o 4 5 4 5 0 360 l 8 10 8 0 o 4 0 4 4 0 -150
        h l 0 14 0 0 o 3.6 6.2 3.6 3.8 0 180 l 7.2 6.2 7.2 0
        i l 0 10 0 0 l 0 13.6 0 13.6
        j l 2 10 2 -1.5 o 0 -1.5 2 2.5 0 -90 l 2 13.6 2 13.6
        k l 0 14 0 0 l 7 10 0 4.2 l 2.6 6.3 7.4 0
        l l 0 14 0 0
        m l 0 10 0 0 o 3.1 6.6 3.1 3.4 0 180 l 6.2 6.6 6.2 0 o 9.3 6.6 3.1 3.4 0 180 l 12.4 6.6 12.4 0
        n l 0 10 0 0 o 3.6 6.2 3.6 3.8 0 180 l 7.2 6.2 7.2 0
        o o 4.2 5 4.2 5 0 360
        p l 0 10 0 -4 o 4 5 4 5 0 360
        q o 4 5 4 5 0 360 l 8 10 8 -4
        r l 0 10 0 0 o 3.4 6 3.4 4 72 180
        s o 3.2 7.5 2.9 2.5 35 270 o 3.2 2.5 3.2 2.5 90 -145
        t l 2 13 2 3 o 5 3 3 3 180 280 l 0 9.6 4.8 9.6
        u l 0 10 0 3.8 o 3.6 3.8 3.6 3.8 180 360 l 7.2 10 7.2 0
        v l 0 10 3.7 0 7.4 10
        w l 0 10 2.8 0 5.6 10 8.4 0 11.2 10
        x l 0 10 7 0 l 7 10 0 0
        y l 0 10 3.9 .2 l 7.8 10 2.2 -4
        z l 0 10 7 10 0 0 7 0
        A l 0 0 5.5 14 11 0 l 1.9 4.8 9.1 4.8
        B l 4.6 7.3 0 7.3 l 0 0 0 14 4.6 14 o 4.6 10.65 3.4 3.35 90 -90 o 4.8 3.65 4 3.65 90 -90 l 4.8 0 0 0
        C o 6 7 6 7 48 312
        D l 0 0 0 14 4 14 o 4 7 6.2 7 90 -90 l 4 0 0 0
        E l 7.6 14 0 14 0 0 7.6 0 l 0 7.3 6.6 7.3
        F l 7.4 14 0 14 0 0 l 0 7.3 6.4 7.3
        G o 6 7 6 7 48 357 l 7 6.6 12 6.6
        H l 0 14 0 0 l 9.4 14 9.4 0 l 0 7.3 9.4 7.3
        I l 0 14 0 0
        J l 5.7 14 5.7 3.6 o 2.7 3.6 3 3.6 0 -150
        K l 0 14 0 0 l 8.6 14 0 5.2 l 3.2 8.5 9 0
        L l 0 14 0 0 7 0
        M l 0 0 0 14 6 4.6 12 14 12 0
        N l 0 0 0 14 9.6 0 9.6 14
        O o 6.4 7 6.4 7 0 360
        P l 0 0 0 14 4.4 14 o 4.4 10.2 3.8 3.8 90 -90 l 4.4 6.4 0 6.4
        Q o 6.4 7 6.4 7 0 360 l 8 3.8 12.6 -.8
        R l 0 0 0 14 4.4 14 o 4.4 10.2 3.8 3.8 90 -90 l 4.4 6.4 0 6.4 l 4 6.4 8.6 0
        S o 4.4 10.5 4 3.5 35 270 o 4.4 3.5 4.4 3.5 90 -145
        T l 0 14 10 14 l 5 14 5 0
        U l 0 14 0 4.8 o 4.7 4.8 4.7 4.8 180 360 l 9.4 14 9.4 4.8
        V l 0 14 5.3 0 10.6 14
        W l 0 14 3.9 0 7.8 14 11.7 0 15.6 14
        X l 0 14 9.6 0 l 9.6 14 0 0
        Y l 0 14 5 7 10 14 l 5 7 5 0
        Z l 0 14 9.4 14 0 0 9.4 0
        0 o 4.2 7 4.2 7 0 360
        1 l 0 11.4 3 14 3 0
        2 o 4 10 4 4 165 -35 l 7.28 7.7 0 0 8 0
        3 o 3.9 10.6 3.6 3.4 150 -90 o 3.9 3.6 4.2 3.6 90 -150
        4 l 6.6 0 6.6 14 0 4 9 4
        5 l 7.4 14 1.5 14 .93 7.7 o 3.9 4.5 4.2 4.5 135 -150
        6 o 4.2 4.4 4.2 4.4 0 360 o 8.2 5 8.2 9 180 103
        7 l 0 14 8 14 2.6 0
        8 o 4.1 10.6 3.4 3.4 0 360 o 4.1 3.6 4.1 3.6 0 360
        9 o 4.2 9.6 4.2 4.4 0 360 o .2 9 8.2 9 0 -77
        . l 0 .3 0 .3
        , l .9 .6 0 -2.4
        : l 0 .3 0 .3 l 0 8 0 8
        ; l .9 .6 0 -2.4 l .9 8 .9 8
        ! l 0 14 0 4.4 l 0 .3 0 .3
        ? o 3.5 10.4 3.5 3.6 170 -60 l 5.25 7.28 3.6 5.6 3.6 4.2 l 3.6 .3 3.6 .3
        ' l 0 14 0 10.6
        " l 0 14 0 10.6 l 2.8 14 2.8 10.6
        ` l 0 14 1.8 11.6
        ( o 5 5 5 10 118 242
        ) o -2.3 5 5 10 62 -62
        [ l 3 15 0 15 0 -4 3 -4
        ] l 0 15 3 15 3 -4 0 -4
        { l 3.6 15 2 14 2 7 0 5.5 2 4 2 -3 3.6 -4
        } l 0 15 1.6 14 1.6 7 3.6 5.5 1.6 4 1.6 -3 0 -4
        / l 0 -2 5.6 15
        \\ l 0 15 5.6 -2
        | l 0 15 0 -4
        - l 0 5.2 4.6 5.2
        _ l 0 -2 8 -2
        + l 0 6 8 6 l 4 10 4 2
        = l 0 8 8 8 l 0 4 8 4
        < l 7.6 10.6 0 6 7.6 1.4
        > l 0 10.6 7.6 6 0 1.4
        ~ o 2.2 5 2.2 1.6 180 0 o 6.6 5 2.2 1.6 180 360
        ^ l 0 9.6 3.2 14 6.4 9.6
        * l 3 14 3 8 l .4 12.5 5.6 9.5 l .4 9.5 5.6 12.5
        # l 2.6 13 1.2 1 l 7 13 5.6 1 l .4 9 8.4 9 l 0 5 8 5
        % o 2.4 11 2.4 3 0 360 o 9.4 3 2.4 3 0 360 l 9.6 14 2.2 0
        & l 9.6 0 2.03 9.6 o 4 11.2 2.4 2.8 215 -35 l 5.97 9.6 1.14 6.3 o 3.9 3.7 3.9 3.7 135 360 l 7.8 3.7 8.6 6.2
        @ o 6.9 5 2.7 3 0 360 l 9.6 8 9.6 3.8 o 11.8 3.8 2.2 2.2 180 360 l 14 3.8 14 5 o 7 5 7 7.4 0 300
        $ o 4.4 10.5 4 3.5 35 270 o 4.4 3.5 4.4 3.5 90 -145 l 4.4 16 4.4 -2
        … l 0 .3 0 .3 l 4 .3 4 .3 l 8 .3 8 .3
        · l 0 5.2 0 5.2
        """
}

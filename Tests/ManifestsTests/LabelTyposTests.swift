import Testing

@testable import Manifests

struct LabelTyposTests {
    struct Labels: CustomTestStringConvertible {
        let testDescription: String
        let counts: [String: Int]
        let expected: [String]

        init(_ description: String, _ counts: [String: Int], _ expected: String...) {
            testDescription = description
            self.counts = counts
            self.expected = expected
        }
    }

    @Test(arguments: [
        Labels("case", ["run": 5, "Run": 5], "run → Run"),
        Labels(
            "blanks and underscores", ["stand up": 9, "stand_up": 2, "stand-up ": 1],
            "stand-up  → stand up", "stand_up → stand up"),
        Labels("a letter replaced", ["walking": 30, "walkong": 3], "walkong → walking"),
        Labels("a letter missing", ["walking": 30, "walkng": 3], "walkng → walking"),
        Labels("a letter more", ["walking": 30, "wallking": 3], "wallking → walking"),
        Labels(
            "at the ends", ["walking": 30, "alking": 3, "walkings": 1], "alking → walking",
            "walkings → walking"),
        Labels("letters exchanged", ["walking": 30, "wlaking": 3], "wlaking → walking"),
        Labels(
            "case and two letters", ["Walk On": 30, "walkon": 9, "walk_im": 1], "walkon → Walk On"),
        Labels("a single row", ["walking": 2, "walkin": 1], "walkin → walking"),
        Labels("the commonest of two", ["paint": 30, "saint": 20, "taint": 2], "taint → paint"),
        Labels("both are common", ["curling": 30, "hurling": 20]),
        Labels("two letters", ["walking": 30, "wolkong": 3]),
        Labels("short", ["run": 30, "ran": 1]),
        Labels("numbers", ["1000": 30, "1001": 1, "+1000": 1]),
        Labels("a digit replaced", ["class1": 30, "class2": 1]),
        Labels("a digit added", ["class1": 30, "class12": 1, "class": 1]),
        Labels("nothing", [:]),
    ])
    func finds(_ labels: Labels) {
        let counts = Dictionary(uniqueKeysWithValues: labels.counts.map { (ExactText($0), $1) })
        #expect(labelTypos(counts).map { "\($0.label) → \($0.likely)" } == labels.expected)
    }

    @Test func needsLittleTimeForManyLabels() {
        var generator = Generator(state: 5)
        let labels = (0..<5000).map { _ in
            String((0..<12).map { _ in "abcdefgh".randomElement(using: &generator) ?? "a" })
        }
        let counts = Dictionary(labels.map { (ExactText($0), 9) }) { first, _ in first }
        let duration = ContinuousClock().measure {
            #expect(labelTypos(counts.merging([ExactText("x" + labels[0]): 1]) { $1 }).count == 1)
        }
        #expect(duration < .seconds(5))
    }
}

import Files
import Testing

@testable import Training

extension ConfusionMatrix {
    /// All counts, a row for each true class.
    var rows: [[Int]] {
        (0..<numClasses).map { row in (0..<numClasses).map { self[row, $0] } }
    }
}

struct ConfusionMatrixTests {
    private let matrix = ConfusionMatrix(
        labels: [2, 0, 2, 1, 2, 0], predictions: [0, 0, 1, 1, 0, 0], numClasses: 4)

    @Test func countsEachPair() {
        #expect(matrix.rows == [[2, 0, 0, 0], [0, 1, 0, 0], [2, 1, 0, 0], [0, 0, 0, 0]])
    }

    @Test func keepsPairsThatOccurOnly() {
        let many = ConfusionMatrix(
            labels: Array(0..<3000), predictions: (0..<3000).map { $0 / 2 }, numClasses: 3000)
        #expect(many.entries.count == 3000)
    }

    @Test func namesTheMostFrequentConfusionsFirst() {
        #expect(
            matrix.confusions.map { [$0.label, $0.prediction, $0.count] } == [
                [2, 0, 2], [2, 1, 1],
            ])
    }

    @Test func isReadAsItWasWritten() throws {
        let bytes = try canonicalJSON(matrix, pretty: false)
        #expect(
            String(decoding: bytes, as: UTF8.self)
                == #"{"entries":[[0,0,2],[1,1,1],[2,0,2],[2,1,1]],"num_classes":4}"# + "\n")
        #expect(try decodeJSON(ConfusionMatrix.self, from: bytes) == matrix)
    }

    @Test(arguments: [
        "[[0,0,1]]", "[[-1,0,1]]", "[[0,2,1]]", "[[0,0]]", "[[0,0,0]]", "[[1,0,1],[0,0,1]]",
        "[[0,0,1],[0,0,1]]",
    ])
    func refusesWhatIsNone(_ entries: String) {
        let classes = entries == "[[0,0,1]]" ? -1 : 2
        let text = #"{"entries":\#(entries),"num_classes":\#(classes)}"#
        #expect(throws: FileError.self) {
            try decodeJSON(ConfusionMatrix.self, from: Array(text.utf8))
        }
    }
}

import Testing

@testable import Manifests

struct LabelFindingsTests {
    private func findings(_ text: String, fractions: String = "1,0,0") throws -> [LabelFinding] {
        let (manifest, plan) = try makePlan(text, fractions: fractions)
        return labelFindings(manifest: manifest, plan: plan)
    }

    @Test func findsNothingInAGoodManifest() throws {
        let rows = (0..<300).map { "\($0).mp4,class \($0 % 3)" }
        let text = "video,label\n" + rows.joined(separator: "\n")
        #expect(try findings(text, fractions: "0.8,0.1,0.1").isEmpty)
    }

    @Test func namesTheTaskOfALabelThatLooksMisspelt() throws {
        let found = try findings(
            "video,label,task\n1,walking,t\n2,walking,t\n3,Walking,t\n4,walkin,other\n")
        #expect(found.map(\.kind) == ["label-typo"] && found[0].subject == "t: Walking")
        #expect(found[0].detail.contains("1 row; it looks like `walking`, which has 2"))
    }

    @Test func repeatsConflictsAndLeaks() throws {
        let found = try findings(
            "video,label,split,start\na,x,train,\na,y,train,\nb,x,train,\nb,x,test,1\n")
        #expect(found.map(\.kind) == ["conflicting-labels", "leaking-source"])
        #expect(found.map(\.subject) == ["a", "b"])
    }

    @Test func findsEmptySplits() throws {
        let text = "video,label,split\na,x,train\nb,x,train\n"
        let found = try findings(text, fractions: "0.8,0.2,0")
        #expect(found.map(\.kind) == ["empty-split"] && found[0].subject == "validation")
        #expect(try findings(text).isEmpty)
        #expect(try findings("video,label,split\na,x,test\n").map(\.subject) == ["train", "x"])
    }

    @Test func findsLabelsThatAreNotTrained() throws {
        let found = try findings(
            "video,label,split,task\na,x,train,t\nb,y,test,t\nc,y,val,t\nd,y,train,u\n")
        #expect(found.map(\.kind) == ["label-not-trained", "label-not-trained"])
        #expect(found.map(\.subject) == ["t: y", "t: y"])
        #expect(found[0].detail.contains("validation") && found[1].detail.contains("test"))
    }

    @Test func findsImbalanceBeyondTen() throws {
        let rows = { (count: Int) in
            "video,label\nrare,b\n" + (0..<count).map { "\($0),a" }.joined(separator: "\n")
        }
        #expect(try findings(rows(10)).isEmpty)
        let found = try findings(rows(11))
        #expect(found.map(\.kind) == ["label-imbalance"] && found[0].subject == "a")
        #expect(found[0].detail.contains("11 rows in train, `b` has 1"))
    }
}

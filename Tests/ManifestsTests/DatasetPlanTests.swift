import Recipes
import Testing

@testable import Manifests

struct DatasetPlanTests {
    private let text = """
        video,label,task,split,id,camera
        b,yes,person,test,,left
        a,run,action,train,first,
        b,walk,action,val,,right
        c,no,person,test,,
        """

    @Test func collectsTheQuestionsOfEachClipInOrderOfKeys() throws {
        let (manifest, plan) = try makePlan(text)
        #expect(
            plan.answerSets == [
                AnswerSet(task: "action", classes: ["run", "walk"]),
                AnswerSet(task: "person", classes: ["no", "yes"]),
            ])
        #expect(plan.clips.map(\.key) == ["a", "b", "c"].map { Clip(video: $0).key }.sorted())
        let clip = try #require(plan.clips.first { $0.clip.video == "b" })
        #expect(Array(plan.rows(of: clip)) == [0, 2] && clip.split == .validation)
        #expect(plan.straddling == ["b"])
        #expect(
            plan.question(2, of: manifest)
                == Question(
                    id: clip.key.description, task: "action", prompt: "", label: "walk",
                    classIndex: 1, split: .validation, extra: ["camera": "right"]))
        #expect(plan.question(1, of: manifest).id == "first")
        #expect(plan.question(3, of: manifest).classIndex == 0)
    }

    @Test func rejectsLabelsThatTheClassListDoesNotHave() throws {
        try withFolder(["classes.txt": "run\nyes\n", "m.csv": text + "\n,x,,,,\n"]) { folder in
            let manifest = try Manifest(path: folder + "/m.csv")
            let plan = try DatasetPlan(
                manifest: manifest,
                options: .init(
                    fractions: try SplitFractions("1,0,0"), seed: 1,
                    classesPath: folder + "/classes.txt"))
            #expect(plan.answerSets.map(\.classes) == [["run", "yes"], ["run", "yes"]])
            #expect(plan.rejectedRows.map(\.number) == [2, 3, 4])
            #expect(
                plan.rejectedRows.map(\.reason) == [
                    "unknown-label", "unknown-label", "missing-video",
                ])
            #expect(
                plan.rejectedRows[0].detail.hasPrefix("m.csv, line 4, column label: found `walk`"))
            #expect(plan.rejectedRows[0].detail.contains("in the class list classes.txt"))
            #expect(plan.rejectedRows[0].key == Clip(video: "b").key)
            #expect(
                plan.clips.map { Array(plan.rows(of: $0)) }.sorted { $0[0] < $1[0] } == [[0], [1]])
        }
    }

    @Test func takesAnswerSetsThatAreKnown() throws {
        let known = [
            AnswerSet(task: "person", classes: ["yes", "no"]),
            AnswerSet(task: "empty", classes: []),
        ]
        let (manifest, plan) = try makePlan(text, answerSets: known)
        #expect(plan.answerSets.map(\.task) == ["empty", "person"])
        #expect(plan.rejectedRows.map(\.number) == [1, 2])
        #expect(plan.question(0, of: manifest).classIndex == 0)
        #expect(plan.question(3, of: manifest).classIndex == 1)
    }

    @Test func plansNothingWhereAllRowsAreRejected() throws {
        let (_, plan) = try makePlan("video,label\na,\n")
        #expect(plan.clips.isEmpty && plan.answerSets.isEmpty && plan.rejectedRows.count == 1)
    }

    @Test func sumsUp() throws {
        let rows = (0..<500).map { "\($0 % 90),\($0 % 7),\($0 % 11),\($0 % 3)" }
        let (manifest, plan) = try makePlan(
            "video,label,prompt,start\n" + rows.joined(separator: "\n"))
        let planned = plan.clips.flatMap { plan.rows(of: $0) }.map(Int.init).sorted()
        #expect(planned == Array(manifest.rows.indices))
        #expect(planned.count + plan.rejectedRows.count == 500)
    }
}

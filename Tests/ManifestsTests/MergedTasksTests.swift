import Testing

@testable import Manifests

struct MergedTasksTests {
    struct Rows: CustomTestStringConvertible {
        let testDescription: String
        let rows: String
        let isFound: Bool
    }

    @Test(arguments: [
        Rows(
            testDescription: "two questions about one clip",
            rows: "a,what,run\na,who,man\nb,what,walk", isFound: true),
        Rows(
            testDescription: "two questions about different clips",
            rows: "a,what,run\nb,what,walk\nc,who,man\nd,who,woman", isFound: true),
        Rows(
            testDescription: "questions that share an answer",
            rows: "a,q,run\na,r,no\nb,q,no\nb,r,yes", isFound: false),
        Rows(
            testDescription: "connected through a third",
            rows: "a,q,1\na,r,3\nb,s,1\nc,s,3", isFound: false),
        Rows(
            testDescription: "one prompt a label",
            rows: "a,is it run,run\nb,is it walk,walk", isFound: false),
        Rows(testDescription: "one prompt", rows: "a,q,run\nb,q,walk", isFound: false),
    ])
    func findsPromptsWithoutCommonLabels(_ rows: Rows) throws {
        let (manifest, plan) = try makePlan("video,prompt,label\n\(rows.rows)\n")
        let found = mergedTasks(manifest: manifest, plan: plan)
        #expect(found.map(\.kind) == (rows.isFound ? ["merged-tasks"] : []))
    }

    @Test func saysNothingIfTasksAreNamed() throws {
        let (manifest, plan) = try makePlan("video,prompt,label,Task\na,q,x,\na,r,y,\n")
        #expect(mergedTasks(manifest: manifest, plan: plan).isEmpty)
    }
}

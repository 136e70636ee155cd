import Testing

@testable import Manifests

struct PublishedListTests {
    private func draft(
        videos: [String], lists: [String: String], format: PublishedListFormat? = nil,
        splitNumber: Int? = nil
    ) throws -> ManifestDraft {
        let files = Dictionary(uniqueKeysWithValues: videos.map { ("videos/" + $0, "") })
            .merging(lists.map { ("lists/" + $0, $1) }) { first, _ in first }
        return try withFolder(files) { folder in
            try publishedManifest(
                of: folder + "/videos", lists: [folder + "/lists"], format: format,
                splitNumber: splitNumber)
        }
    }

    @Test func readsKinetics() throws {
        let draft = try draft(
            videos: [
                "abseiling/-A_000010_000020.mp4", "train/air_drumming/B.mkv", "B.mp4",
                "x/C_000001_000011.mp4", "x/C.mp4",
            ],
            lists: [
                "k400.csv": """
                label,youtube_id,time_start,time_end,split,is_cc
                abseiling,-A,10,20,train,0
                air drumming,B,5,15,validate,0
                "petting animal (not cat)",C,1,11,test,0
                abseiling,missing,3.0,13.0,holdout,1
                ,D,1,11,test,0
                """
            ])
        #expect(
            lines(draft.csv()) == [
                "video,label,split,start,end",
                "abseiling/-A_000010_000020.mp4,abseiling,train,,",
                "train/air_drumming/B.mkv,air drumming,validation,5,15",
                "x/C_000001_000011.mp4,petting animal (not cat),test,,",
                "abseiling/missing_000003_000013.mp4,abseiling,holdout,,",
            ])
        #expect(draft.counts == .init(rows: 4, classes: 3, missing: 1, skipped: 1))
    }

    @Test func takesTheSplitOfKineticsFromTheNameIfNoColumnSaysIt() throws {
        let draft = try draft(
            videos: ["A_000001_000002.mp4"],
            lists: ["kinetics_val.csv": "youtube_id,time_start,time_end,label\nA,1,2,x\n"])
        #expect(lines(draft.csv()) == ["video,label,split", "A_000001_000002.mp4,x,validation"])
    }

    private let ucf101 = [
        "trainlist01.txt": "Archery/v_Archery_g08_c01.avi 3\r\nBiking/v_Biking_g09_c01.avi 11\r\n",
        "testlist01.txt": "Archery/v_Archery_g01_c01.avi\n",
        "trainlist02.txt": "Archery/v_Archery_g01_c01.avi 3\n",
        "testlist02.txt": "Archery/v_Archery_g08_c01.avi\n",
        "classInd.txt": "3 Archery\n11 Biking\n",
    ]

    @Test func readsUCF101() throws {
        let videos = [
            "UCF-101/Archery/v_Archery_g08_c01.avi", "UCF-101/Archery/v_Archery_g01_c01.avi",
        ]
        let first = try draft(videos: videos, lists: ucf101)
        #expect(
            lines(first.csv()) == [
                "video,label,split,group",
                "UCF-101/Archery/v_Archery_g01_c01.avi,Archery,test,v_Archery_g01",
                "UCF-101/Archery/v_Archery_g08_c01.avi,Archery,train,v_Archery_g08",
                "Biking/v_Biking_g09_c01.avi,Biking,train,v_Biking_g09",
            ])
        #expect(first.counts == .init(rows: 3, classes: 2, missing: 1, skipped: 0))
        let second = try draft(videos: videos, lists: ucf101, splitNumber: 2)
        #expect(second.rows.map(\.split) == ["test", "train"])
        // The only split that is given needs no number.
        let only = try draft(videos: videos, lists: ucf101.filter { !$0.key.contains("01") })
        #expect(only.rows.map(\.split) == ["test", "train"])
    }

    @Test func readsHMDB51() throws {
        let draft = try draft(
            videos: ["brush_hair/A_&b(1)_brush_hair_u_0.avi", "cart/B.avi"],
            lists: [
                "brush_hair_test_split1.txt":
                    "A_&b(1)_brush_hair_u_0.avi 1 \nC.avi 2 \nD.avi 0 \n",
                "cart_test_split1.txt": "B.avi 2\n",
                "cart_test_split2.txt": "B.avi 1\n",
            ])
        #expect(
            lines(draft.csv()) == [
                "video,label,split", "brush_hair/A_&b(1)_brush_hair_u_0.avi,brush_hair,train",
                "brush_hair/C.avi,brush_hair,test", "cart/B.avi,cart,test",
            ])
        #expect(draft.counts == .init(rows: 3, classes: 2, missing: 1, skipped: 1))
    }

    @Test func readsSomethingSomething() throws {
        let draft = try draft(
            videos: ["20bn/1.webm", "2.mp4"],
            lists: [
                "labels.json": "{\"Holding something in front of something\":\"0\"}",
                "something-something-v2-train.json": """
                [{"id":"1","label":"holding a cup in front of a door",
                  "template":"Holding [something] in front of [something]","placeholders":["a"]}]
                """,
                "something-something-v2-validation.json":
                    "[{\"id\":2,\"template\":\"Moving [part] of [something]\"}]",
                "something-something-v2-test.json": "[{\"id\":\"3\"}]",
            ])
        #expect(
            lines(draft.csv()) == [
                "video,label,split",
                "20bn/1.webm,Holding something in front of something,train",
                "2.mp4,Moving part of something,validation",
            ])
        #expect(draft.counts == .init(rows: 2, classes: 2, missing: 0, skipped: 1))
    }

    struct Content: CustomTestStringConvertible {
        let text: String
        let format: PublishedListFormat?
        var testDescription: String { text }
    }

    @Test(arguments: [
        Content(text: "label,youtube_id,time_start,time_end,split\n", format: .kinetics),
        Content(text: "\u{FEFF}\"label\",\"youtube_id\"\n", format: .kinetics),
        Content(text: "\nA/v_A_g01_c01.avi 1\n", format: .ucf101),
        Content(text: "A/v_A_g01_c01.avi\r\n", format: .ucf101),
        Content(text: "1 ApplyEyeMakeup\n", format: .ucf101),
        Content(text: "a b#c_0.avi 0 \n", format: .hmdb51),
        Content(text: " [{\"id\":\"1\"}]", format: .somethingSomething),
        Content(text: "video;label\n", format: nil),
        Content(text: "", format: nil),
    ])
    func knowsFormatsByContent(_ content: Content) {
        #expect(ListFile(path: "x", bytes: Array(content.text.utf8)).format == content.format)
    }

    struct BadList: CustomTestStringConvertible {
        let name: String
        let text: String
        var format: PublishedListFormat?
        let expected: String
        var testDescription: String { expected }
    }

    @Test(arguments: [
        BadList(name: "x.txt", text: "what?\n", expected: "matches no known format"),
        BadList(
            name: "x.csv", text: "youtube_id,time_start,time_end\nA,1,2\n",
            expected: "no column `label`"),
        BadList(
            name: "x.csv", text: "label,youtube_id,time_start,time_end\na,A,one,2\n",
            expected: "x.csv, line 2: `one` to `2` is not a window"),
        BadList(
            name: "x.csv", text: "label,youtube_id,time_start,time_end\na,A,1\n",
            expected: "line 2: found 3 fields instead of 4"),
        BadList(name: "split.txt", text: "a.avi 1\n", expected: "does not say the class"),
        BadList(
            name: "a_test_split1.txt", text: "a.avi 1\nb.avi 3\n",
            expected: "line 2: found `b.avi 3`; expected a file's name and 0, 1 or 2"),
        BadList(
            name: "trainlist01.txt", text: "a/b.avi 1\n\nb.avi 1\n",
            expected: "line 3: found `b.avi 1`"),
        BadList(name: "train.json", text: "[1, 2]", expected: "not a JSON list of objects"),
        BadList(
            name: "test.json", text: "[{\"id\":\"1\"}]", expected: "name no video with a class"),
    ])
    func refusesLists(_ bad: BadList) throws {
        let error = #expect(throws: ManifestError.self) {
            try draft(videos: ["a.mp4"], lists: [bad.name: bad.text], format: bad.format)
        }
        #expect(error?.description.contains(bad.expected) == true, "\(String(describing: error))")
    }
}

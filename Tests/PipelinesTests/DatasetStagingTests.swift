import Files
import Foundation
import Shards
import Testing

@testable import Pipelines

struct DatasetStagingTests {
    /// Tasks of an array that were given different options, or run on other processors.
    @Test func refusesTasksWithAnotherRecipe() throws {
        let workspace = try Workspace()
        var staging = DatasetStaging(directory: "\(workspace.url.path)/data", isAlone: false)
        try staging.prepare(for: .pixels, overwrite: false) { _ in nil }
        try staging.begin(recipeHash: "a", overwrite: false)
        try staging.begin(recipeHash: "a", overwrite: false)
        #expect(throws: PipelineError.self) {
            try staging.begin(recipeHash: "b", overwrite: false)
        }
        try staging.begin(recipeHash: "b", overwrite: true)
        staging.isAlone = true
        try staging.begin(recipeHash: "c", overwrite: false)
    }

    @Test func theLastTaskThatLeavesIsAlone() throws {
        let workspace = try Workspace()
        let staging = DatasetStaging(directory: "\(workspace.url.path)/data", isAlone: false)
        var first: DirectoryLock? = try staging.join()
        var second: DirectoryLock? = try staging.join()
        let left = try staging.leave(&first)
        #expect(left == nil)
        let last = try staging.leave(&second)
        #expect(last?.isOn(staging.folder) == true)
    }
}

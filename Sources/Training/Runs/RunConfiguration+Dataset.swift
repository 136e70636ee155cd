import Recipes
public import Shards

extension RunConfiguration {
    /// Checks that the run's model can be evaluated on `dataset`, as it is or after rows came and
    /// went: its clips and features must be made as those of the run, its tasks the same.
    /// - Throws: `TrainingError.datasetMismatch` that names every difference,
    ///   `ShardError.otherKind` if the dataset holds no features.
    public func requireFit(of dataset: Dataset, run: String) throws {
        try dataset.require(.features)
        let found = dataset.description
        var differences: [String] = []
        if found.clipRecipe != clipRecipe {
            differences += named(
                Recipes.differences(found.clipRecipe, from: clipRecipe), "the clip recipe")
        }
        if let recipe = found.featureRecipe, recipe != featureRecipe {
            differences += named(
                Recipes.differences(recipe, from: featureRecipe), "the feature recipe")
        } else if found.featureRecipe == nil {
            differences.append("it does not say what its features were made with")
        }
        if found.tasks != tasks { differences += taskDifferences(found) }
        guard differences.isEmpty else {
            throw TrainingError.datasetMismatch(
                run: run, dataset: dataset.directory, differences: differences)
        }
    }

    /// `differences`, or that `what` differs where no field can be named.
    private func named(_ differences: [String], _ what: String) -> [String] {
        differences.isEmpty ? ["\(what) is another one"] : differences
    }

    private func taskDifferences(_ found: DatasetDescription) -> [String] {
        func list(_ names: [String]) -> String {
            names.prefix(10).joined(separator: ", ") + (names.count > 10 ? ", …" : "")
        }
        let (names, own) = (found.tasks.map(\.task), tasks.map(\.task))
        guard names == own else { return ["its tasks are \(list(names)) instead of \(list(own))"] }
        return zip(found.tasks, tasks).filter { $0 != $1 }.map { found, own in
            "the classes of the task `\(own.task)` are \(list(found.classes)) "
                + "instead of \(list(own.classes))"
        }
    }
}

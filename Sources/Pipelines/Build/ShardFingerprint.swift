import Files
import Manifests
import Recipes
import Shards

extension ClipRecipe {
    /// sha256 of the recipe and the format, in hex.
    func hash() throws(FileError) -> String { try hashWithFormat(self) }
}

extension FeatureRecipe {
    /// sha256 of the recipe and the format, in hex.
    func hash() throws(FileError) -> String { try hashWithFormat(self) }
}

private func hashWithFormat(_ recipe: some Encodable) throws(FileError) -> String {
    sha256Hex(
        try canonicalJSON(recipe, pretty: false) + Array("format \(ShardFormat.version)".utf8))
}

extension DatasetPlan {
    /// What decides the bytes of `shard`: recipe, clips, questions and the content of the sources,
    /// given by their sha256 in the order of the shard's clips.
    func provenance(
        of shard: PlannedShard, manifest: Manifest, recipeHash: String, sources: [String]
    ) -> ShardSidecar.Provenance {
        var plan = Checksum()
        plan.update(recipeHash)
        for position in shard.clips {
            let planned = clips[Int(position)]
            plan.update("clip")
            for part in [planned.clip.video] + planned.clip.windowText { plan.update(part) }
            for row in rows(of: planned) {
                let question = question(Int(row), of: manifest)
                plan.update("question")
                for part in [
                    question.id, question.task, question.prompt, question.label,
                    "\(question.classIndex)", question.split.rawValue,
                ] { plan.update(part) }
                for (column, value) in question.extra.sorted(by: { $0.key < $1.key }) {
                    plan.update(column)
                    plan.update(value)
                }
            }
        }
        let planHash = plan.hex
        for source in sources { plan.update(source) }
        return ShardSidecar.Provenance(
            fingerprint: plan.hex, planHash: planHash, recipeHash: recipeHash)
    }
}

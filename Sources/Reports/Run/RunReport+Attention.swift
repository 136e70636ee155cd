import Foundation
import Models
import Recipes
import Shards
import Training

extension RunReport {
    /// Adds what the queries read to those questions of `page` that a selection shows, or says why
    /// not.
    /// - Parameters:
    ///   - page: Its clips and questions are complete.
    ///   - asked: The clip and the prompt of each question of `page`.
    ///   - split: Where their clips are.
    ///   - features: The run's dataset; `nil` if it is gone.
    ///   - strips: The pictures, which decide which frames are shown.
    func addAttention(
        to page: inout RunPage, _ asked: [(key: ClipKey, prompt: String)], split: Split,
        features: Dataset?, strips: Filmstrips?
    ) {
        guard let features else {
            page.attentionNote =
                "Pictures and attention are not shown: the run's features are not there any more."
            return
        }
        let shown = Set(page.selections.flatMap(\.questions)).sorted().filter {
            page.clips[page.questions[$0].clip].strip != nil
        }
        guard let strips, !shown.isEmpty else { return }
        let attention: StoredAttention
        do {
            attention = try StoredAttention(
                run: run, model: model, dataset: features, clips: Set(shown.map { asked[$0].key }),
                split: split)
        } catch {
            page.attentionNote = shortened("Attention is not shown: \(error)")
            return
        }
        for (key, places) in Dictionary(grouping: shown, by: { asked[$0].key }) {
            let prompts = places.map { asked[$0].prompt }
            guard let maps = attention.maps(ofClip: key, prompts: prompts) else { continue }
            for (place, map) in zip(places, maps) {
                page.questions[place].heat = RunPage.Heat(
                    rows: map.gridSize, columns: map.gridSize,
                    values: Data(map.bytes(ofFrames: strips.shownFrames(of: map.numFrames)))
                        .base64EncodedString())
            }
        }
        if page.questions.allSatisfy({ $0.heat == nil }) {
            page.attentionNote =
                "Attention is not shown: the features hold no patches, or cannot be read."
        }
    }
}

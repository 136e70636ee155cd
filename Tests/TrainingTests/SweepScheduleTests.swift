import Dispatch
import Foundation
import Models
import Recipes
import Synchronization
import Testing

@testable import Training

@Suite(.serialized)
struct SweepScheduleTests {
    private static let classes = ["a", "b", "c"]

    private func makeDataset() -> CountingDataset {
        CountingDataset(clipIndices: Array(0..<24), labels: (0..<24).map { $0 % 3 })
    }

    private func options(learningRate: Double, seed: UInt64) -> TrainOptions {
        var options = TrainOptions()
        options.epochs = 3
        options.batchSize = 4
        options.gradientAccumulation = 2
        options.learningRate = learningRate
        options.seed = seed
        options.earlyStoppingPatience = 0
        return options
    }

    private func train(
        _ options: TrainOptions, on dataset: CountingDataset, member: SweepMember? = nil
    ) throws -> [Float] {
        var reading = try ClipReading(qformer: smallQFormer)
        reading.member = member
        var trainer = try Trainer(
            model: VideoClassifier(configuration: smallQFormer, numClasses: 3, seed: options.seed),
            options: options, training: dataset,
            validation: MemoryDataset(numClips: 6, numClasses: 3, hiddenSize: 24, seed: 2),
            outputs: oneTask(), reading: reading)
        _ = try trainer.run { progress in
            if case .update(let step, _) = progress { member?.advance(to: step) }
            return .proceed
        }
        return trainer.model.store.values
    }

    /// The weights of trainings that go on side by side.
    private func trainSideBySide(
        _ all: [TrainOptions], on dataset: CountingDataset, processors: Int
    ) -> [[Float]] {
        let schedule = SweepSchedule(
            members: all.count, processors: processors, orders: Set(all.map(\.seed)).count)
        let weights = Mutex([[Float]](repeating: [], count: all.count))
        let done = DispatchGroup()
        for (number, options) in all.enumerated() {
            let member = SweepMember(schedule, step: 0)
            done.enter()
            Thread {
                let own = try? self.train(options, on: dataset, member: member)
                weights.withLock { $0[number] = own ?? [] }
                member.finish()
                done.leave()
            }.start()
        }
        done.wait()
        return weights.withLock { $0 }
    }

    @Test(arguments: [1, 2, 5])
    func trainingsSideBySideEndAsAlone(processors: Int) throws {
        let all = [1e-3, 3e-3].flatMap { rate in
            [UInt64(1), 2].map { options(learningRate: rate, seed: $0) }
        }
        let dataset = makeDataset()
        let alone = try all.map { try train($0, on: dataset) }
        #expect(trainSideBySide(all, on: dataset, processors: processors) == alone)
    }

    @Test func aBatchIsReadOnceForAllTrainingsInTheSameOrder() throws {
        let all = [1e-4, 3e-4, 1e-3, 3e-3].map { options(learningRate: $0, seed: 1) }
        let dataset = makeDataset()
        #expect(trainSideBySide(all, on: dataset, processors: 1).allSatisfy { !$0.isEmpty })
        #expect(dataset.reads.withLock { $0.count } == 3 * 24)
    }

    /// A training that goes on from a later step waits until the others are there.
    @Test func theTrainingThatIsBehindGoesFirst() {
        let schedule = SweepSchedule(members: 3, processors: 1, orders: 1)
        let order = Mutex<[Int]>([])
        let holder = SweepMember(schedule, step: 0)
        holder.beginTurn()
        let done = DispatchGroup()
        for step in [7, 2] {
            let (begun, member) = (DispatchGroup(), SweepMember(schedule, step: step))
            begun.enter()
            done.enter()
            Thread {
                begun.leave()
                member.beginTurn()
                order.withLock { $0.append(step) }
                member.finish()
                done.leave()
            }.start()
            begun.wait()
            // Until it waits for its turn.
            while schedule.numWaiting < (step == 7 ? 1 : 2) { usleep(1000) }
        }
        holder.finish()
        done.wait()
        #expect(order.withLock { $0 } == [2, 7])
    }
}

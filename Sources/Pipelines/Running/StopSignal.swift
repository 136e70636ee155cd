import Dispatch
import Foundation
import Synchronization

/// Notices SIGINT and SIGTERM, so that a run can finish what it began and keep it.
///
/// The first signal asks for a clean stop, a second one of the same kind ends the process at once.
public final class StopSignal: Sendable {
    private let received = Atomic<Int32>(0)
    // Guard: only kept alive; nobody touches them after `init`.
    nonisolated(unsafe) private let sources: [any DispatchSourceSignal]

    /// The signal that asked for a stop.
    public var signal: Int32? {
        let number = received.load(ordering: .relaxed)
        return number == 0 ? nil : number
    }

    /// Asks for a stop as the signal `number` would.
    func request(_ number: Int32) { received.store(number, ordering: .relaxed) }

    /// Whether a stop has been asked for.
    public var isRequested: Bool { signal != nil }

    /// Listens for the signals from now on; make one per process.
    public init() {
        sources = [SIGINT, SIGTERM].map { number in
            Foundation.signal(number, SIG_IGN)
            return DispatchSource.makeSignalSource(signal: number, queue: .global())
        }
        for (source, number) in zip(sources, [SIGINT, SIGTERM]) {
            source.setEventHandler { [weak self] in
                self?.received.store(number, ordering: .relaxed)
                Foundation.signal(number, SIG_DFL)
            }
            source.resume()
        }
    }
}

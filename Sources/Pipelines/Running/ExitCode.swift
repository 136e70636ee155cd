import Files
import Manifests
import Models
import Shards

/// The exit code that says what to do about `error`: 65 bad input, do not try again; 75 the fault
/// of the machine, try again; 128 and the signal's number after a stop; 1 anything else.
///
/// Source of the numbers: sysexits.h, `EX_DATAERR` and `EX_TEMPFAIL`.
public func exitCode(for error: any Error) -> Int32 {
    let (badInput, tryAgain): (Int32, Int32) = (65, 75)
    switch error {
    case let error as FileError:
        return error.isFaultOfMachine || error.isBusy ? tryAgain : badInput
    case ShardError.file(let error), ModelError.file(let error):
        return exitCode(for: error)
    case ManifestError.unreadableFolder:
        return tryAgain
    case is ManifestError, is ShardError, is ModelError:
        return badInput
    case let error as PipelineError:
        switch error {
        case .worker, .shardsLost: return tryAgain
        case .interrupted(let signal): return 128 + signal
        case .accounting, .nothingStored: return 1
        default: return badInput
        }
    default:
        return 1
    }
}

extension FileError {
    fileprivate var isBusy: Bool { if case .busy = self { true } else { false } }
}

import COpenBLAS
import Foundation

/// The library behind `gemm`, loaded when it is first needed.
///
/// Its 14,000 relocations and its pool of threads cost every start of a program tens of
/// milliseconds, and decode workers never multiply. It runs on the calling thread: its own threads
/// would compete with ours, and change the bits with their number.
enum OpenBLAS {
    typealias SGEMM =
        @convention(c) (
            CBLAS_ORDER, CBLAS_TRANSPOSE, CBLAS_TRANSPOSE, blasint, blasint, blasint, Float,
            UnsafePointer<Float>?, blasint, UnsafePointer<Float>?, blasint, Float,
            UnsafeMutablePointer<Float>?, blasint
        ) -> Void

    /// Version, build and kernels, such as `OpenBLAS 0.3.21 … Haswell …`.
    static let name: String = {
        typealias Configuration = @convention(c) () -> UnsafePointer<CChar>?
        guard case .success = unsafe library,
            let symbol = unsafe dlsym(nil, "openblas_get_config")
                ?? dlopen("libopenblas.so.0", RTLD_NOW | RTLD_NOLOAD).flatMap({
                    unsafe dlsym($0, "openblas_get_config")
                })
        else { return "OpenBLAS" }
        let text = unsafe unsafeBitCast(symbol, to: Configuration.self)()
        return unsafe text.map { unsafe String(cString: $0) }?
            .trimmingCharacters(in: .whitespaces) ?? "OpenBLAS"
    }()

    /// `cblas_sgemm`, or why there is none.
    private static let library: Result<SGEMM, OpenBLASMissing> = {
        unsafe setenv("OPENBLAS_NUM_THREADS", "1", 1)
        for name in ["libopenblas.so.0", "libopenblas.so"] {
            guard let library = unsafe dlopen(name, RTLD_NOW),
                let symbol = unsafe dlsym(library, "cblas_sgemm")
            else { continue }
            return unsafe .success(unsafeBitCast(symbol, to: SGEMM.self))
        }
        let reason = unsafe dlerror().map { unsafe String(cString: $0) }
        return unsafe .failure(OpenBLASMissing(reason: reason ?? "it has no cblas_sgemm"))
    }()

    /// `cblas_sgemm`.
    /// - Precondition: `requireOpenBLAS` has found the library.
    static var sgemm: SGEMM {
        guard case .success(let sgemm) = unsafe library else {
            preconditionFailure("a product was begun without requireOpenBLAS")
        }
        return unsafe sgemm
    }

    fileprivate static func load() throws(OpenBLASMissing) { _ = try unsafe library.get() }
}

/// OpenBLAS is not installed.
public struct OpenBLASMissing: Error, CustomStringConvertible {
    /// What the system's loader said.
    public let reason: String

    /// The reason and the remedy.
    public var description: String {
        "OpenBLAS cannot be loaded (\(reason)). Install it; on Debian: apt install libopenblas0."
    }
}

/// Loads OpenBLAS, which `gemm` needs where `GemmLibrary.preferred` is `openBLAS`.
/// - Throws: `OpenBLASMissing`.
public func requireOpenBLAS() throws(OpenBLASMissing) { try OpenBLAS.load() }

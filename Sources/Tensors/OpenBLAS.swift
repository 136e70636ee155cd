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

    /// `cblas_sgemm`; the process ends with a message where the library is missing.
    static let sgemm: SGEMM = {
        unsafe setenv("OPENBLAS_NUM_THREADS", "1", 1)
        for name in ["libopenblas.so.0", "libopenblas.so"] {
            guard let library = unsafe dlopen(name, RTLD_NOW),
                let symbol = unsafe dlsym(library, "cblas_sgemm")
            else { continue }
            return unsafe unsafeBitCast(symbol, to: SGEMM.self)
        }
        let reason = unsafe String(cString: dlerror())
        fatalError("OpenBLAS is missing (\(reason)); on Debian: apt install libopenblas0-pthread")
    }()
}

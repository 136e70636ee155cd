import CDNNL

/// How the elements of matrices are stored.
public enum MatrixElementType: Sendable {
    case float32, bfloat16, int8

    var code: vb_element {
        switch self {
        case .float32: VB_FLOAT32
        case .bfloat16: VB_BFLOAT16
        case .int8: VB_INT8
        }
    }
}

/// A number that matrices can hold.
public protocol MatrixElement: BitwiseCopyable, Sendable {
    /// The element type, for oneDNN.
    static var elementType: MatrixElementType { get }
}

extension Float: MatrixElement {
    /// Float32.
    public static var elementType: MatrixElementType { .float32 }
}

extension BFloat16: MatrixElement {
    /// bfloat16.
    public static var elementType: MatrixElementType { .bfloat16 }
}

extension Int8: MatrixElement {
    /// int8.
    public static var elementType: MatrixElementType { .int8 }
}

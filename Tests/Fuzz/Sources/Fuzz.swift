import Foundation

// What libFuzzer calls.
// Source: https://llvm.org/docs/LibFuzzer.html

/// The parser under test, named by `$PARSER`.
private let parser: Parser = {
    let name = ProcessInfo.processInfo.environment["PARSER"] ?? ""
    guard let parser = Parser(rawValue: name) else {
        fatalError("PARSER must be one of \(Parser.allCases.map(\.rawValue))")
    }
    return parser
}()

/// Whether an input with an error ends the program: seeds must be read to their end, or all that
/// is made of them is refused at once.
private let acceptsOnlyValid = ProcessInfo.processInfo.environment["VALID"] != nil

/// What libFuzzer calls with each input.
@_cdecl("LLVMFuzzerTestOneInput")
public func testOneInput(_ data: UnsafePointer<UInt8>?, _ size: Int) -> Int32 {
    do {
        try parser.read(Array(UnsafeBufferPointer(start: data, count: size)))
    } catch {
        if acceptsOnlyValid { fatalError("\(error)") }
    }
    return 0
}

@_silgen_name("LLVMFuzzerMutate")
private func mutate(_ data: UnsafeMutablePointer<UInt8>, _ size: Int, _ maximum: Int) -> Int

/// Exchanges one value of a JSON text; now and then, and of other inputs, bytes.
@_cdecl("LLVMFuzzerCustomMutator")
public func customMutate(
    _ data: UnsafeMutablePointer<UInt8>, _ size: Int, _ maximum: Int, _ seed: UInt32
) -> Int {
    guard parser.readsJSON, seed % 16 > 0 else { return mutate(data, size, maximum) }
    var text = Array(UnsafeBufferPointer(start: data, count: size))
    exchangeValue(of: &text, seed: UInt64(seed))
    guard text.count <= maximum else { return mutate(data, size, maximum) }
    for (index, byte) in text.enumerated() { data[index] = byte }
    return text.count
}

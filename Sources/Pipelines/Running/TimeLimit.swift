/// Why `seconds` cannot be the time limit of a clip; `nil` if it can.
public func problem(ofTimeLimit seconds: Double) -> String? {
    1e-3...1e6 ~= seconds ? nil : "--timeout must be from 0.001 to 1000000 seconds."
}

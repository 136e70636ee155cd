/// One picture as RGB, upright.
public struct RGBFrame: Sendable {
    /// W in pixels.
    public internal(set) var width = 0
    /// H in pixels.
    public internal(set) var height = 0
    /// UInt8 (H, W, 3), row-major without padding, values 0…255.
    ///
    /// The decoder reuses this memory for the next frame; a copy that outlives the call is safe but
    /// makes the decoder allocate anew.
    public internal(set) var pixels: [UInt8] = []
}

public import Files
public import Recipes

/// Which frames of which video a caller wants.
public struct ClipRequest: Sendable {
    /// A local path or an http(s) address.
    ///
    /// Other protocols are never opened.
    public var path: String
    /// The video itself, if it is open already; `path` is not opened then.
    public var file: ReadableFile?
    /// The window keeps frames with start ≤ t; `nil` starts with the first frame.
    ///
    /// t counts seconds from the first frame.
    public var startSeconds: Double?
    /// The window keeps frames with t < end; `nil` goes to the last frame.
    public var endSeconds: Double?
    /// How many frames are taken, which ones, and how; resizing is left to the caller.
    public var recipe: ClipRecipe
    /// Limit of processor time; waiting for a disk or a server may take ten times as long.
    public var timeoutSeconds: Double
    /// The largest picture that is decoded, width × height.
    public var maxPixels: Int

    /// Asks for the frames of `clip` in the video at `path` that `recipe` takes.
    public init(
        path: String, clip: Clip, recipe: ClipRecipe, timeoutSeconds: Double, maxPixels: Int
    ) {
        self.path = path
        startSeconds = clip.start
        endSeconds = clip.end
        self.recipe = recipe
        self.timeoutSeconds = timeoutSeconds
        self.maxPixels = maxPixels
    }

    /// Opens the video; one behind a web address is first fetched into an unnamed file.
    func open(_ deadline: Deadline) throws(DecodeError) -> ReadableFile {
        if let file { return file }
        guard WebAddress.isOne(path) else { return try openVideo(path) }
        return try fetchVideo(path, deadline: deadline)
    }

    func validate() throws(DecodeError) {
        guard recipe.isPlausible else {
            throw .invalidRequest(
                "\(recipe.numFrames) frames of \(recipe.imageSize) pixels "
                    + "(resize \(recipe.resize.rawValue)) at zstd level \(recipe.zstdLevel); "
                    + "frames must be from 1 to 65536, pixels from 1 to 16384, the level from 1 "
                    + "to 22, and the picture that a square is cut from no smaller than it")
        }
        guard timeoutSeconds > 0 else {
            throw .invalidRequest("the time limit is \(timeoutSeconds) s; it must be positive")
        }
        guard maxPixels > 0 else {
            throw .invalidRequest("the pixel limit is \(maxPixels); it must be positive")
        }
        for (name, value) in [("start", startSeconds), ("end", endSeconds)] {
            if let value, !value.isFinite || value < 0 {
                throw .invalidRequest("`\(name)` is \(value); it must be 0 or more seconds")
            }
        }
    }
}

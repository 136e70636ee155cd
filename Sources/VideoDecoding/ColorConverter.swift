import CFFmpeg

/// Turns decoded pictures into upright RGB with libswscale.
///
/// The scaler, its picture and the frame lent to the caller are reused; the scaler is made anew
/// only when size, pixel format, matrix or range change.
@safe
struct ColorConverter: ~Copyable {
    /// The upright picture of the last `convert`.
    private(set) var rgb = RGBFrame()
    private var scaler: OpaquePointer?
    private var input: Input?
    /// UInt8 (H, stride): libswscale may write past the last pixel of a row, never past the stride.
    private var plane: UnsafeMutablePointer<UInt8>?
    private var stride = 0

    /// Everything about a picture that its conversion depends on.
    struct Input: Equatable {
        var width: Int32
        var height: Int32
        var format: AVPixelFormat
        var matrix: AVColorSpace
        var isFullRange: Bool

        /// Reads the picture's own description; an unspecified matrix is BT.601, a range limited.
        init(_ frame: AVFrame) {
            unsafe width = frame.width
            unsafe height = frame.height
            unsafe format = AVPixelFormat(rawValue: frame.format)
            matrix =
                unsafe frame.colorspace == AVCOL_SPC_UNSPECIFIED
                ? AVCOL_SPC_BT470BG : frame.colorspace
            isFullRange =
                unsafe frame.color_range == AVCOL_RANGE_JPEG
                || [AV_PIX_FMT_YUVJ420P, AV_PIX_FMT_YUVJ422P, AV_PIX_FMT_YUVJ444P].contains(format)
        }

        /// Whether the picture has no matrix and range, because it is RGB already.
        var isRGB: Bool {
            unsafe av_pix_fmt_desc_get(format).map {
                unsafe $0.pointee.flags & UInt64(AV_PIX_FMT_FLAG_RGB) != 0
            } ?? false
        }

        var formatName: String { unsafe name(av_get_pix_fmt_name(format)) }
        var matrixName: String {
            [AVCOL_SPC_BT470BG, AVCOL_SPC_SMPTE170M].contains(matrix)
                ? "bt601" : unsafe name(av_color_space_name(matrix))
        }

        private func name(_ text: UnsafePointer<CChar>?) -> String {
            unsafe text.map { unsafe String(cString: $0) } ?? "unknown"
        }
    }

    deinit {
        unsafe sws_freeContext(scaler)
        unsafe av_free(plane)
    }

    /// Converts `frame` to RGB and turns it upright; `rgb` holds the result.
    /// - Returns: What the picture was before.
    /// - Throws: `DecodeError.unsupportedPixelFormat`.
    mutating func convert(
        _ frame: UnsafeMutablePointer<AVFrame>, orientation: Orientation
    ) throws(DecodeError) -> Input {
        let input = unsafe Input(frame.pointee)
        if input != self.input { try prepare(input) }
        let (width, height) = (Int(input.width), Int(input.height))
        let (scaler, plane, stride) = unsafe (scaler, plane, stride)
        let lines = unsafe frame.pointee.linesize
        let rows = unsafe withUnsafeBytes(of: frame.pointee.data) { data in
            unsafe sws_scale(
                scaler, data.assumingMemoryBound(to: UnsafePointer<UInt8>?.self).baseAddress,
                [lines.0, lines.1, lines.2, lines.3], 0, input.height, [plane, nil, nil, nil],
                [Int32(stride), 0, 0, 0])
        }
        guard rows == input.height else {
            throw .unsupportedPixelFormat(name: input.formatName)
        }
        let buffer = unsafe UnsafeBufferPointer(start: plane, count: stride * height)
        let source = unsafe Span(_unsafeElements: buffer)
        (rgb.width, rgb.height) = orientation.size(width: width, height: height)
        if rgb.pixels.count != width * height * 3 {
            rgb.pixels = [UInt8](repeating: 0, count: width * height * 3)
        }
        var target = rgb.pixels.mutableSpan
        orientation.apply(
            to: source, width: width, height: height, stride: stride, into: &target)
        return input
    }

    /// Makes the scaler for pictures like `input`.
    ///
    /// Source: `Tests/Fixtures/golden/make_rgb.c`.
    private mutating func prepare(_ input: Input) throws(DecodeError) {
        self.input = nil
        unsafe sws_freeContext(scaler)
        unsafe scaler = sws_getContext(
            input.width, input.height, input.format, input.width, input.height, AV_PIX_FMT_RGB24,
            SWS_BILINEAR, nil, nil, nil)
        unsafe av_freep(&plane)
        // libswscale converts whole blocks of 8 pixels and drops the last one if the row has no
        // room for it (`h_size` in libswscale/x86/yuv2rgb.c).
        stride = ((Int(input.width) + 31) & ~31) * 3 + 64
        // The spare row takes what SIMD code writes past the end.
        unsafe plane = av_malloc((Int(input.height) + 1) * stride)?.assumingMemoryBound(
            to: UInt8.self)
        guard unsafe scaler != nil, unsafe plane != nil else {
            throw .unsupportedPixelFormat(name: input.formatName)
        }
        if !input.isRGB {
            unsafe sws_setColorspaceDetails(
                scaler, sws_getCoefficients(Int32(bitPattern: input.matrix.rawValue)),
                input.isFullRange ? 1 : 0, sws_getCoefficients(SWS_CS_DEFAULT), 1, 0, 1 << 16,
                1 << 16)
        }
        self.input = input
    }
}

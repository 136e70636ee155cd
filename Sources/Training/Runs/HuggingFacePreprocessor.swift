import Models

/// `preprocessor_config.json` of a run's model, as transformers reads it; its keys are in snake case.
struct HuggingFacePreprocessor: Encodable {
    /// Size of a picture in pixels.
    struct Size: Encodable {
        let height: Int
        let width: Int
    }

    let imageProcessorType = "BlipImageProcessor"
    let imageMean: [Float]
    let imageStd: [Float]
    let rescaleFactor: Double
    let resample: Int
    let size: Size

    /// Describes `processor`.
    init(of processor: ImageProcessorConfiguration) {
        imageMean = processor.imageMean
        imageStd = processor.imageStd
        rescaleFactor = processor.rescaleFactor
        resample = processor.resample
        size = Size(height: processor.imageSize, width: processor.imageSize)
    }
}

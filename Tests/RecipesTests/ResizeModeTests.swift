import Testing

@testable import Recipes

struct ResizeModeTests {
    @Test(arguments: ["squash", "crop", "crop:256"])
    func readsWhatItWrites(_ text: String) {
        #expect(ResizeMode(rawValue: text)?.rawValue == text)
    }

    @Test(arguments: ["", "Crop", "crop:", "crop:0", "crop:x", "crop:99999"])
    func refusesOtherTexts(_ text: String) { #expect(ResizeMode(rawValue: text) == nil) }

    @Test func keepsProportionsWithTheLongEdgeRoundedDown() {
        let crop = ResizeMode.crop(edge: 256)
        #expect(crop.extent(width: 333, height: 251, size: 224) == (339, 256))
        #expect(crop.extent(width: 251, height: 333, size: 224) == (256, 339))
        #expect(ResizeMode.crop(edge: nil).extent(width: 10, height: 10, size: 224) == (224, 224))
        #expect(ResizeMode.squash.extent(width: 640, height: 272, size: 224) == (224, 224))
    }
}

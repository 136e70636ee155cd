// swift-tools-version: 6.2
import PackageDescription

// Fuzzes the parsers that read strangers' bytes in our own processes; `make fuzz` builds and runs
// it. A package of its own, so that no other build pays for it.
let package = Package(
    name: "Fuzz",
    dependencies: [.package(name: "vbprep", path: "../..")],
    targets: [
        .executableTarget(
            name: "vbfuzz",
            dependencies: [.product(name: "Parsers", package: "vbprep")],
            path: "Sources",
            swiftSettings: [
                .enableUpcomingFeature("InternalImportsByDefault"),
                .enableUpcomingFeature("ExistentialAny"),
                .enableUpcomingFeature("MemberImportVisibility"),
                .unsafeFlags(["-parse-as-library"]),
            ])
    ],
    swiftLanguageModes: [.v6]
)

// swift-tools-version: 6.2
import PackageDescription

// AVX2 and FMA on x86 (the commands check the processor at start-up); other architectures need no
// flag. Square roots that need not set errno can be taken by whole vectors.
#if arch(x86_64)
    let vectorFlags: [SwiftSetting] = [
        .unsafeFlags(["-Xcc", "-march=x86-64-v3", "-Xcc", "-fno-math-errno"])
    ]
#else
    let vectorFlags: [SwiftSetting] = [.unsafeFlags(["-Xcc", "-fno-math-errno"])]
#endif

let settings: [SwiftSetting] =
    vectorFlags + [
        .enableUpcomingFeature("InternalImportsByDefault"),
        .enableUpcomingFeature("ExistentialAny"),
        .enableUpcomingFeature("MemberImportVisibility"),
    ]
/// For the targets that touch C or raw memory: each unsafe expression says so.
let unsafeVisible: [SwiftSetting] = settings + [.strictMemorySafety()]

/// The pages' templates are part of the programs, so that these can be copied anywhere.
let pageTemplates: [Resource] = [
    "page.html", "style.css", "drawing.js", "run.html", "run.js", "dataset.html", "dataset.js",
    "compare.html", "compare.js",
].map { .embedInCode("Templates/\($0)") }

let crypto: Target.Dependency = .product(name: "Crypto", package: "swift-crypto")
let argumentParser: Target.Dependency = .product(
    name: "ArgumentParser", package: "swift-argument-parser")

let package = Package(
    name: "vbprep",
    products: [
        .executable(name: "vbprep", targets: ["vbprep"]),
        .executable(name: "vbtrain", targets: ["vbtrain"]),
        // For Tests/Fuzz.
        .library(
            name: "Parsers",
            targets: ["Manifests", "Shards", "Models", "Pipelines", "Training", "Reports"]),
    ],
    dependencies: [
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
        .package(url: "https://github.com/apple/swift-crypto", from: "4.5.2"),
        .package(url: "https://github.com/apple/swift-protobuf", from: "1.39.0"),
        .package(url: "https://github.com/jpsim/Yams", from: "6.2.2"),
    ],
    targets: [
        // C libraries of the system.
        .systemLibrary(
            name: "CFFmpeg", pkgConfig: "libavformat",
            providers: [
                .apt(["libavformat-dev", "libavcodec-dev", "libavutil-dev", "libswscale-dev"])
            ]),
        // Loaded by `Tensors` when first needed, so nothing links it.
        .systemLibrary(name: "COpenBLAS", providers: [.apt(["libopenblas-dev"])]),
        .target(name: "CDNNL", linkerSettings: [.linkedLibrary("dnnl")]),
        .target(name: "CWorker"),
        .systemLibrary(name: "CZstd", pkgConfig: "libzstd", providers: [.apt(["libzstd-dev"])]),

        // What all others stand on.
        .target(name: "Files", dependencies: [crypto], swiftSettings: unsafeVisible),
        .target(name: "Recipes", dependencies: ["Files"], swiftSettings: settings),
        .target(
            name: "Tensors", dependencies: ["COpenBLAS", "CDNNL"], swiftSettings: unsafeVisible),

        // In the order in which a clip passes through them.
        .target(
            name: "Manifests", dependencies: ["Files", "Recipes", crypto],
            swiftSettings: settings),
        .target(
            name: "VideoDecoding", dependencies: ["CFFmpeg", "Files", "Recipes"],
            swiftSettings: unsafeVisible),
        .target(name: "Preprocessing", dependencies: ["Recipes"], swiftSettings: unsafeVisible),
        .target(
            name: "Shards", dependencies: ["CZstd", "Files", "Recipes", "Manifests"],
            exclude: ["ShardFormat.md"],
            swiftSettings: unsafeVisible),
        .target(
            name: "Models", dependencies: ["Tensors", "Files", "Recipes", crypto],
            resources: [.copy("Text/Vocabulary")],
            swiftSettings: unsafeVisible),
        .target(
            name: "Training",
            dependencies: [
                "Tensors", "Files", "Recipes", "Manifests", "Shards", "Models",
                .product(name: "SwiftProtobuf", package: "swift-protobuf"),
            ],
            exclude: ["Monitoring/tensorboard_event.proto"],
            resources: [.embedInCode("Runs/modeling.py")],
            swiftSettings: settings),
        .target(
            name: "Pipelines",
            dependencies: [
                "CWorker", "Tensors", "Files", "Recipes", "Manifests", "VideoDecoding",
                "Preprocessing", "Shards", "Models",
            ],
            swiftSettings: settings),
        .target(
            name: "Reports",
            dependencies: [
                "Files", "Recipes", "Manifests", "VideoDecoding", "Preprocessing", "Shards",
                "Tensors", "Models", "Pipelines", "Training",
            ],
            resources: pageTemplates,
            swiftSettings: settings),
        .target(
            name: "CommandSupport",
            dependencies: ["Files", "Tensors", "Pipelines", argumentParser],
            swiftSettings: settings),
        .executableTarget(
            name: "vbprep",
            dependencies: [
                "CommandSupport", "Tensors", "Files", "Recipes", "Manifests", "VideoDecoding",
                "Shards", "Models", "Pipelines", "Reports", argumentParser,
            ], swiftSettings: settings),
        .executableTarget(
            name: "vbtrain",
            dependencies: [
                "CommandSupport", "Tensors", "Files", "Recipes", "Manifests", "VideoDecoding",
                "Shards", "Models", "Pipelines", "Training", "Reports", "Yams", argumentParser,
            ], swiftSettings: settings),

        .executableTarget(
            name: "vbbench",
            dependencies: [
                "Tensors", "Files", "Recipes", "Models", "VideoDecoding", "Preprocessing", "Shards",
                "Pipelines", "Training", argumentParser,
            ], path: "Benchmarks/Stages", swiftSettings: settings),

        .executableTarget(
            name: "vbmotion",
            dependencies: [
                "CFFmpeg", "Tensors", "Files", "Recipes", "VideoDecoding", "Preprocessing",
                "Pipelines", argumentParser,
            ], path: "Benchmarks/Motion", swiftSettings: unsafeVisible),

        // Tests, one target a folder of Sources.
        .target(
            name: "TestSupport", dependencies: ["Models"], path: "Tests/TestSupport",
            swiftSettings: settings),
        .testTarget(
            name: "FilesTests", dependencies: ["Files", "TestSupport"], swiftSettings: settings),
        .testTarget(
            name: "RecipesTests", dependencies: ["Recipes", "Files", "TestSupport"],
            swiftSettings: settings),
        .testTarget(
            name: "TensorsTests", dependencies: ["Tensors", "TestSupport"],
            swiftSettings: settings),
        .testTarget(
            name: "ManifestsTests", dependencies: ["Manifests", "Files", "Recipes", "TestSupport"],
            swiftSettings: settings),
        .testTarget(
            name: "VideoDecodingTests",
            dependencies: ["VideoDecoding", "CFFmpeg", "Files", "Recipes", "TestSupport", crypto],
            swiftSettings: settings),
        .testTarget(
            name: "PreprocessingTests",
            dependencies: ["Preprocessing", "Recipes", "Models", "TestSupport", crypto],
            swiftSettings: settings),
        .testTarget(
            name: "ShardsTests", dependencies: ["Shards", "Files", "Recipes", "TestSupport"],
            swiftSettings: settings),
        .testTarget(
            name: "ModelsTests", dependencies: ["Models", "Tensors", "Recipes", "TestSupport"],
            swiftSettings: settings),
        .testTarget(
            name: "TrainingTests",
            dependencies: [
                "Training", "Manifests", "Models", "Shards", "Files", "Recipes", "Tensors",
                "TestSupport",
                .product(name: "SwiftProtobuf", package: "swift-protobuf"),
            ],
            swiftSettings: settings),
        .testTarget(
            name: "PipelinesTests",
            dependencies: [
                "CWorker", "Pipelines", "Files", "Recipes", "Manifests", "Shards", "Models",
                "Tensors", "VideoDecoding", "TestSupport", "vbmotion",
            ],
            swiftSettings: settings),
        .testTarget(
            name: "ReportsTests",
            dependencies: [
                "Reports", "Files", "Recipes", "VideoDecoding", "Shards", "Models", "Training",
                "TestSupport",
            ],
            swiftSettings: settings),
        .testTarget(
            name: "CommandTests",
            dependencies: ["vbprep", "vbtrain", "Files", "Models", "TestSupport"],
            swiftSettings: settings),
    ],
    swiftLanguageModes: [.v6]
)

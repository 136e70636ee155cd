/// How frame tokens are scaled before a Q-Former reads them.
public enum FeatureStandardization: String, Sendable, Codable {
    /// Each channel minus its mean, over its deviation, both over the training split.
    case channel
}

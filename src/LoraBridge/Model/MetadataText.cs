using LoraBridge.Formats;

namespace LoraBridge.Model;

/// <summary>Shows metadata as text.</summary>
internal static class MetadataText
{
    internal static IReadOnlyDictionary<string, string> Of(GgufMetadata metadata) =>
        metadata.ToDictionary(pair => pair.Key, pair => pair.Value.ToString(), StringComparer.Ordinal);
}

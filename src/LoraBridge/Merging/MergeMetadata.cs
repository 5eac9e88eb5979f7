using LoraBridge.Adapters;
using LoraBridge.Finetuning;
using LoraBridge.Formats;

namespace LoraBridge.Merging;

/// <summary>The metadata of a merged model: those of the base, completed by where it comes from.</summary>
internal static class MergeMetadata
{
    private const string FileType = "general.file_type";
    private const string BaseCount = "general.base_model.count";

    /// <summary>What a model says about itself, and one made from it about its base.</summary>
    private static readonly string[] Origins = ["author", "version", "organization", "url", "doi", "uuid", "repo_url"];

    internal static GgufMetadata Of(
        GgufModelFiles model, IReadOnlyList<AdapterSource> adapters, MergeOutputType type, string? importanceMatrixPath = null)
    {
        var metadata = model.Metadata.Clone();
        if (FileTypeOf(type) is { } fileType)
            metadata.Set(FileType, (uint)fileType);
        if (!metadata.ContainsKey(BaseCount))
        {
            metadata.Set(BaseCount, 1u).Set("general.base_model.0.name", NameOf(model));
            foreach (var origin in Origins)
                if (model.Metadata.TryGetString($"general.{origin}", out var text))
                    metadata.Set($"general.base_model.0.{origin}", text);
        }

        if (importanceMatrixPath is not null)
            metadata.Set("quantize.imatrix.file", Path.GetFileName(importanceMatrixPath));
        return metadata
            .Set("lorabridge.merge.adapters", GgufValue.FromStrings(adapters.Select(adapter => Path.GetFileName(adapter.Adapter.Path))))
            .Set("lorabridge.merge.scales", GgufValue.FromArray<float>([.. adapters.Select(adapter => adapter.Scale)]));
    }

    private static LlamaFileType? FileTypeOf(MergeOutputType type) => type switch
    {
        MergeOutputType.Keep => null,
        MergeOutputType.F16 => LlamaFileType.F16,
        MergeOutputType.BF16 => LlamaFileType.BF16,
        _ => LlamaFileType.AllF32,
    };

    private static string NameOf(GgufModelFiles model) =>
        model.Metadata.TryGetString("general.name", out var name) && name.Length > 0
            ? name
            : Path.GetFileNameWithoutExtension(model.Files[0].Path);
}

using LoraBridge.Native;

namespace LoraBridge.Model;

/// <summary>How <see cref="ModelLoader"/> loads a model.</summary>
internal sealed record NativeLoadOptions
{
    /// <summary>Devices besides the CPU; none keeps the model on the CPU.</summary>
    public IReadOnlyList<DevicePtr> Devices { get; init; } = [];

    /// <summary>Layers on the devices; null all.</summary>
    public int? GpuLayers { get; init; }

    /// <summary>Rearrange weights for the CPU. Such weights serve matrix products only: a copy that is traced or trained must be plain.</summary>
    public bool UseExtraBuffers { get; init; } = true;

    /// <summary>Map the file instead of reading it.</summary>
    public bool UseMemoryMap { get; init; } = true;

    /// <summary>Metadata to read otherwise than the file has them.</summary>
    public IReadOnlyList<LlamaMetadataOverride> MetadataOverrides { get; init; } = [];

    /// <summary>Load the vocabulary without weights.</summary>
    public bool VocabOnly { get; init; }
}

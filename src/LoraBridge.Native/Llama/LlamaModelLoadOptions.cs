namespace LoraBridge.Native;

/// <summary>How <see cref="LlamaModels.Load"/> loads a model.</summary>
internal sealed record LlamaModelLoadOptions
{
    /// <summary>The plain fields; null takes llama.cpp's defaults. Pointers in it are replaced by the properties below.</summary>
    public LlamaModelParams? Parameters { get; init; }

    /// <summary>Devices to use besides the CPU: null all, empty none.</summary>
    public IReadOnlyList<DevicePtr>? Devices { get; init; }

    /// <summary>Share of each device when the model is split.</summary>
    public IReadOnlyList<float> TensorSplit { get; init; } = [];

    /// <summary>Buffer type of the tensors whose names match a regular expression; the first match counts.</summary>
    public IReadOnlyList<(string Pattern, BufferTypePtr Type)> BufferOverrides { get; init; } = [];

    /// <summary>Metadata to replace while loading.</summary>
    public IReadOnlyList<LlamaMetadataOverride> MetadataOverrides { get; init; } = [];

    /// <summary>Receives 0 to 1; answering false cancels.</summary>
    public Func<float, bool>? Progress { get; init; }
}

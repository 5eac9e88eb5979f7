using System.Collections.Immutable;
using LoraBridge.Formats;

namespace LoraBridge.Model;

/// <summary>What a GGUF file says about itself: of a model or of an adapter, read without loading it.</summary>
public sealed record ModelFileInfo
{
    private ModelFileInfo(GgufModelFiles files, LoraAdapterInfo? adapter)
    {
        Path = files.Files[0].Path;
        Architecture = files.Metadata.GetString("general.architecture");
        Adapter = adapter;
        Tensors = [.. files.Tensors.Select(tensor => new ModelTensorInfo(tensor.Name, tensor.Info.Type.Name(), tensor.Info.Shape))];
        ParameterCount = files.Tensors.Sum(tensor => tensor.Info.ElementCount);
        QuantizationType = FileType(files.Metadata) ?? LargestType(files);
        ContextLength = files.Metadata.TryGetInt32($"{Architecture}.context_length", out var length) ? length : null;
        Metadata = MetadataText.Of(files.Metadata);
    }

    /// <summary>The file; of a model in several files the first.</summary>
    public string Path { get; }

    /// <summary>What it holds.</summary>
    public ModelFileKind Kind => Adapter is null ? ModelFileKind.Model : ModelFileKind.Adapter;

    /// <summary>The architecture, such as <c>llama</c>.</summary>
    public string Architecture { get; }

    /// <summary>Number of values in all tensors.</summary>
    public long ParameterCount { get; }

    /// <summary>How the weights are stored: as the file says, else the type that most values have.</summary>
    public string QuantizationType { get; }

    /// <summary>The context length in tokens that the model was trained with; null for adapters.</summary>
    public int? ContextLength { get; }

    /// <summary>The adapter's rank, alpha and targets; null for models.</summary>
    public LoraAdapterInfo? Adapter { get; }

    /// <summary>The tensors in file order.</summary>
    public ImmutableArray<ModelTensorInfo> Tensors { get; }

    /// <summary>The metadata as text; arrays are shown by type and length.</summary>
    public IReadOnlyDictionary<string, string> Metadata { get; }

    /// <summary>Reads a file's header. Needs neither native libraries nor memory for the weights.</summary>
    /// <param name="path">GGUF file; of a model in several files the first.</param>
    /// <exception cref="ArgumentException">The path is null or blank.</exception>
    /// <exception cref="FileNotFoundException">There is no such file, or a part of the model is missing.</exception>
    /// <exception cref="InvalidDataException">The file is neither a valid GGUF model nor a valid adapter.</exception>
    public static ModelFileInfo Read(string path)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(path);
        if (!File.Exists(path))
            throw new FileNotFoundException($"There is no file {path}.", path);
        using var files = GgufModelFiles.Open(path);
        var isAdapter = files.Metadata.TryGetString("general.type", out var type) && type == "adapter";
        return new ModelFileInfo(files, isAdapter ? LoraAdapter.Inspect(path) : null);
    }

    private static string? FileType(GgufMetadata metadata) =>
        metadata.TryGetInt32("general.file_type", out var type) && ((LlamaFileType)type).IsDefined() ? ((LlamaFileType)type).Name() : null;

    private static string LargestType(GgufModelFiles files) => files.Tensors
        .GroupBy(tensor => tensor.Info.Type)
        .OrderByDescending(group => group.Sum(tensor => tensor.Info.ElementCount))
        .Select(group => group.Key.Name())
        .FirstOrDefault("none");
}

/// <summary>A tensor of a GGUF file.</summary>
/// <param name="Name">Its name, such as <c>blk.0.attn_q.weight</c>.</param>
/// <param name="Type">How its values are stored, such as <c>q4_K</c>.</param>
/// <param name="Shape">Its dimensions in ggml order: the first is the length of a row.</param>
public sealed record ModelTensorInfo(string Name, string Type, ImmutableArray<long> Shape);

/// <summary>What a GGUF file holds.</summary>
public enum ModelFileKind
{
    /// <summary>A whole model.</summary>
    Model,

    /// <summary>A LoRA adapter.</summary>
    Adapter,
}

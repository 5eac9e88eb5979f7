using LoraBridge.Adapters;
using LoraBridge.Formats;

namespace LoraBridge.Model;

/// <summary>What an adapter file says about itself.</summary>
public sealed record LoraAdapterInfo
{
    internal LoraAdapterInfo(AdapterFile file)
    {
        Path = file.Path;
        Architecture = file.Architecture;
        Rank = file.Rank;
        Alpha = file.Alpha;
        TargetModules = [.. file.Pairs.Select(pair => TensorNames.ModuleOf(pair.Target)).Distinct().Order(StringComparer.Ordinal)];
        TargetTensors = [.. file.Pairs.Select(pair => pair.Target)];
        IgnoredTensors = file.IgnoredTensors;
        InvocationTokens = file.InvocationTokens;
        TensorCount = 2 * file.Pairs.Count;
        ParameterCount = file.Pairs.Sum(pair => pair.A.ElementCount + pair.B.ElementCount);
        Metadata = MetadataText.Of(file.Metadata);
    }

    /// <summary>The file.</summary>
    public string Path { get; }

    /// <summary>The architecture that the adapter was made for, such as <c>llama</c>.</summary>
    public string Architecture { get; }

    /// <summary>The rank; the largest one if tensors differ.</summary>
    public int Rank { get; }

    /// <summary>The adapter's alpha: the product B A is scaled by alpha / rank. 0 if the file has none; the product is then not scaled.</summary>
    public float Alpha { get; }

    /// <summary>The adapted modules, such as <c>attn_q</c>, sorted.</summary>
    public IReadOnlyList<string> TargetModules { get; }

    /// <summary>Names of the adapted tensors of the model.</summary>
    public IReadOnlyList<string> TargetTensors { get; }

    /// <summary>Tensors of the file that have no effect: norm vectors, which llama.cpp does not adapt.</summary>
    public IReadOnlyList<string> IgnoredTensors { get; }

    /// <summary>
    /// Tokens that activate the adapter (activated LoRA, <see href="https://arxiv.org/abs/2504.12397"/>); empty for adapters that act on every
    /// token. Others act from the last place in the prompt on where these tokens stand, and not at all where they are missing; what is before
    /// is read as the model alone would, once for all. They can be applied and converted, but not merged, combined or trained further.
    /// </summary>
    public IReadOnlyList<int> InvocationTokens { get; }

    /// <summary>Number of LoRA matrices: two for each adapted tensor.</summary>
    public int TensorCount { get; }

    /// <summary>Number of values in the LoRA matrices.</summary>
    public long ParameterCount { get; }

    /// <summary>The metadata as text; arrays are shown by type and length.</summary>
    public IReadOnlyDictionary<string, string> Metadata { get; }
}

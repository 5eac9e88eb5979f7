using System.Globalization;

namespace LoraBridge.Formats;

/// <summary>Names of tensors, and their parts: <c>blk.12.attn_q.weight</c> is module <c>attn_q</c> of layer 12.</summary>
internal static class TensorNames
{
    /// <summary>The matrix whose rows stand for tokens.</summary>
    internal const string TokenEmbedding = "token_embd.weight";

    /// <summary>The matrix that makes logits; some models use <see cref="TokenEmbedding"/> for it.</summary>
    internal const string Output = "output.weight";

    private const string LayerPrefix = "blk.";
    private const string WeightSuffix = ".weight";

    /// <summary>The layer, or null for tensors that belong to none.</summary>
    internal static int? LayerOf(string name)
    {
        if (!name.StartsWith(LayerPrefix, StringComparison.Ordinal))
            return null;
        var end = name.IndexOf('.', LayerPrefix.Length);
        if (end < 0)
            return null;
        var number = name.AsSpan(LayerPrefix.Length, end - LayerPrefix.Length);
        return int.TryParse(number, NumberStyles.None, CultureInfo.InvariantCulture, out var layer) ? layer : null;
    }

    /// <summary>The module: the name without layer and <c>.weight</c>.</summary>
    internal static string ModuleOf(string name)
    {
        var module = LayerOf(name) is null ? name : name[(name.IndexOf('.', LayerPrefix.Length) + 1)..];
        return module.EndsWith(WeightSuffix, StringComparison.Ordinal) ? module[..^WeightSuffix.Length] : module;
    }
}

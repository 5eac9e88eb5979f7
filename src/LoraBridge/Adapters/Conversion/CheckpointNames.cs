using System.Globalization;
using System.Text.RegularExpressions;
using LoraBridge.Formats;
using LoraBridge.Model;

namespace LoraBridge.Adapters.Conversion;

/// <summary>A weight of a GGUF model that a module of a checkpoint stands for.</summary>
/// <param name="Target">Name of the weight.</param>
/// <param name="Expert">Which of its stacked experts; null where it is all of it.</param>
internal readonly record struct NamedWeight(string Target, int? Expert);

/// <summary>Names of modules in Hugging Face checkpoints, and of weights in GGUF models.</summary>
internal sealed partial class CheckpointNames(CheckpointLayout layout)
{
    private const string Embedding = "model.embed_tokens", Head = "lm_head";

    /// <summary>What a module is called in GGUF, or null.</summary>
    /// <param name="module">For example <c>model.layers.3.self_attn.q_proj</c>; text models inside of others have longer beginnings.</param>
    internal NamedWeight? Find(string module)
    {
        var name = Beginning().Replace(module, "");
        if (name is "embed_tokens" or Head)
            return new NamedWeight(name == Head ? TensorNames.Output : TensorNames.TokenEmbedding, null);
        if (InLayer().Match(name) is not { Success: true } match)
            return null;
        var (layer, inLayer) = (match.Groups[1].Value, match.Groups[2].Value);
        if (RoleOf(layout.Modules, inLayer) is { } role)
            return new NamedWeight($"blk.{layer}.{role}.weight", null);
        // MLX stacks experts, too.
        if (RoleOf(layout.Experts, inLayer.Replace(".switch_mlp.", ".experts.{0}.", StringComparison.Ordinal)) is { } stacked)
            return new NamedWeight($"blk.{layer}.{stacked}.weight", null);
        return ExpertNumber().Match(inLayer) is { Success: true } expert && int.TryParse(expert.Groups[1].Value, CultureInfo.InvariantCulture, out var number)
            && RoleOf(layout.Experts, ExpertNumber().Replace(inLayer, ".experts.{0}.")) is { } roleOfExpert
            ? new NamedWeight($"blk.{layer}.{roleOfExpert}.weight", number)
            : null;
    }

    /// <summary>What a weight is called in a checkpoint: one name, one for each expert, or none.</summary>
    internal IReadOnlyList<string> ModulesOf(GgufTensorInfo weight)
    {
        if (weight.Name is TensorNames.TokenEmbedding or TensorNames.Output)
            return [weight.Name == TensorNames.Output ? Head : Embedding];
        if (TensorNames.LayerOf(weight.Name) is not { } layer || !weight.Name.EndsWith(".weight", StringComparison.Ordinal))
            return [];
        var role = TensorNames.ModuleOf(weight.Name);
        var module = layout.Modules.FirstOrDefault(entry => entry.Role == role).Name;
        if (module is not null)
            return [$"model.layers.{layer}.{module}"];
        var expert = layout.Experts.FirstOrDefault(entry => entry.Role == role).Name;
        return expert is null
            ? []
            : [.. Enumerable.Range(0, (int)weight.Dimension(2)).Select(e => $"model.layers.{layer}.{string.Format(CultureInfo.InvariantCulture, expert, e)}")];
    }

    private static string? RoleOf(IEnumerable<(string Name, string Role)> modules, string name) =>
        modules.FirstOrDefault(entry => entry.Name == name).Role;

    [GeneratedRegex(@"^(?:language_model\.|model\.){0,3}")]
    private static partial Regex Beginning();

    [GeneratedRegex(@"^layers\.(\d{1,6})\.(.+)$")]
    private static partial Regex InLayer();

    [GeneratedRegex(@"\.experts\.(\d{1,6})\.")]
    private static partial Regex ExpertNumber();
}

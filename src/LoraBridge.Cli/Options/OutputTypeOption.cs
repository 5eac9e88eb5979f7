using System.CommandLine;
using System.CommandLine.Parsing;
using LoraBridge.Finetuning;

namespace LoraBridge.Cli.Options;

/// <summary>The type of a merged model: <c>keep</c>, or a name that llama.cpp's tools use, in any case.</summary>
internal static class OutputTypeOption
{
    internal static Option<MergeOutputType> Create(string name = "--type") => new(name)
    {
        Description = "Types of the tensors: keep, f32, f16, bf16 change the merged ones; q8_0, q4_0, q4_k_m and the like quantise the whole model.",
        HelpName = "TYPE",
        DefaultValueFactory = _ => MergeOutputType.Keep,
        CustomParser = result => Parse(result, name, Enum.GetNames<MergeOutputType>()),
    };

    /// <summary>A type for a whole model, which must be named.</summary>
    internal static Option<MergeOutputType> Recipe() => new("--type")
    {
        Description = "Type of the model: f32, f16, bf16, q8_0, q4_0, q4_k_m and the like.",
        HelpName = "TYPE",
        Required = true,
        CustomParser = result => Parse(result, "--type", [.. Enum.GetNames<MergeOutputType>().Where(name => name != nameof(MergeOutputType.Keep))]),
    };

    private static MergeOutputType Parse(ArgumentResult result, string option, string[] names)
    {
        var text = result.Tokens[0].Value;
        // llama.cpp's short names for the middle of three recipes.
        if (text.ToUpperInvariant() is "Q3_K" or "Q4_K" or "Q5_K")
            text += "_M";
        if (names.Contains(text, StringComparer.OrdinalIgnoreCase))
            return Enum.Parse<MergeOutputType>(text, ignoreCase: true);
        result.AddError($"{option} is '{text}', expected {string.Join(", ", names).ToLowerInvariant()}.");
        return MergeOutputType.Keep;
    }
}

using System.CommandLine;
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
        CustomParser = result =>
        {
            var text = result.Tokens[0].Value;
            // llama.cpp's short names for the middle of three recipes.
            if (text.ToUpperInvariant() is "Q3_K" or "Q4_K" or "Q5_K")
                text += "_M";
            // A number would be taken for a value of the enum, whether there is one or not.
            if (char.IsAsciiLetter(text.FirstOrDefault()) && Enum.TryParse<MergeOutputType>(text, ignoreCase: true, out var type))
                return type;
            result.AddError($"{name} is '{text}', expected {string.Join(", ", Enum.GetNames<MergeOutputType>()).ToLowerInvariant()}.");
            return MergeOutputType.Keep;
        },
    };
}

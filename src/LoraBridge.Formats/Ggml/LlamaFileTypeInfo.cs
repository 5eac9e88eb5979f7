using System.Collections.Frozen;

namespace LoraBridge.Formats;

/// <summary>Names of the file types, as llama.cpp prints them and as its tools take them.</summary>
public static class LlamaFileTypeInfo
{
    private static readonly FrozenDictionary<LlamaFileType, string> Names = new Dictionary<LlamaFileType, string>
    {
        [LlamaFileType.AllF32] = "all F32",
        [LlamaFileType.F16] = "F16",
        [LlamaFileType.Q4_0] = "Q4_0",
        [LlamaFileType.Q4_1] = "Q4_1",
        [LlamaFileType.Q8_0] = "Q8_0",
        [LlamaFileType.Q5_0] = "Q5_0",
        [LlamaFileType.Q5_1] = "Q5_1",
        [LlamaFileType.Q2_K] = "Q2_K - Medium",
        [LlamaFileType.Q3_K_S] = "Q3_K - Small",
        [LlamaFileType.Q3_K_M] = "Q3_K - Medium",
        [LlamaFileType.Q3_K_L] = "Q3_K - Large",
        [LlamaFileType.Q4_K_S] = "Q4_K - Small",
        [LlamaFileType.Q4_K_M] = "Q4_K - Medium",
        [LlamaFileType.Q5_K_S] = "Q5_K - Small",
        [LlamaFileType.Q5_K_M] = "Q5_K - Medium",
        [LlamaFileType.Q6_K] = "Q6_K",
        [LlamaFileType.IQ2_XXS] = "IQ2_XXS - 2.0625 bpw",
        [LlamaFileType.IQ2_XS] = "IQ2_XS - 2.3125 bpw",
        [LlamaFileType.Q2_K_S] = "Q2_K - Small",
        [LlamaFileType.IQ3_XS] = "IQ3_XS - 3.3 bpw",
        [LlamaFileType.IQ3_XXS] = "IQ3_XXS - 3.0625 bpw",
        [LlamaFileType.IQ1_S] = "IQ1_S - 1.5625 bpw",
        [LlamaFileType.IQ4_NL] = "IQ4_NL - 4.5 bpw",
        [LlamaFileType.IQ3_S] = "IQ3_S - 3.4375 bpw",
        [LlamaFileType.IQ3_M] = "IQ3_S mix - 3.66 bpw",
        [LlamaFileType.IQ2_S] = "IQ2_S - 2.5 bpw",
        [LlamaFileType.IQ2_M] = "IQ2_M - 2.7 bpw",
        [LlamaFileType.IQ4_XS] = "IQ4_XS - 4.25 bpw",
        [LlamaFileType.IQ1_M] = "IQ1_M - 1.75 bpw",
        [LlamaFileType.BF16] = "BF16",
        [LlamaFileType.TQ1_0] = "TQ1_0 - 1.69 bpw ternary",
        [LlamaFileType.TQ2_0] = "TQ2_0 - 2.06 bpw ternary",
        [LlamaFileType.MXFP4_MOE] = "MXFP4 MoE",
        [LlamaFileType.NVFP4] = "NVFP4",
        [LlamaFileType.Q1_0] = "Q1_0",
        [LlamaFileType.Q2_0] = "Q2_0",
    }.ToFrozenDictionary();

    /// <summary>Whether the value names a file type that exists.</summary>
    public static bool IsDefined(this LlamaFileType type) => Names.ContainsKey(type);

    /// <summary>The name llama.cpp prints, such as <c>Q4_K - Medium</c>.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The file type does not exist.</exception>
    public static string Name(this LlamaFileType type) =>
        Names.TryGetValue(type, out var name)
            ? name
            : throw new ArgumentOutOfRangeException(nameof(type), (int)type, "Not a file type.");

    /// <summary>Finds a file type by the name its tools take, whatever the case: <c>Q4_K_M</c>, <c>f16</c>, <c>F32</c>.</summary>
    public static bool TryParse(string? name, out LlamaFileType type)
    {
        foreach (var candidate in Names.Keys)
        {
            var tool = candidate switch
            {
                LlamaFileType.AllF32 => "F32",
                _ => candidate.ToString(),
            };
            if (!string.Equals(name, tool, StringComparison.OrdinalIgnoreCase))
                continue;
            type = candidate;
            return true;
        }

        type = default;
        return false;
    }
}

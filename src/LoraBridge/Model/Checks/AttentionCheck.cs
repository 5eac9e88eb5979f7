using LoraBridge.Formats;

namespace LoraBridge.Model.Checks;

/// <summary>Heads and their sizes: how attention reshapes what its matrices compute.</summary>
internal static class AttentionCheck
{
    private const int MaximumWidth = HyperparameterCheck.MaximumWidth;

    internal static void Check(CheckedMetadata metadata, long width, long layers)
    {
        var heads = metadata.PerLayer("attention.head_count", layers) ?? [0];
        var keyHeads = metadata.PerLayer("attention.head_count_kv", layers) ?? heads;
        if (heads.Concat(keyHeads).FirstOrDefault(count => count is < 0 or > MaximumWidth) is var bad and not 0)
            throw metadata.Fault("attention.head_count", $"{bad}", $"0 to {MaximumWidth}");
        for (var layer = 0; layer < Math.Max(heads.Length, keyHeads.Length); layer++)
        {
            var queries = heads[Math.Min(layer, heads.Length - 1)];
            var keys = keyHeads[Math.Min(layer, keyHeads.Length - 1)];
            if (keys > 0 && queries % keys != 0)
                throw metadata.Fault("attention.head_count_kv", $"{keys}", $"a divisor of the {queries} heads");
        }
        if (heads[0] == 0)
            return;
        CheckSizes(metadata, width / heads[0], "");
        CheckSizes(metadata, width / heads[0], "_swa");
        CheckRotarySections(metadata, metadata.Integer("attention.key_length") ?? width / heads[0]);
        CheckWindows(metadata);
        CheckLatentHeads(metadata);
        CheckTemperature(metadata);
        CheckOutputs(metadata, heads, metadata.Integer("attention.value_length") ?? width / heads[0]);
    }

    private static void CheckSizes(CheckedMetadata metadata, long fallback, string variant)
    {
        var key = Length("attention.key_length", fallback);
        var value = Length("attention.value_length", fallback);
        var rotated = metadata.Integer($"rope.dimension_count{variant}", 1, key, metadata.Integer("rope.dimension_count") ?? key);
        if (rotated % 2 != 0)
            throw metadata.Fault($"rope.dimension_count{variant}", $"{rotated}", "an even number");
        if (!DifferentWindowHeads.Contains(metadata.Architecture) && (metadata.Integer("attention.key_length") ?? key) != key)
            throw metadata.Fault($"attention.key_length{variant}", $"{key}", "the length of all keys");
        if (EqualHeadSizes.Contains(metadata.Architecture) && key != value)
            throw metadata.Fault($"attention.value_length{variant}", $"{value}", $"{key}, the length of the keys");
        if (FullyRotated.Contains(metadata.Architecture) && key != rotated)
            throw metadata.Fault($"rope.dimension_count{variant}", $"{rotated}", $"{key}, the length of the keys");

        long Length(string suffix, long missing) =>
            metadata.Integer(suffix + variant, 1, MaximumWidth, metadata.Integer(suffix) ?? missing);
    }

    /// <summary>Multi-axis rotation shares the dimensions of a head among axes, and asserts that they are enough and that there are axes.</summary>
    private static void CheckRotarySections(CheckedMetadata metadata, long size)
    {
        var key = metadata.Values.ArchitectureKey("rope.dimension_sections");
        if (!metadata.Values.TryGet(key, out var value))
            return;
        var found = value.TryGetInt64Array(out var sections) ? $"[{string.Join(", ", sections)}]" : value.TypeName;
        if (sections is not { Length: >= 3 and <= 4 } || sections.Any(section => section < 0 || section > size) || sections.Sum() > size)
            throw metadata.Fault("rope.dimension_sections", found, $"3 or 4 numbers whose sum is at most {size}, the length of the keys");
        if (sections[..3].Sum() == 0 && (sections.Sum() > 0 || MultiAxis.Contains(metadata.Architecture)))
            throw metadata.Fault("rope.dimension_sections", found, "a positive number among the first three");
    }

    /// <summary>Keys of latent attention have a part that is rotated and one that is not. Paper: <see href="https://arxiv.org/abs/2405.04434"/>.</summary>
    private static void CheckLatentHeads(CheckedMetadata metadata)
    {
        if (metadata.Integer("attention.key_length_mla") is not { } key || key == 0)
            return;
        metadata.Integer("attention.key_length_mla", (metadata.Integer("rope.dimension_count") ?? 0) + 1, MaximumWidth);
        metadata.Integer("attention.value_length_mla", 1, MaximumWidth, missing: 1);
    }

    private static void CheckTemperature(CheckedMetadata metadata)
    {
        var scale = metadata.NotNegative("attention.temperature_scale");
        // Other architectures than these have a length of their own, whatever the file says.
        if (scale > 0 && metadata.Architecture is ("deepseek2" or "mistral4"))
            metadata.Integer("attention.temperature_length", 1, int.MaxValue, missing: 0);
    }

    /// <summary>What the heads compute, side by side, is what the output matrix takes: a fused matrix of queries would not show it.</summary>
    private static void CheckOutputs(CheckedMetadata metadata, long[] heads, long size)
    {
        if (!EqualHeadSizes.Contains(metadata.Architecture))
            return;
        foreach (var tensor in metadata.Files.Tensors.Where(tensor => tensor.Name.EndsWith(".attn_output.weight", StringComparison.Ordinal)))
        {
            if (TensorNames.LayerOf(tensor.Name) is not { } layer)
                continue;
            var count = heads[Math.Min(layer, heads.Length - 1)];
            if (count > 0 && tensor.Info.Dimension(0) != count * size)
                throw metadata.Fault($"'{tensor.Name}' has {tensor.Info.Dimension(0)} inputs, expected {count * size}: {count} heads of {size}");
        }
    }

    /// <summary>A model with a sliding window must use it in a layer.</summary>
    private static void CheckWindows(CheckedMetadata metadata)
    {
        if (metadata.Integer("attention.sliding_window") is null or 0)
            return;
        var key = metadata.Values.ArchitectureKey("attention.sliding_window_pattern");
        if (metadata.Values.TryGet(key, out var pattern) && pattern.Count > 1 && IsAllZero(pattern))
            throw metadata.Fault("attention.sliding_window_pattern", "0 for all layers", "a layer with a sliding window");
    }

    private static bool IsAllZero(GgufValue pattern) =>
        pattern.TryGetArray<bool>(out var flags) ? !flags.Contains(true)
        : pattern.TryGetInt64Array(out var numbers) && numbers.All(number => number == 0);

    // The architectures whose graphs assert these equalities, or multiply matrices of these sizes.
    private static readonly HashSet<string> FullyRotated =
    [
        "apertus", "arcee", "arctic", "baichuan", "chameleon", "codeshell", "cogvlm", "cohere2moe", "dbrx", "deci", "deepseek", "dots1",
        "dream", "ernie4_5", "ernie4_5-moe", "exaone", "exaone4", "exaone-moe", "falcon", "granite", "granitemoe", "grok", "grovemoe",
        "hunyuan-moe", "internlm2", "jais2", "llada", "llada-moe", "llama", "llama4", "maincoder", "mellum", "minimax-m2", "mistral3",
        "nemotron", "olmo", "olmo2", "olmoe", "orion", "paddleocr", "pangu-embedded", "plamo", "qwen2", "qwen2moe", "qwen2vl", "qwen3", "qwen3moe",
        "qwen3vl", "qwen3vlmoe", "rnd1", "seed_oss", "smallthinker", "smollm3", "starcoder2", "talkie", "xverse",
    ];

    private static readonly HashSet<string> EqualHeadSizes =
    [
        .. FullyRotated, "afmoe", "bailingmoe2", "bert", "bitnet", "bloom", "chatglm", "cohere2", "command-r", "gemma", "gemma2",
        "gemma3", "gemma3n", "gemma-embedding", "glm4", "glm4moe", "gpt2", "gpt-oss", "gptneox", "granitehybrid", "jais", "modern-bert", "mpt",
        "nemotron_h", "nemotron_h_moe", "neo-bert", "openelm", "phi2", "phi3", "qwen", "qwen35", "qwen35moe", "qwen3next",
        "refact", "stablelm", "starcoder", "t5",
    ];

    // The architectures that always rotate along several axes.
    private static readonly HashSet<string> MultiAxis = ["paddleocr", "qwen2vl", "qwen35", "qwen35moe", "qwen3vl", "qwen3vlmoe"];

    // The architectures whose layers with a sliding window have heads of their own size.
    private static readonly HashSet<string> DifferentWindowHeads = ["gemma4", "gemma4-assistant", "mimo2", "spark2_5", "step35"];
}

namespace LoraBridge.Model.Checks;

/// <summary>Sizes and counts of a model: those that llama.cpp or ggml assert, or divide by.</summary>
internal static class HyperparameterCheck
{
    private const int MaximumLayers = 512;
    private const int MaximumExperts = 1024;
    private const int MaximumWidth = 1 << 24;

    private static readonly string[] RopeScalingTypes = ["none", "linear", "yarn", "longrope"];
    private static readonly string[] StateSpaceSizes = ["ssm.conv_kernel", "ssm.inner_size", "ssm.state_size", "ssm.time_step_rank"];

    internal static void Check(CheckedMetadata metadata)
    {
        metadata.Integer("context_length", 1, int.MaxValue);
        var width = metadata.Integer("embedding_length", 1, MaximumWidth);
        var layers = metadata.Integer("block_count", 1, MaximumLayers);
        metadata.Integer("nextn_predict_layers", 0, layers, missing: 0);
        CheckExperts(metadata, layers);
        CheckHeads(metadata, width, layers);
        CheckNumbers(metadata);
        CheckStateSpace(metadata);
    }

    private static void CheckExperts(CheckedMetadata metadata, long layers)
    {
        var experts = metadata.Integer("expert_count", 0, MaximumExperts, missing: 0);
        var used = metadata.PerLayer("expert_used_count", layers)?.Max() ?? 0;
        var groups = metadata.Integer("expert_group_count", 0, MaximumExperts, missing: 0);
        // Some dense models of these families carry the counts of one expert.
        if (experts <= 1 && metadata.Architecture.StartsWith("hunyuan", StringComparison.Ordinal))
            return;
        if (used < (experts > 0 ? 1 : 0) || used > experts)
            throw metadata.Fault("expert_used_count", $"{used}", experts > 0 ? $"1 to {experts}" : "0");
        if (groups > 0 && groups >= experts)
            throw metadata.Fault("expert_group_count", $"{groups}", $"fewer than the {experts} experts");
        if (groups > 1)
        {
            if (experts % groups != 0)
                throw metadata.Fault("expert_group_count", $"{groups}", $"a divisor of the {experts} experts");
            metadata.Integer("expert_group_used_count", 1, groups - 1, missing: 0);
        }
        if (experts > 0)
            metadata.Integer("expert_gating_func", 0, 4, missing: 0);
    }

    private static void CheckHeads(CheckedMetadata metadata, long width, long layers)
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
        CheckHeadSizes(metadata, width / heads[0], "");
        CheckHeadSizes(metadata, width / heads[0], "_swa");
    }

    private static void CheckHeadSizes(CheckedMetadata metadata, long fallback, string variant)
    {
        var key = Length("attention.key_length", fallback);
        var value = Length("attention.value_length", fallback);
        var rotated = metadata.Integer($"rope.dimension_count{variant}", 0, key, metadata.Integer("rope.dimension_count") ?? key);
        if (rotated % 2 != 0)
            throw metadata.Fault($"rope.dimension_count{variant}", $"{rotated}", "an even number");
        if (EqualHeadSizes.Contains(metadata.Architecture) && key != value)
            throw metadata.Fault($"attention.value_length{variant}", $"{value}", $"{key}, the length of the keys");
        if (FullyRotated.Contains(metadata.Architecture) && key != rotated)
            throw metadata.Fault($"rope.dimension_count{variant}", $"{rotated}", $"{key}, the length of the keys");

        long Length(string suffix, long missing) =>
            metadata.Integer(suffix + variant, 1, MaximumWidth, metadata.Integer(suffix) ?? missing);
    }

    private static void CheckNumbers(CheckedMetadata metadata)
    {
        metadata.NotNegative("attention.layer_norm_epsilon");
        metadata.NotNegative("attention.layer_norm_rms_epsilon");
        metadata.NotNegative("attention.group_norm_epsilon");
        metadata.NotNegative("attention.max_alibi_bias");
        if (metadata.NotNegative("rope.freq_base") == 0)
            throw metadata.Fault("rope.freq_base", "0", "a positive number");
        var key = metadata.Values.ArchitectureKey("rope.scaling.type");
        if (metadata.Values.TryGetString(key, out var type) && !RopeScalingTypes.Contains(type))
            throw metadata.Fault("rope.scaling.type", $"'{type}'", string.Join(", ", RopeScalingTypes));
    }

    private static void CheckStateSpace(CheckedMetadata metadata)
    {
        if (!metadata.Files.Tensors.Any(tensor => tensor.Name.Contains(".ssm_", StringComparison.Ordinal)))
            return;
        foreach (var size in StateSpaceSizes)
            metadata.Integer(size, 1, MaximumWidth, missing: 1);
        metadata.Integer("ssm.group_count", 0, MaximumWidth, missing: 0);
    }

    // The architectures whose graphs assert these equalities.
    private static readonly HashSet<string> FullyRotated =
    [
        "apertus", "arcee", "arctic", "baichuan", "chameleon", "codeshell", "cogvlm", "cohere2moe", "dbrx", "deci", "deepseek", "dots1",
        "dream",
        "ernie4_5", "ernie4_5-moe", "exaone", "exaone4", "exaone-moe", "falcon", "granite", "granitemoe", "grok", "grovemoe", "hunyuan-moe",
        "internlm2", "jais2", "llada", "llada-moe", "llama", "llama4", "maincoder", "mellum", "minimax-m2", "mistral3", "nemotron", "olmo",
        "olmo2", "olmoe", "orion", "paddleocr", "pangu-embedded", "plamo", "qwen2", "qwen2moe", "qwen2vl", "qwen3", "qwen3moe", "qwen3vl",
        "qwen3vlmoe", "rnd1", "seed_oss", "smallthinker", "smollm3", "starcoder2", "talkie", "xverse",
    ];

    private static readonly HashSet<string> EqualHeadSizes =
    [
        .. FullyRotated, "afmoe", "bailingmoe2", "bert", "bitnet", "bloom", "chatglm", "cohere2", "command-r", "glm4", "glm4moe", "gpt2",
        "gptneox", "granitehybrid", "jais", "modern-bert", "mpt", "nemotron_h", "nemotron_h_moe", "neo-bert", "openelm", "phi2", "phi3",
        "qwen", "qwen35", "qwen35moe", "qwen3next", "refact", "stablelm", "starcoder", "t5",
    ];
}

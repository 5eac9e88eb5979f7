namespace LoraBridge.Model.Checks;

/// <summary>Sizes and counts of a model: those that llama.cpp or ggml assert, or divide by.</summary>
internal static class HyperparameterCheck
{
    private const int MaximumLayers = 512;
    private const int MaximumExperts = 1024;
    internal const int MaximumWidth = 1 << 24;

    private static readonly string[] RopeScalingTypes = ["none", "linear", "yarn", "longrope"];
    private static readonly string[] StateSpaceSizes = ["ssm.conv_kernel", "ssm.inner_size", "ssm.state_size", "ssm.time_step_rank"];

    internal static void Check(CheckedMetadata metadata)
    {
        metadata.Integer("context_length", 1, int.MaxValue);
        var width = metadata.Integer("embedding_length", 1, MaximumWidth);
        var layers = metadata.Integer("block_count", 1, MaximumLayers);
        metadata.Integer("nextn_predict_layers", 0, layers, missing: 0);
        CheckExperts(metadata, layers);
        AttentionCheck.Check(metadata, width, layers);
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
        // Delta attention has convolutions, but its heads are as wide as a key of their own says.
        var hasOwnWidth = metadata.Integer("kda.head_dim", 0, MaximumWidth, missing: 0) > 0;
        foreach (var size in StateSpaceSizes)
            metadata.Integer(size, hasOwnWidth && size != "ssm.conv_kernel" ? 0 : 1, MaximumWidth, missing: 1);
        metadata.Integer("ssm.group_count", 0, MaximumWidth, missing: 0);
    }
}

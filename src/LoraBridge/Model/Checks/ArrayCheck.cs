using LoraBridge.Formats;

namespace LoraBridge.Model.Checks;

/// <summary>
/// Arrays in the metadata. llama.cpp asserts their element types, or takes their bytes for what it expects; its newer builds report some.
/// </summary>
internal static class ArrayCheck
{
    private static readonly (string Key, GgufValueType[] Types)[] s_vocabulary =
    [
        ("tokenizer.ggml.tokens", [GgufValueType.String]),
        ("tokenizer.ggml.merges", [GgufValueType.String]),
        ("tokenizer.ggml.scores", [GgufValueType.Float32]),
        ("tokenizer.ggml.token_type", [GgufValueType.Int32]),
        ("tokenizer.ggml.precompiled_charsmap", [GgufValueType.Int8, GgufValueType.UInt8]),
        ("tokenizer.ggml.suppress_tokens", [GgufValueType.Int32]),
        ("xielu.alpha_p", [GgufValueType.Float32]),
        ("xielu.alpha_n", [GgufValueType.Float32]),
        ("xielu.beta", [GgufValueType.Float32]),
        ("xielu.eps", [GgufValueType.Float32]),
    ];

    // Keys behind the architecture's name; a scalar in place of an array is another matter, and allowed for most.
    private static readonly string[] s_numbers = ["swiglu_clamp_exp", "swiglu_clamp_shexp"];

    private static readonly string[] s_integers =
    [
        "attention.compress_ratios", "attention.head_count", "attention.head_count_kv", "attention.indexer.types", "attention.recurrent_layers",
        "attention.rope_pattern", "attention.sliding_window_pattern", "deepstack_mapping", "expert_feed_forward_length", "expert_used_count",
        "feed_forward_length", "ple.head_offsets", "ple.head_vocab_sizes", "ple.layer_multipliers", "ple.layers", "rope.dimension_sections",
        "target_layers",
    ];

    internal static void Check(CheckedMetadata metadata)
    {
        foreach (var (key, types) in s_vocabulary)
        {
            // xIELU's numbers may be one for all layers.
            var mayBeScalar = key.StartsWith("xielu.", StringComparison.Ordinal);
            if (metadata.Values.TryGet(key, out var value) && !(mayBeScalar && value.ElementType is null))
                Require(metadata, key, value, types);
        }
        RequireElements(metadata, "classifier.output_labels", GgufValueType.String);
        foreach (var suffix in s_numbers)
            RequireElements(metadata, suffix, GgufValueType.Float32);
        foreach (var suffix in s_integers)
            RequireElements(metadata, suffix, GgufValueType.Int32, GgufValueType.UInt32, GgufValueType.UInt64, GgufValueType.Bool);
    }

    private static void RequireElements(CheckedMetadata metadata, string suffix, params GgufValueType[] types)
    {
        var key = metadata.Values.ArchitectureKey(suffix);
        if (metadata.Values.TryGet(key, out var value) && value.ElementType is not null)
            Require(metadata, key, value, types);
    }

    private static void Require(CheckedMetadata metadata, string key, GgufValue value, GgufValueType[] types)
    {
        if (value.ElementType is not { } element || !types.Contains(element))
            throw metadata.Fault($"{key} has type {value.TypeName}, expected Array of {string.Join(" or ", types)}");
    }
}

using LoraBridge.Formats;

namespace LoraBridge.TestKit;

/// <summary>
/// A random model that looks up hashes of neighbouring tokens, which llama.cpp computes outside of the graph: Qwen 4 (experimental), with one
/// recurrent layer that has the lookup, and one of attention.
/// </summary>
public static class HashedModel
{
    private const int D = 64, F = 48, Streams = 2, LowRank = 8, State = 32, Groups = 2, Kernel = 4, Experts = 2, Index = 32;
    private const int Rows = 256, Heads = 2, RowsOfHead = Rows / Heads, HeadSize = 32;

    /// <summary>Writes the model.</summary>
    public static void Write(string path)
    {
        var model = new FamilyWriter("qwen4exp");
        model.Matrix("token_embd", D, TinyVocabulary.Size);
        model.Matrix("output", D, TinyVocabulary.Size);
        model.Matrix("per_layer_token_embd", HeadSize, Rows);
        AddMix(model, "output_hc");
        model.Prefix = "blk.0.";
        AddRecurrence(model);
        AddLookup(model);
        AddFeedForward(model);
        model.Prefix = "blk.1.";
        AddAttention(model);
        AddFeedForward(model);
        model.Save(path, Sizes(), metadata => metadata
            .Set("qwen4exp.rope.dimension_sections", GgufValue.FromArray<int>([8, 8, 0, 0]))
            .Set("qwen4exp.ple.layers", GgufValue.FromArray<uint>([0]))
            .Set("qwen4exp.ple.layer_multipliers", GgufValue.FromArray<ulong>([1, 3]))
            .Set("qwen4exp.ple.head_offsets", GgufValue.FromArray<ulong>([0, RowsOfHead]))
            .Set("qwen4exp.ple.head_vocab_sizes", GgufValue.FromArray<ulong>([RowsOfHead, RowsOfHead])));
    }

    private static void AddMix(FamilyWriter model, string name)
    {
        model.Vector($"{name}_norm.weight", 1, D, Streams);
        model.Matrix($"{name}_down", D * Streams, LowRank);
        model.Matrix($"{name}_up", LowRank, D * Streams);
    }

    private static void AddRecurrence(FamilyWriter model)
    {
        const int Inner = State * Groups;
        AddMix(model, "hc_attn");
        model.Matrix("hc_attn_inject", D * Streams, Streams);
        model.Matrix("attn_qkv", D, 3 * Inner);
        model.Matrix("attn_gate", D, Inner);
        model.Matrix("ssm_conv1d", Kernel, 3 * Inner);
        model.Vector("ssm_dt.bias", 0, Groups);
        model.Vector("ssm_a", -1, Groups);
        model.Matrix("ssm_beta", D, Groups);
        model.Matrix("ssm_alpha", D, Groups);
        model.Norm("ssm_norm", State);
        model.Matrix("ssm_out", Inner, D);
    }

    private static void AddLookup(FamilyWriter model)
    {
        model.Matrix("ple_key", D, D * Streams);
        model.Matrix("ple_value", D, D);
        foreach (var name in new[] { "key", "query", "conv" })
            model.Vector($"ple_norm_{name}.weight", 1, D, Streams);
        model.Matrix("ple_conv1d", Kernel, D * Streams);
    }

    private static void AddAttention(FamilyWriter model)
    {
        AddMix(model, "hc_attn");
        model.Matrix("hc_attn_inject", D * Streams, Streams);
        model.Matrix("attn_q", D, 2 * D);
        foreach (var name in new[] { "attn_k", "attn_v", "attn_output" })
            model.Matrix(name, D, D);
        model.Norm("attn_q_norm", HeadSize);
        model.Norm("attn_k_norm", HeadSize);
        model.Matrix("indexer.q_proj", D, Heads * Index);
        model.Matrix("indexer.k_proj", D, Index);
        model.Norm("indexer.q_norm", Index);
        model.Norm("indexer.k_norm", Index);
    }

    private static void AddFeedForward(FamilyWriter model)
    {
        AddMix(model, "hc_ffn");
        model.Matrix("hc_ffn_inject", D * Streams, Streams);
        model.Matrix("ffn_gate_inp", D, Experts);
        model.Matrix("ffn_down_exps", F, D, Experts);
        model.Matrix("ffn_gate_up_exps", D, 2 * F, Experts);
        model.Vector("ffn_gate_inp_shexp.weight", 0, D);
        model.Matrix("ffn_gate_shexp", D, F);
        model.Matrix("ffn_up_shexp", D, F);
        model.Matrix("ffn_down_shexp", F, D);
    }

    private static Dictionary<string, uint> Sizes() => new()
    {
        ["context_length"] = 256, ["embedding_length"] = D, ["embedding_length_out"] = D * Streams, ["block_count"] = 2,
        ["feed_forward_length"] = F, ["expert_feed_forward_length"] = F, ["expert_shared_feed_forward_length"] = F,
        ["expert_count"] = Experts, ["expert_used_count"] = Experts, ["attention.head_count"] = Heads, ["attention.key_length"] = HeadSize,
        ["attention.value_length"] = HeadSize, ["attention.indexer.head_count"] = Heads, ["attention.indexer.key_length"] = Index,
        ["attention.indexer.top_k"] = 1 << 17, ["attention.compress_ratios"] = 4, ["full_attention_interval"] = 2,
        ["hyper_connection.count"] = Streams, ["hyper_connection.low_rank"] = LowRank, ["rope.dimension_count"] = HeadSize,
        ["ssm.inner_size"] = State * Groups, ["ssm.conv_kernel"] = Kernel, ["ssm.state_size"] = State, ["ssm.time_step_rank"] = Groups,
        ["ssm.group_count"] = Groups, ["ple.ngram_size"] = 2, ["ple.heads_per_ngram"] = Heads, ["ple.conv_kernel"] = Kernel,
        ["ple.eos_token_id"] = TinyVocabulary.EndOfText, ["embedding_length_per_layer_input"] = HeadSize,
    };
}

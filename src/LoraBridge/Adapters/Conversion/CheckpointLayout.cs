using System.Collections.Frozen;
using LoraBridge.Formats;

namespace LoraBridge.Adapters.Conversion;

/// <summary>
/// How the weights of a Hugging Face checkpoint are called and lie compared with those of a GGUF model. This is what llama.cpp's
/// converters do, which nothing in a GGUF file tells: so it is listed by the name that the file states, and what is not listed is refused.
/// </summary>
/// <param name="Modules">Modules of a layer: name in the checkpoint, role in GGUF.</param>
/// <param name="Experts">Modules of an expert, which GGUF stacks: the name has {0} for the expert's number.</param>
/// <param name="InterleavesHeads">
/// Whether the rows of query and key are in another order: rotary embeddings turn pairs of features, which the checkpoint keeps half a
/// head apart and GGUF side by side.
/// </param>
internal sealed record CheckpointLayout(
    IReadOnlyList<(string Name, string Role)> Modules, IReadOnlyList<(string Name, string Role)> Experts, bool InterleavesHeads)
{
    private static readonly (string, string)[] Attention =
        [("self_attn.q_proj", "attn_q"), ("self_attn.k_proj", "attn_k"), ("self_attn.v_proj", "attn_v"), ("self_attn.o_proj", "attn_output")];

    private static readonly (string, string)[] FeedForward =
        [("mlp.gate_proj", "ffn_gate"), ("mlp.up_proj", "ffn_up"), ("mlp.down_proj", "ffn_down")];

    private static readonly CheckpointLayout Plain = new([.. Attention, .. FeedForward], [], InterleavesHeads: false);

    private static readonly CheckpointLayout Interleaved = Plain with { InterleavesHeads = true };

    private static readonly CheckpointLayout WithBlocksOfExperts = Interleaved with
    {
        Modules = [.. Interleaved.Modules, ("block_sparse_moe.gate", "ffn_gate_inp")],
        Experts =
        [
            ("block_sparse_moe.experts.{0}.w1", "ffn_gate_exps"), ("block_sparse_moe.experts.{0}.w3", "ffn_up_exps"),
            ("block_sparse_moe.experts.{0}.w2", "ffn_down_exps"),
        ],
    };

    private static readonly CheckpointLayout WithExperts = Plain with
    {
        Modules =
        [
            .. Plain.Modules, ("mlp.gate", "ffn_gate_inp"), ("mlp.shared_expert.gate_proj", "ffn_gate_shexp"),
            ("mlp.shared_expert.up_proj", "ffn_up_shexp"), ("mlp.shared_expert.down_proj", "ffn_down_shexp"),
        ],
        Experts =
        [
            ("mlp.experts.{0}.gate_proj", "ffn_gate_exps"), ("mlp.experts.{0}.up_proj", "ffn_up_exps"),
            ("mlp.experts.{0}.down_proj", "ffn_down_exps"),
        ],
    };

    private static readonly CheckpointLayout Fused = new(
        [("self_attn.qkv_proj", "attn_qkv"), ("self_attn.o_proj", "attn_output"), ("mlp.gate_up_proj", "ffn_up"), ("mlp.down_proj", "ffn_down")],
        [], InterleavesHeads: false);

    private static readonly CheckpointLayout Ungated =
        new([.. Attention, ("mlp.c_fc", "ffn_up"), ("mlp.c_proj", "ffn_down")], [], InterleavesHeads: false);

    private static readonly FrozenDictionary<string, CheckpointLayout> Known = new Dictionary<string, CheckpointLayout>
    {
        ["llama"] = WithBlocksOfExperts,
        ["arcee"] = Interleaved,
        ["granite"] = Interleaved,
        ["minicpm"] = Interleaved,
        ["olmo"] = Interleaved,
        ["smollm3"] = Interleaved,
        ["apertus"] = Plain,
        ["cohere2"] = Plain,
        ["command-r"] = Plain,
        ["gemma"] = Plain,
        ["gemma2"] = Plain,
        ["gemma3"] = Plain,
        ["olmo2"] = Plain,
        ["olmoe"] = WithExperts,
        ["phi3"] = Fused,
        ["qwen2"] = Plain,
        ["qwen2moe"] = WithExperts,
        ["qwen3"] = Plain,
        ["qwen3moe"] = WithExperts,
        ["seed_oss"] = Plain,
        ["starcoder2"] = Ungated,
    }.ToFrozenDictionary();

    /// <summary>The layout of a model's checkpoint.</summary>
    /// <exception cref="NotSupportedException">It is not known: names could be guessed, but a wrong order of rows would go unnoticed.</exception>
    internal static CheckpointLayout Of(GgufMetadata model) => Known.GetValueOrDefault(model.Architecture ?? "")
        ?? throw new NotSupportedException(
            $"It is not known how llama.cpp arranges the weights of '{model.Architecture}' checkpoints; known are {string.Join(", ", Known.Keys.Order(StringComparer.Ordinal))}.");
}

using System.Collections.Concurrent;
using LoraBridge.Formats;

namespace LoraBridge.TestKit;

/// <summary>Files of random models, one of each <see cref="TinyFamily"/>: F32, made once per process.</summary>
public static class TinyFamilies
{
    private const int D = 64, F = 96, Layers = 2, Heads = 2, Experts = 4, Latent = 32, QueryLatent = 48, Rotated = 16, Unrotated = 24, Value = 40;
    private const int Inner = 128, State = 16, StateHeads = 4, Kernel = 4;

    private static readonly ConcurrentDictionary<TinyFamily, Lazy<string>> Paths = new();
    private static readonly TemporaryFolder Folder = CreateFolder();

    /// <summary>The path of a model file; do not change it.</summary>
    public static string PathOf(TinyFamily family) =>
        Paths.GetOrAdd(family, static key => new Lazy<string>(() => Write(key))).Value;

    private static string Write(TinyFamily family)
    {
        var path = Folder[$"{family}.gguf"];
        var model = new FamilyWriter(ArchitectureOf(family));
        model.Matrix("token_embd", D, TinyVocabulary.Size);
        if (family == TinyFamily.LinearBiases)
            model.Norm("token_embd_norm", D, bias: true);
        for (var layer = 0; layer < Layers; layer++)
        {
            model.Prefix = $"blk.{layer}.";
            model.Norm("attn_norm", D, bias: family == TinyFamily.LinearBiases);
            AddMixer(model, family);
            if (family != TinyFamily.StateSpace)
                model.Norm("ffn_norm", D, bias: family == TinyFamily.LinearBiases);
            AddFeedForward(model, family, layer);
        }
        model.Prefix = "";
        model.Norm("output_norm", D, bias: family == TinyFamily.LinearBiases);
        model.Matrix("output", D, TinyVocabulary.Size);
        model.Save(path, SizesOf(family));
        return path;
    }

    private static string ArchitectureOf(TinyFamily family) => family switch
    {
        TinyFamily.Dense => "llama",
        TinyFamily.MixtureOfExperts => "qwen3moe",
        TinyFamily.LatentAttention => "deepseek2",
        TinyFamily.LinearBiases => "bloom",
        TinyFamily.Bidirectional => "llada",
        _ => "mamba2",
    };

    private static void AddMixer(FamilyWriter model, TinyFamily family)
    {
        switch (family)
        {
            case TinyFamily.StateSpace:
                const int Channels = Inner + 2 * State;
                model.Matrix("ssm_in", D, Inner + Channels + StateHeads);
                model.Matrix("ssm_conv1d", Kernel, Channels);
                model.Vector("ssm_conv1d.bias", 0, Channels);
                model.Vector("ssm_dt.bias", 0, StateHeads);
                model.Vector("ssm_a", -1, 1, StateHeads);
                model.Vector("ssm_d", 1, 1, StateHeads);
                model.Vector("ssm_norm.weight", 1, Inner, 1);
                model.Matrix("ssm_out", Inner, D);
                return;
            case TinyFamily.LatentAttention:
                model.Norm("attn_q_a_norm", QueryLatent);
                model.Norm("attn_kv_a_norm", Latent);
                model.Matrix("attn_q_a", D, QueryLatent);
                model.Matrix("attn_q_b", QueryLatent, Heads * (Unrotated + Rotated));
                model.Matrix("attn_kv_a_mqa", D, Latent + Rotated);
                model.Matrix("attn_k_b", Unrotated, Latent, Heads);
                model.Matrix("attn_v_b", Latent, Value, Heads);
                model.Matrix("attn_output", Heads * Value, D);
                return;
            case TinyFamily.LinearBiases:
                model.Matrix("attn_qkv", D, 3 * D);
                model.Vector("attn_qkv.bias", 0, 3 * D);
                model.Matrix("attn_output", D, D);
                model.Vector("attn_output.bias", 0, D);
                return;
            default:
                foreach (var name in new[] { "attn_q", "attn_k", "attn_v", "attn_output" })
                    model.Matrix(name, D, D);
                if (family == TinyFamily.MixtureOfExperts)
                {
                    model.Norm("attn_q_norm", D / Heads);
                    model.Norm("attn_k_norm", D / Heads);
                }
                return;
        }
    }

    private static void AddFeedForward(FamilyWriter model, TinyFamily family, int layer)
    {
        var isExpert = family == TinyFamily.MixtureOfExperts || (family == TinyFamily.LatentAttention && layer > 0);
        if (family == TinyFamily.StateSpace)
            return;
        if (family == TinyFamily.LinearBiases)
        {
            model.Matrix("ffn_up", D, F);
            model.Vector("ffn_up.bias", 0, F);
            model.Matrix("ffn_down", F, D);
            model.Vector("ffn_down.bias", 0, D);
            return;
        }
        if (isExpert)
            model.Matrix("ffn_gate_inp", D, Experts);
        AddGated(model, isExpert ? "_exps" : "", isExpert ? Experts : 1);
        if (isExpert && family == TinyFamily.LatentAttention)
            AddGated(model, "_shexp", 1);
    }

    private static void AddGated(FamilyWriter model, string kind, int experts)
    {
        model.Matrix($"ffn_gate{kind}", D, F, experts);
        model.Matrix($"ffn_up{kind}", D, F, experts);
        model.Matrix($"ffn_down{kind}", F, D, experts);
    }

    private static Dictionary<string, uint> SizesOf(TinyFamily family)
    {
        var sizes = new Dictionary<string, uint>
        {
            ["context_length"] = 256, ["embedding_length"] = D, ["block_count"] = Layers, ["feed_forward_length"] = F,
            ["attention.head_count"] = family == TinyFamily.StateSpace ? 0u : Heads,
        };
        (string Key, uint Value)[] more = family switch
        {
            TinyFamily.MixtureOfExperts => [("expert_count", Experts), ("expert_used_count", 2), ("expert_feed_forward_length", F)],
            TinyFamily.LatentAttention =>
            [
                ("attention.head_count_kv", 1), ("attention.q_lora_rank", QueryLatent), ("attention.kv_lora_rank", Latent),
                ("attention.key_length", Latent + Rotated), ("attention.value_length", Latent), ("rope.dimension_count", Rotated),
                ("attention.key_length_mla", Unrotated + Rotated), ("attention.value_length_mla", Value), ("leading_dense_block_count", 1),
                ("expert_count", Experts), ("expert_used_count", 2), ("expert_shared_count", 1), ("expert_feed_forward_length", F),
            ],
            TinyFamily.StateSpace =>
            [
                ("ssm.conv_kernel", Kernel), ("ssm.inner_size", Inner), ("ssm.state_size", State), ("ssm.time_step_rank", StateHeads),
                ("ssm.group_count", 1),
            ],
            _ => [],
        };
        foreach (var (key, value) in more)
            sizes[key] = value;
        return sizes;
    }

    private static TemporaryFolder CreateFolder()
    {
        var folder = new TemporaryFolder();
        AppDomain.CurrentDomain.ProcessExit += (_, _) => folder.Dispose();
        return folder;
    }
}

using System.Numerics.Tensors;
using LoraBridge.Native;
using static LoraBridge.Native.Llama;

namespace LoraBridge.TextGeneration;

/// <summary>Chooses tokens as a <see cref="SamplingMode"/> says. One answer, one sampler: a seed starts anew with each.</summary>
internal sealed class TokenSampler : IDisposable
{
    private readonly SamplerHandle? _chain;

    internal TokenSampler(SamplingMode mode)
    {
        if (mode.Temperature == 0)
            return;
        var samplers = new List<SamplerPtr>();
        if (mode.TopK > 0)
            samplers.Add(llama_sampler_init_top_k(mode.TopK));
        if (mode.TopP < 1)
            samplers.Add(llama_sampler_init_top_p(mode.TopP, 1));
        if (mode.MinP > 0)
            samplers.Add(llama_sampler_init_min_p(mode.MinP, 1));
        samplers.Add(llama_sampler_init_temp(mode.Temperature));
        samplers.Add(llama_sampler_init_dist(mode.Seed is { } seed ? Deterministic(seed) : (uint)Random.Shared.NextInt64(uint.MaxValue)));
        _chain = LlamaSamplers.Chain([.. samplers]);
    }

    /// <summary>llama.cpp takes the greatest seed for a wish to be surprised: here it is a seed like any other.</summary>
    private static uint Deterministic(uint seed) => seed == uint.MaxValue ? 0x9E3779B9 : seed;

    /// <summary>The next token, given the logits of all.</summary>
    /// <exception cref="InvalidDataException">The logits are not numbers: the weights or an adapter are broken.</exception>
    internal int Choose(ReadOnlySpan<float> logits)
    {
        var best = TensorPrimitives.IndexOfMax(logits);
        if (!float.IsFinite(logits[best]))
            throw BrokenLogits();
        return _chain is null ? best : LlamaSamplers.Sample(_chain, logits);
    }

    internal static InvalidDataException BrokenLogits() =>
        new("The model computed logits that are not finite numbers: its weights, or those of an adapter, are broken.");

    public void Dispose() => _chain?.Dispose();
}

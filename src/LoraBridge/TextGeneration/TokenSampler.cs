using System.Numerics.Tensors;
using LoraBridge.Model;
using LoraBridge.Native;
using LoraBridge.TextGeneration.Sampling;
using static LoraBridge.Native.Llama;

namespace LoraBridge.TextGeneration;

/// <summary>Chooses tokens as a <see cref="SamplingMode"/> says. One answer, one sampler: a seed starts anew with each.</summary>
/// <remarks>
/// In this order: logit bias, penalties, DRY, top-k, top-p, min-p, XTC, temperature, choice. A token that the grammar refuses is chosen
/// again among those that it allows, which gives each the same chance as if only those had been looked at.
/// </remarks>
internal sealed class TokenSampler : IDisposable
{
    private readonly SamplerHandle? _chain;
    private readonly IReadOnlyDictionary<int, float>? _bias;
    private readonly Penalties? _penalties;
    private readonly DryPenalty? _dry;
    private readonly GrammarConstraint? _grammar;
    private float[] _adjusted = [];

    /// <param name="mode">How to choose.</param>
    /// <param name="vocabulary">Of the model.</param>
    /// <param name="marks">Control tokens that the answer shows as text, with it: a grammar can ask for them.</param>
    /// <exception cref="ArgumentOutOfRangeException">A logit bias is for a token that the vocabulary does not have.</exception>
    internal TokenSampler(SamplingMode mode, Vocabulary vocabulary, IReadOnlyDictionary<int, byte[]>? marks = null)
    {
        if (mode.LogitBias is { Count: > 0 } bias)
        {
            foreach (var token in bias.Keys)
                ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(token, vocabulary.Size, nameof(SamplingMode.LogitBias));
            _bias = bias;
        }
        if (mode.RepetitionPenalty != 1 || mode.FrequencyPenalty != 0 || mode.PresencePenalty != 0)
            _penalties = new Penalties(mode.RepetitionPenalty, mode.FrequencyPenalty, mode.PresencePenalty, mode.PenaltyWindow);
        if (mode.Dry is { Multiplier: > 0 } dry)
            _dry = new DryPenalty(dry, vocabulary.Pieces);
        if (mode.Grammar is { } grammar)
            _grammar = new GrammarConstraint(grammar, vocabulary.Pieces, marks ?? new Dictionary<int, byte[]>());
        if (mode.Temperature > 0)
            _chain = Chain(mode);
    }

    /// <summary>Whether the grammar says that the answer is complete.</summary>
    internal bool IsFinished => _grammar is { IsComplete: true };

    /// <summary>Takes note of the tokens of the prompt, which penalties count, too.</summary>
    internal void Begin(ReadOnlySpan<int> prompt)
    {
        foreach (var token in prompt)
        {
            _penalties?.Accept(token);
            _dry?.Accept(token);
        }
    }

    /// <summary>Takes note of a token that was added to the answer.</summary>
    internal void Accept(int token)
    {
        _penalties?.Accept(token);
        _dry?.Accept(token);
        _grammar?.Accept(token);
    }

    /// <summary>The next token, given the logits of all.</summary>
    /// <exception cref="InvalidDataException">The logits are not numbers: the weights or an adapter are broken.</exception>
    /// <exception cref="InvalidOperationException">The vocabulary has no token that the grammar and the logit bias allow.</exception>
    internal int Choose(ReadOnlySpan<float> logits)
    {
        if (!float.IsFinite(logits[TensorPrimitives.IndexOfMax(logits)]))
            throw BrokenLogits();
        var adjusted = Adjust(logits);
        var token = Pick(adjusted.IsEmpty ? logits : adjusted);
        if (_grammar is null || _grammar.Allows(token))
            return token;
        if (adjusted.IsEmpty)
            adjusted = Copy(logits);
        if (!_grammar.Mask(adjusted))
            throw new InvalidOperationException("The model's vocabulary has no token that the grammar allows here.");
        return Pick(adjusted);
    }

    internal static InvalidDataException BrokenLogits() =>
        new("The model computed logits that are not finite numbers: its weights, or those of an adapter, are broken.");

    public void Dispose() => _chain?.Dispose();

    private static SamplerHandle Chain(SamplingMode mode)
    {
        var seed = mode.Seed is { } given ? Deterministic(given) : (uint)Random.Shared.NextInt64(uint.MaxValue);
        var samplers = new List<SamplerPtr>();
        if (mode.TopK > 0)
            samplers.Add(llama_sampler_init_top_k(mode.TopK));
        if (mode.TopP < 1)
            samplers.Add(llama_sampler_init_top_p(mode.TopP, 1));
        if (mode.MinP > 0)
            samplers.Add(llama_sampler_init_min_p(mode.MinP, 1));
        if (mode.XtcProbability > 0)
            samplers.Add(llama_sampler_init_xtc(mode.XtcProbability, mode.XtcThreshold, 1, seed));
        samplers.Add(llama_sampler_init_temp(mode.Temperature));
        samplers.Add(llama_sampler_init_dist(seed));
        return LlamaSamplers.Chain([.. samplers]);
    }

    /// <summary>llama.cpp takes the greatest seed for a wish to be surprised: here it is a seed like any other.</summary>
    private static uint Deterministic(uint seed) => seed == uint.MaxValue ? 0x9E3779B9 : seed;

    /// <summary>The logits with bias and penalties; empty when there are none.</summary>
    private Span<float> Adjust(ReadOnlySpan<float> logits)
    {
        if (_bias is null && _penalties is null && _dry is null)
            return [];
        var adjusted = Copy(logits);
        if (_bias is not null)
        {
            foreach (var (token, bias) in _bias)
                adjusted[token] += bias;
        }
        _penalties?.Apply(adjusted);
        _dry?.Apply(adjusted);
        return adjusted;
    }

    private Span<float> Copy(ReadOnlySpan<float> logits)
    {
        if (_adjusted.Length != logits.Length)
            _adjusted = new float[logits.Length];
        logits.CopyTo(_adjusted);
        return _adjusted;
    }

    private int Pick(ReadOnlySpan<float> logits)
    {
        var best = TensorPrimitives.IndexOfMax(logits);
        if (float.IsNegativeInfinity(logits[best]))
            throw new InvalidOperationException("The logit bias bans every token that could come next.");
        return _chain is null ? best : LlamaSamplers.Sample(_chain, logits);
    }
}

using LoraBridge.Adapters;

namespace LoraBridge.TextGeneration.Lanes;

/// <summary>A conversation as <see cref="InferenceHost"/> knows it. It has at most one answer at a time.</summary>
internal sealed class InferenceClient(int length)
{
    /// <summary>Tokens that it may hold.</summary>
    internal int Length { get; } = length;

    /// <summary>Where its cache is; under the host's lock.</summary>
    internal CacheSlot? Slot { get; set; }

    /// <summary>Its cache, when that had to leave its slot; under the host's lock.</summary>
    internal EvictedState? Evicted { get; set; }
}

/// <summary>The cache of a sequence, in ordinary memory.</summary>
/// <param name="Tokens">What it holds.</param>
/// <param name="Adapters">The adapters under which it was computed; all of them act on every token.</param>
/// <param name="Data">As llama.cpp writes it.</param>
internal sealed record EvictedState(int[] Tokens, AdapterSet Adapters, byte[] Data);

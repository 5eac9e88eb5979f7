using LoraBridge.Adapters;

namespace LoraBridge.TextGeneration;

/// <summary>What <see cref="TextGenerator"/> shall do.</summary>
/// <param name="Prompt">The tokens to continue.</param>
/// <param name="Adapters">Asked before each token for the adapters that count.</param>
/// <param name="Sampling">How tokens are chosen.</param>
/// <param name="MaximumTokens">At most so many.</param>
/// <param name="StopSequences">Texts that end the answer.</param>
/// <param name="OmittedMessages">Messages that the prompt leaves out.</param>
internal sealed record GenerationRequest(
    int[] Prompt, Func<AdapterSet> Adapters, SamplingMode Sampling, int MaximumTokens, IReadOnlyList<string> StopSequences,
    int OmittedMessages);

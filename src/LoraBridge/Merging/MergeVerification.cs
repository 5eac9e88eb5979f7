using static System.FormattableString;

namespace LoraBridge.Finetuning;

/// <summary>How close the logits of a merged model are to those of base and adapters, over the tokens of seeded prompts.</summary>
/// <param name="Tokens">Number of tokens compared.</param>
/// <param name="NormalizedMeanSquaredError">Sum of squared differences over the sum of squared logits of base and adapters.</param>
/// <param name="MaximumDifference">The largest difference of a logit.</param>
/// <param name="TopTokenAgreement">Share of the positions where both find the same token most likely, 0 to 1.</param>
/// <param name="AdapterEffect">
/// Normalised mean squared error of the bare base against base and adapters: what the adapters change. A good merge has a much smaller error.
/// </param>
public sealed record MergeVerification(
    int Tokens, double NormalizedMeanSquaredError, double MaximumDifference, double TopTokenAgreement, double AdapterEffect)
{
    /// <summary>
    /// Merged tensors whose adapters llama.cpp does not apply to a live model, because it multiplies by them without looking for one:
    /// the merged model includes their effect, the one it is compared with does not. Usually empty.
    /// </summary>
    public IReadOnlyList<string> UnappliedTensors { get; init; } = [];

    /// <summary>The verdict on these figures.</summary>
    public MergeVerdict Verdict =>
        NormalizedMeanSquaredError <= 1e-6 ? MergeVerdict.Equal
        : NormalizedMeanSquaredError <= 1e-3 ? MergeVerdict.Close
        : NormalizedMeanSquaredError <= AdapterEffect / 4 ? MergeVerdict.Quantized
        : MergeVerdict.Different;

    /// <summary>The verdict as a sentence.</summary>
    public override string ToString() => UnappliedTensors.Count == 0
        ? Sentence
        : $"{Sentence} llama.cpp applies no adapter to {UnappliedTensors.Count} of the merged tensors, such as {UnappliedTensors[0]}: live, their effect is missing.";

    private string Sentence => Verdict switch
    {
        MergeVerdict.Equal => "The merged model computes what base and adapters compute.",
        MergeVerdict.Close => Invariant($"The merged model is close to base and adapters: NMSE {NormalizedMeanSquaredError:g2}, {TopTokenAgreement:p0} of the top tokens agree."),
        MergeVerdict.Quantized =>
            Invariant($"Quantisation costs part of the adapters' effect: NMSE {NormalizedMeanSquaredError:g2}, the adapters make {AdapterEffect:g2}; {TopTokenAgreement:p0} of the top tokens agree."),
        _ => Invariant($"The merged model differs from base and adapters by NMSE {NormalizedMeanSquaredError:g2}, where the adapters make {AdapterEffect:g2}")
            + (UnappliedTensors.Count == 0 ? ": choose a type of more bits." : "."),
    };
}

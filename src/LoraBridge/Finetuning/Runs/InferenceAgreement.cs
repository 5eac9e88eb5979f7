using System.Globalization;
using LoraBridge.Evaluation;
using LoraBridge.Model;
using LoraBridge.Training.Batching;

namespace LoraBridge.Finetuning.Runs;

/// <summary>
/// Compares the loss of the training graph with that of inference before anything is trained. Both compute the base model over the same
/// tokens; where llama.cpp's operations and those of training differ on a processor or device, hours of training would be for nothing.
/// </summary>
internal static class InferenceAgreement
{
    /// <summary>Tokens that are compared: an error in an operation shows in the first ones.</summary>
    private const int Length = 64;

    /// <summary>
    /// What rounding explains: the products of training are more, or in <see cref="TrainingPrecision.Fast"/> less, exact than those of
    /// inference, and a router near a tie may choose another expert.
    /// </summary>
    private const double AbsoluteTolerance = 0.05, RelativeTolerance = 0.01;

    /// <summary>Compares the losses over the beginning of the first sample.</summary>
    /// <exception cref="NotSupportedException">They differ.</exception>
    internal static void Require(LM model, AdapterTraining training, PreparedData data, CancellationToken cancellationToken)
    {
        int[] tokens = [.. data.Training[0].Tokens.Take(Math.Min(Length, training.Layout.Length))];
        if (tokens.Length < 2)
            return;
        using var evaluator = new TokenLossEvaluator(model.SharedCore, [], training.ContextOfInference(tokens.Length), tokens.Length, training.PlainModel);
        var inferred = evaluator.Evaluate([(tokens, null)], cancellationToken).Mean;
        var trained = training.BaseLoss(PackedRow.From(TrainingSample.Counting(tokens, ..)));
        if (!AreClose(trained, inferred))
            throw new NotSupportedException(string.Create(CultureInfo.InvariantCulture,
                $"Training would be wrong: over the first {tokens.Length} tokens of the data, the training graph of {model.Name} has a loss of {trained:0.0000}, but inference has one of {inferred:0.0000}. "
                + $"Something is computed differently on this processor or by this build of llama.cpp: try another build, and report it."));
    }

    /// <summary>Whether two losses are the same but for rounding; what is not a number is close to nothing.</summary>
    internal static bool AreClose(double trained, double inferred) =>
        Math.Abs(trained - inferred) <= AbsoluteTolerance + RelativeTolerance * Math.Abs(inferred);
}

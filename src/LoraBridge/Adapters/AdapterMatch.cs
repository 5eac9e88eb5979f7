using LoraBridge.Formats;
using LoraBridge.Model;

namespace LoraBridge.Adapters;

/// <summary>Compares an adapter with the model it is to be applied to.</summary>
internal static class AdapterMatch
{
    /// <param name="adapter">The adapter.</param>
    /// <param name="model">The model.</param>
    /// <param name="separateOutput">
    /// Whether an output that the model shares with its embedding may be adapted: a merge can write a tensor of its own for it, the
    /// live model cannot.
    /// </param>
    /// <exception cref="AdapterMismatchException">The adapter was made for another model.</exception>
    /// <exception cref="NotSupportedException">The adapter acts only after some tokens.</exception>
    internal static void Check(AdapterFile adapter, GgufModelFiles model, bool separateOutput = false)
    {
        RequireAlwaysActive(adapter);
        CheckTensors(adapter, model, separateOutput);
    }

    /// <summary>Compares the tensors alone, for whoever does not compute with the adapter.</summary>
    /// <inheritdoc cref="Check" path="/param"/>
    /// <exception cref="AdapterMismatchException">The adapter was made for another model.</exception>
    internal static void CheckTensors(AdapterFile adapter, GgufModelFiles model, bool separateOutput)
    {
        var architecture = model.Metadata.Architecture;
        if (adapter.Architecture != architecture)
        {
            throw new AdapterMismatchException(
                $"{adapter.Path}: the adapter is for the architecture '{adapter.Architecture}', expected '{architecture}', that of the model.", []);
        }
        var mismatches = adapter.Pairs.Select(pair => Compare(pair, model, separateOutput)).OfType<TensorMismatch>().ToList();
        if (mismatches.Count > 0)
        {
            throw new AdapterMismatchException(
                $"{adapter.Path}: {mismatches.Count} of {adapter.Pairs.Count} adapted tensors do not fit the model. First: {mismatches[0]}.",
                mismatches);
        }
    }

    /// <summary>Checks that the tokens that activate an adapter can occur in a text.</summary>
    /// <exception cref="AdapterMismatchException">The model has no such tokens.</exception>
    internal static void CheckInvocation(AdapterFile adapter, int vocabularySize)
    {
        foreach (var token in adapter.InvocationTokens)
        {
            if (token >= vocabularySize)
            {
                throw new AdapterMismatchException(
                    $"{adapter.Path}: the adapter is activated by the token {token}, but the model has only the tokens 0 to {vocabularySize - 1}.", []);
            }
        }
    }

    /// <summary>An activated adapter (aLoRA) that acted on all tokens would do something else than it was trained for.</summary>
    /// <exception cref="NotSupportedException">The adapter acts only after some tokens.</exception>
    internal static void RequireAlwaysActive(AdapterFile adapter)
    {
        if (adapter.InvocationTokens.Count > 0)
        {
            throw new NotSupportedException(
                $"{adapter.Path}: this is an activated adapter (aLoRA), which acts only after the tokens {string.Join(", ", adapter.InvocationTokens)}; "
                + "merged, combined or trained further it would do something else.");
        }
    }

    /// <summary>What is wrong with a pair for this model, or null.</summary>
    private static TensorMismatch? Compare(LoraPair pair, GgufModelFiles model, bool separateOutput)
    {
        var found = $"A {LoraPair.Shape(pair.A)}, B {LoraPair.Shape(pair.B)}";
        var tied = separateOutput && pair.Target == TensorNames.Output ? model.Find(TensorNames.TokenEmbedding) : null;
        if ((model.Find(pair.Target) ?? tied) is not { } weight)
            return new TensorMismatch(pair.Target, found, "a tensor that the model has");
        if (weight.Info.Dimension(1) == 1 || weight.Info.Dimension(3) != 1)
            return new TensorMismatch(pair.Target, found, $"a matrix; the model's is {LoraPair.Shape(weight.Info)}");
        if (!separateOutput && SharedMatrix.DescribeConflict(pair.Target, name => model.Find(name) is not null) is { } conflict)
            return new TensorMismatch(pair.Target, found, conflict);
        var (a, b) = LoraPair.ShapesFor(pair.Target, weight.Info.Shape.AsSpan(), pair.Rank);
        return Same(pair.A, a) && Same(pair.B, b)
            ? null
            : new TensorMismatch(pair.Target, found, $"A [{string.Join(", ", a)}], B [{string.Join(", ", b)}]");
    }

    private static bool Same(GgufTensorInfo tensor, long[] shape)
    {
        for (var i = 0; i < GgufTensorInfo.MaximumDimensions; i++)
        {
            if (tensor.Dimension(i) != (i < shape.Length ? shape[i] : 1))
                return false;
        }
        return true;
    }
}

using LoraBridge.Training.Graphs;

namespace LoraBridge.Training.Verification;

/// <summary>Compares the logits of the lowered graph with those of llama.cpp's inference.</summary>
internal static class ForwardParity
{
    /// <summary>Normalised squared error: Σ (a - b)² / Σ a², over all logits of a row.</summary>
    public static double Measure(LlamaModelHandle model, ComputeEngine engine, int[] tokens, int threads)
    {
        using var forward = new ForwardGraph(GraphTracer.Trace(model, null, tokens.Length, tokens.Length, threads), engine);
        using var oracle = new LossOracle(model, [], tokens.Length, threads);
        var (expected, found) = (oracle.Logits(tokens), forward.Compute(tokens));
        var (error, power) = (0.0, 0.0);
        for (var i = 0; i < expected.Length; i++)
        {
            error += ((double)expected[i] - found[i]) * ((double)expected[i] - found[i]);
            power += (double)expected[i] * expected[i];
        }
        return error / power;
    }
}

using LoraBridge.Formats;
using LoraBridge.Training.Graphs;
using LoraBridge.Native;

namespace LoraBridge.Training.Tests.Autodiff;

/// <summary>
/// Compares the gradients that a rule gives with central differences of ggml's own forward operation, for loss = Σ w ∘ y with random
/// weights w. Derivatives are taken to fourth order, with sums in double precision.
/// </summary>
internal sealed partial class GradientProbe
{
    /// <summary>Elements of each argument that are tried; all of them, where there are no more.</summary>
    private const int Samples = 48;

    private readonly Func<GraphBuilder, TensorPtr[], TensorPtr> _operation;

    /// <param name="operation">Makes the operation on the arguments, in the order in which they were declared.</param>
    public GradientProbe(Func<GraphBuilder, TensorPtr[], TensorPtr> operation)
    {
        NativeRuntime.Initialize();
        _operation = operation;
    }

    public void Check()
    {
        using var run = new ProbeRun(_operation, _arguments, threads: 1);
        run.Compute();
        var varying = Enumerable.Range(0, _arguments.Count).Where(i => _arguments[i].Varies).ToArray();
        var gradients = varying.ToDictionary(i => i, run.Gradient);
        foreach (var i in varying)
            Compare(run, i, gradients[i]);

        using var threaded = new ProbeRun(_operation, _arguments, threads: 2);
        threaded.Compute();
        foreach (var i in varying)
            Assert.Equal(gradients[i], threaded.Gradient(i));
    }

    private void Compare(ProbeRun run, int argument, float[] gradient)
    {
        var values = (float[])_arguments[argument].Values;
        int[] elements = values.Length <= Samples
            ? [.. Enumerable.Range(0, values.Length)]
            : [.. Enumerable.Range(0, Samples).Select(_ => _random.Next(values.Length))];
        var expected = elements.Select(i => run.Derivative(argument, values, i, Epsilon)).ToArray();
        var size = Math.Sqrt(gradient.Average(g => (double)g * g));
        for (var i = 0; i < elements.Length; i++)
        {
            var error = Math.Abs(gradient[elements[i]] - expected[i]);
            Assert.True(
                error <= Tolerance * (size + Math.Abs(expected[i])) + 1e-5,
                $"Argument {argument} {_arguments[argument].Shape}, element {elements[i]}: the rule gives {gradient[elements[i]]:R}, " +
                $"differences {expected[i]:R}; the gradient's size is {size:G3}.");
        }
        Assert.True(expected.Any(x => Math.Abs(x) > 1e-4), $"Nothing depends on argument {argument}: the test says nothing.");
    }
}

using LoraBridge.Finetuning;
using LoraBridge.Formats;
using LoraBridge.Native;
using LoraBridge.TestKit;
using LoraBridge.Training;
using LoraBridge.Training.Graphs;

namespace LoraBridge.Device.Tests;

/// <summary>Loss and gradients of whole models on the device are those of the CPU.</summary>
public sealed class GradientParityTests
{
    /// <summary>What approximate exp and sin add up to over a model, in the gradients' length.</summary>
    private const double Exact = 1e-2;

    /// <summary>What 8-bit activations add, as inference rounds them, and weights in BF16 for the gradients.</summary>
    private const double Rounded = 5e-2;

    /// <summary>What weights and activations in BF16 add, which inference does not round to.</summary>
    private const double AsBF16 = 2.5e-2;

    [Theory]
    [InlineData("llama-dense")]
    [InlineData("qwen3-dense")]
    [InlineData("gemma3-dense")]
    [InlineData("phi3-dense")]
    [InlineData("gpt-oss-moe")]
    public void Of_packed_sequences(string model) => Compare(Zoo.PathOf($"{model}.gguf"), Exact);

    /// <summary>Scans have no gradient on a device: kernels of the CPU compute it.</summary>
    [Theory]
    [InlineData("mamba2-dense")]
    [InlineData("qwen35-dense")]
    public void Of_recurrent_models(string model)
    {
        var fallbacks = Compare(Zoo.PathOf($"{model}.gguf"), Exact, isPacked: false);
        Assert.Contains(fallbacks, kind => kind is "SsmScanGradient" or "GatedDeltaNetGradient");
    }

    [Theory]
    [InlineData(LlamaFileType.Q4_0)]
    [InlineData(LlamaFileType.Q4_K_M)]
    [InlineData(LlamaFileType.Q6_K)]
    [InlineData(LlamaFileType.Q8_0)]
    [InlineData(LlamaFileType.F16)]
    public void Of_types(LlamaFileType type)
    {
        _ = DeviceUnderTest.Backend;
        using var folder = new TemporaryFolder();
        var path = folder["model.gguf"];
        LlamaQuantizer.Quantize(TinyModels.PathOf(TinyArchitecture.Llama), path, type, parameters => parameters with { nthread = 1 });
        Compare(path, Exact);
        Compare(path, Rounded, device: shape => shape with { Precision = TrainingPrecision.Balanced });
    }

    /// <summary>Weights as BF16 are as near to the exact ones going forward as they are going back.</summary>
    [Theory]
    [InlineData(LlamaFileType.Q4_K_M)]
    [InlineData(LlamaFileType.Q8_0)]
    public void Of_weights_that_are_multiplied_as_BF16(LlamaFileType type) => CompareAsBF16(type, keeps: false, open: null);

    /// <summary>Where sums over rows are fast, copies are those for the way forward.</summary>
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Of_outer_products(bool keeps) => CompareAsBF16(LlamaFileType.Q8_0, keeps, weights => new OuterEngine(weights));

    private static void CompareAsBF16(LlamaFileType type, bool keeps, Func<DeviceWeights, DeviceEngine>? open)
    {
        _ = DeviceUnderTest.Backend;
        using var folder = new TemporaryFolder();
        var path = folder["model.gguf"];
        LlamaQuantizer.Quantize(TinyModels.PathOf(TinyArchitecture.Llama), path, type, parameters => parameters with { nthread = 1 });
        Compare(path, AsBF16, device: shape => shape with
        {
            Precision = TrainingPrecision.Balanced,
            KeepsCopies = keeps,
            TypesAsBF16 = new HashSet<GgmlType> { GgmlType.Q4_K, GgmlType.Q5_0, GgmlType.Q6_K, GgmlType.Q8_0 },
        }, open: open);
    }

    [Fact]
    public void Of_layers_that_are_computed_again() => Compare(Zoo.PathOf("llama-dense.gguf"), Exact, shape => shape with { Recompute = true });

    /// <summary>The host makes the same random numbers for both.</summary>
    [Fact]
    public void With_dropout_and_noise() => Compare(
        Zoo.PathOf("llama-dense.gguf"), Exact, shape => shape with { Noise = new RowNoise(seed: 3, dropout: 0.3f, embeddingNoise: 5) });

    /// <summary>A graph of few tokens through the head takes turns with one of many.</summary>
    [Fact]
    public void Of_chunks_of_the_head() => Compare(Zoo.PathOf("llama-dense.gguf"), Exact, shape => shape with { HeadRows = 16 });

    /// <summary>
    /// Copies of the weights on the device give the gradients that making them anew for each row gives: bit for bit, but where they need not be transposed
    /// then, and are multiplied in more than BF16.
    /// </summary>
    [Theory]
    [InlineData("llama-dense")]
    [InlineData("gpt-oss-moe")]
    public void Of_weights_that_are_kept_transposed(string model)
    {
        _ = DeviceUnderTest.Backend;
        var path = Zoo.PathOf($"{model}.gguf");
        var sameProducts = true;
        var (made, _) = Step(kept: false);
        var (kept, bytes) = Step(kept: true);
        Assert.True(bytes > 0, "Nothing was kept.");
        Assert.Equal(made.Loss, kept.Loss);
        if (sameProducts)
            Assert.Equal(made.Gradients, kept.Gradients);
        else
            Assert.InRange(Distance(made.Gradients, kept.Gradients), 0, AsBF16);

        ((double Loss, float[][] Gradients) Step, long Bytes) Step(bool kept)
        {
            using var trained = new TrainedModel(
                path, onDevice: true, shape => shape with { Precision = TrainingPrecision.Balanced, KeepsCopies = kept });
            sameProducts = trained.Engine is DeviceEngine { MultipliesOuter: false };
            var device = trained.Graph.Target.DeviceBytes;
            trained.Step(isPacked: true);
            return (trained.Step(isPacked: true), kept ? device - trained.Graph.Parameters.Sum(parameter => 8 * parameter.Shape.Count) : 0);
        }
    }

    /// <returns>The operations that were left to the CPU.</returns>
    private static IReadOnlyList<string> Compare(
        string path, double allowed, Func<TrainingGraphShape, TrainingGraphShape>? change = null, bool isPacked = true,
        Func<TrainingGraphShape, TrainingGraphShape>? device = null, Func<DeviceWeights, DeviceEngine>? open = null)
    {
        _ = DeviceUnderTest.Backend;
        double loss;
        float[][] expected;
        using (var cpu = new TrainedModel(path, onDevice: false, change))
            (loss, expected) = cpu.Step(isPacked);
        using var trained = new TrainedModel(path, onDevice: true, device ?? change, open);
        Assert.True(trained.Weights.Count > 0, "No weight is on the device.");
        for (var i = 0; i < 2; i++)
        {
            var (found, gradients) = trained.Step(isPacked);
            Assert.Equal(loss, found, 1e-2);
            var distance = Distance(expected, gradients);
            Assert.True(distance < allowed, $"Of pass {i + 1}, gradients differ by {distance:0.0e0} of their length; losses are {loss} and {found}.");
            trained.Evaluate(isPacked);
        }
        return [.. trained.Graph.OnHost.Select(group => group.Kind)];
    }

    private static double Distance(float[][] expected, float[][] found)
    {
        var (difference, length) = (0.0, 0.0);
        foreach (var (a, b) in expected.Zip(found))
            for (var i = 0; i < a.Length; i++)
            {
                difference += Math.Pow((double)a[i] - b[i], 2);
                length += Math.Pow(a[i], 2);
            }
        return Math.Sqrt(difference / length);
    }

    /// <summary>A device that is said to have fast outer products.</summary>
    private sealed class OuterEngine(DeviceWeights weights) : DeviceEngine(DeviceUnderTest.Devices, weights, threads: 1)
    {
        public override bool MultipliesOuter => true;
    }
}

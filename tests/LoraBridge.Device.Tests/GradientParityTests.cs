using LoraBridge.TestKit;

namespace LoraBridge.Device.Tests;

/// <summary>Loss and gradients of whole models on the device are those of the CPU.</summary>
public sealed class GradientParityTests
{
    /// <summary>What approximate exp and sin add up to over a model, in the gradients' length.</summary>
    private const double Exact = 1e-2;

    [Theory]
    [InlineData("llama-dense")]
    [InlineData("qwen3-dense")]
    [InlineData("gemma3-dense")]
    [InlineData("phi3-dense")]
    [InlineData("gpt-oss-moe")]
    [InlineData("mamba2-dense")]
    [InlineData("qwen35-dense")]
    public void Of_architectures(string model) => Compare(Zoo.PathOf($"{model}.gguf"), Exact, isPacked: model is not ("mamba2-dense" or "qwen35-dense"));

    private static void Compare(string path, double allowed, bool isPacked)
    {
        _ = DeviceUnderTest.Backend;
        double loss;
        float[][] expected;
        using (var cpu = new TrainedModel(path, onDevice: false))
            (loss, expected) = cpu.Step(isPacked);
        using var device = new TrainedModel(path, onDevice: true);
        Assert.True(device.Weights.Count > 0, "No weight is on the device.");
        var (found, gradients) = device.Step(isPacked);
        var (difference, length) = (0.0, 0.0);
        foreach (var (a, b) in expected.Zip(gradients))
            for (var i = 0; i < a.Length; i++)
            {
                difference += Math.Pow((double)a[i] - b[i], 2);
                length += Math.Pow(a[i], 2);
            }
        TestContext.Current.TestOutputHelper?.WriteLine($"loss {loss} {found}; gradients differ by {Math.Sqrt(difference / length)} of {Math.Sqrt(length)}");
        Assert.Equal(loss, found, 1e-2);
        Assert.True(Math.Sqrt(difference / length) < allowed, $"loss {loss} {found}; gradients differ by {Math.Sqrt(difference / length)} of {Math.Sqrt(length)}");
    }
}

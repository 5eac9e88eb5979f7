using LoraBridge.Finetuning;
using LoraBridge.Model;
using LoraBridge.TestKit;
using LoraBridge.Training.Kernels.Cpu;

namespace LoraBridge.Tests.Finetuning;

/// <summary>What precisions and the use of memory change, and what they must not.</summary>
public sealed class TrainingPrecisionTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    /// <summary>Bounds are those that <see cref="TrainingPrecision"/> states.</summary>
    [Theory]
    [InlineData(TinyArchitecture.Llama, TrainingPrecision.Balanced, 5e-3)]
    [InlineData(TinyArchitecture.Gemma3, TrainingPrecision.Balanced, 5e-3)]
    [InlineData(TinyArchitecture.Llama, TrainingPrecision.Fast, 6e-2)]
    [InlineData(TinyArchitecture.Gemma3, TrainingPrecision.Fast, 6e-2)]
    public void Gradients_are_as_close_to_exact_ones_as_stated(TinyArchitecture architecture, TrainingPrecision precision, double bound)
    {
        var result = GradientCheck.Run(
            TinyModels.PathOf(architecture), new GradientCheckOptions { Precision = precision, MaximumTensors = 1, Threads = 1 }, null,
            TestContext.Current.CancellationToken);
        // Where the processor cannot do it, what is exact is not rounded.
        Assert.InRange(result.MaxRelativeL2, IntegerFormat.IsSupported ? 1e-9 : 0, bound);
        Assert.InRange(result.MinCosine, 1 - bound * bound, 1);
    }

    [Theory]
    [InlineData(TrainingPrecision.Exact)]
    [InlineData(TrainingPrecision.Balanced)]
    [InlineData(TrainingPrecision.Fast)]
    public void Neither_a_second_run_nor_recomputing_nor_threads_change_a_byte(TrainingPrecision precision)
    {
        var expected = Train("first", precision, AutoSwitch.Always, threads: 1);
        Assert.Equal(expected, Train("second", precision, AutoSwitch.Always, threads: 1));
        Assert.Equal(expected, Train("kept", precision, AutoSwitch.Never, threads: 1));
        Assert.Equal(expected, Train("threads", precision, AutoSwitch.Auto, threads: 2));
    }

    [Fact]
    public void Precisions_learn_alike()
    {
        var results = Enum.GetValues<TrainingPrecision>().Select(precision => Run($"{precision}", precision, AutoSwitch.Auto, 1)).ToList();
        Assert.All(results, result => Assert.Equal(results[0].FirstLoss, result.FirstLoss, 1e-2));
        Assert.All(results, result => Assert.Equal(results[0].FinalLoss, result.FinalLoss, 1e-2));
        Assert.True(results[0].FinalLoss < results[0].FirstLoss);
    }

    public void Dispose() => _folder.Dispose();

    private byte[] Train(string name, TrainingPrecision precision, AutoSwitch recompute, int threads) =>
        File.ReadAllBytes(Run(name, precision, recompute, threads).AdapterPath!);

    private TrainingResult Run(string name, TrainingPrecision precision, AutoSwitch recompute, int threads)
    {
        using var model = new LM(TinyModels.PathOf(TinyArchitecture.Llama, TinyType.Q4_0), TinyModels.Device with { Threads = threads });
        using var finetuning = TrainingRuns.Create(model, _folder, TrainingRuns.Quick with
        {
            Precision = precision, Recompute = recompute, CacheTransposed = AutoSwitch.Always, TargetModules = LoraTargetModules.AllLinear,
        });
        return finetuning.TrainToAdapter(_folder[$"{name}.gguf"], cancellationToken: TestContext.Current.CancellationToken);
    }
}

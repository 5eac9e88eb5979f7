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

    /// <summary>Trained weights have outliers, which random ones have not.</summary>
    [Theory]
    [InlineData(TrainingPrecision.Exact, "Q4_K_M")]
    [InlineData(TrainingPrecision.Balanced, "Q4_K_M")]
    [InlineData(TrainingPrecision.Fast, "Q4_K_M")]
    [InlineData(TrainingPrecision.Exact, "Q8_0")]
    [InlineData(TrainingPrecision.Balanced, "Q8_0")]
    [InlineData(TrainingPrecision.Fast, "Q8_0")]
    public void The_models_that_ship_pass_by_the_limit_of_each_precision(TrainingPrecision precision, string type)
    {
        var result = GradientCheck.Run(
            Path.Combine(CheckoutFolder.Root, "examples", "models", $"small-world.{type}.gguf"), new GradientCheckOptions { Precision = precision, MaximumTensors = 4, Threads = 1 },
            null, TestContext.Current.CancellationToken);
        Assert.True(result.Pass, $"{result}");
        Assert.Equal(precision == TrainingPrecision.Exact || !IntegerFormat.IsSupported, result.MaxRelativeL2 < 1e-3);
    }

    [Theory]
    [InlineData(TrainingPrecision.Exact, 0, 1, true)]
    [InlineData(TrainingPrecision.Exact, 1.1e-3, 1, false)]
    [InlineData(TrainingPrecision.Exact, 0, 0.9999, false)]
    [InlineData(TrainingPrecision.Balanced, 7.9e-2, 0.9971, true)]
    [InlineData(TrainingPrecision.Balanced, 8.1e-2, 0.9971, false)]
    [InlineData(TrainingPrecision.Balanced, 7.9e-2, 0.9969, false)]
    [InlineData(TrainingPrecision.Fast, 0.149, 0.991, true)]
    [InlineData(TrainingPrecision.Fast, 0.151, 0.991, false)]
    [InlineData(TrainingPrecision.Fast, 0.149, 0.989, false)]
    public void A_check_passes_by_the_limits_of_its_precision(TrainingPrecision precision, double distance, double cosine, bool passes)
    {
        var tensor = new GradientCheckTensor("a", 1, 1, 0);
        Assert.Equal(passes, new GradientCheckResult("llama", 0, [tensor], cosine, distance, [], [], 1e-3) { Precision = precision }.Pass);
        Assert.False(new GradientCheckResult("llama", 1e-5, [tensor], 1, 0, [], [], 1e-3) { Precision = precision }.Pass);
        Assert.False(new GradientCheckResult("llama", 0, [tensor with { Found = 1.1 }], 1, 0, [], [], 1e-3) { Precision = precision }.Pass);
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

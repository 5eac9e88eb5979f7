using LoraBridge.Finetuning;
using LoraBridge.Merging;
using LoraBridge.Formats;
using LoraBridge.Model;
using LoraBridge.TestKit;

namespace LoraBridge.Tests.Finetuning;

/// <summary>Each parameter reaches the loop and does there what it says.</summary>
public sealed class TrainingOptionTests : IDisposable
{
    private const float Rate = 2e-3f;

    private readonly TemporaryFolder _folder = new();
    private readonly LM _model = TinyModels.Load(TinyArchitecture.Llama);

    private static LoraTrainingParameters OneStep => TrainingRuns.Quick with { MaxSteps = 1, Schedule = LearningRateScheduleKind.Constant, LearningRate = Rate };

    public static TheoryData<LoraTrainingParameters> Variants { get; } =
    [
        TrainingRuns.Quick with { Dropout = 0.2f },
        TrainingRuns.Quick with { NeftuneAlpha = 5 },
        TrainingRuns.Quick with { LoraPlusRatio = 4 },
        TrainingRuns.Quick with { AlphaPattern = [new LoraAlpha("attn_q", 4)] },
        TrainingRuns.Quick with { WeightDecay = 0.1f },
        TrainingRuns.Quick with { Beta1 = 0.8f },
        TrainingRuns.Quick with { Beta2 = 0.9f },
        TrainingRuns.Quick with { Epsilon = 1e-3f },
        TrainingRuns.Quick with { MaxGradientNorm = 0.1f, Epsilon = 1e-3f },
        TrainingRuns.Quick with { BatchSize = 2, SequencePacking = false },
        TrainingRuns.Quick with { ContextLength = 32 },
    ];

    [Theory]
    [MemberData(nameof(Variants), DisableDiscoveryEnumeration = true)]
    public void Each_has_a_say_and_none_is_random(LoraTrainingParameters parameters)
    {
        var reference = TrainingRuns.Quick with { Epsilon = parameters.Epsilon == 1e-3f && parameters.MaxGradientNorm != 1 ? 1e-3f : 1e-8f };
        Assert.NotEqual(Bytes(reference), Bytes(parameters));
        Assert.Equal(Bytes(parameters), Bytes(parameters with { Recompute = AutoSwitch.Always }));
    }

    [Fact]
    public void The_learning_rate_warms_up_and_falls_to_its_floor()
    {
        var parameters = TrainingRuns.Quick with
        {
            MaxSteps = 10, LearningRate = 0.01f, Schedule = LearningRateScheduleKind.Linear, WarmupRatio = 0.2f, LearningRateFloor = 0.5f,
        };
        double[] expected = [1 / 3.0, 2 / 3.0, 1, 13 / 14.0, 12 / 14.0, 11 / 14.0, 10 / 14.0, 9 / 14.0, 8 / 14.0, 0.5];
        Assert.All(expected.Zip(Told(parameters)), pair => Assert.Equal(0.01 * pair.First, pair.Second.LearningRate, 1e-7));
    }

    /// <summary>B is zero at first, so that the first update moves B alone, and Adam's first update by the learning rate.</summary>
    [Theory]
    [InlineData(1)]
    [InlineData(16)]
    public void B_learns_faster_than_a_by_the_ratio(float ratio)
    {
        var tensors = Tensors(OneStep with { LoraPlusRatio = ratio, MaxGradientNorm = 0 });
        var largest = tensors.Where(tensor => tensor.Key.EndsWith("lora_b", StringComparison.Ordinal)).SelectMany(tensor => tensor.Value).Max(Math.Abs);
        Assert.Equal(ratio * Rate, largest, 1e-5 * ratio);
    }

    /// <summary>The first update leaves A as it was drawn.</summary>
    [Fact]
    public void The_initial_matrices_are_drawn_by_the_seed()
    {
        var (zero, one) = (Tensors(OneStep with { Seed = 0 }), Tensors(OneStep with { Seed = 1 }));
        Assert.All(zero.Where(tensor => tensor.Key.EndsWith("lora_a", StringComparison.Ordinal)), tensor => Assert.NotEqual(tensor.Value, one[tensor.Key]));
    }

    /// <summary>PEFT's: in ±√(1/n) for n inputs, which the √(6/n) of ours exceeds by far.</summary>
    [Fact]
    public void The_initial_matrices_are_as_large_as_asked_for()
    {
        foreach (var (initialization, factor) in new[] { (LoraInitialization.LoraBridge, 6), (LoraInitialization.Peft, 1) })
            foreach (var (name, values) in Tensors(OneStep with { Initialization = initialization }).Where(tensor => tensor.Key.EndsWith("lora_a", StringComparison.Ordinal)))
            {
                var limit = Math.Sqrt(factor / (name.Contains("ffn_down", StringComparison.Ordinal) ? 512.0 : 256));
                Assert.InRange(values.Max(), 0.95 * limit, limit);
                Assert.InRange(values.Min(), -limit, -0.95 * limit);
                Assert.Equal(limit * limit / 3, values.Average(value => (double)value * value), 0.1 * limit * limit);
            }
    }

    /// <summary>There it is the other way round: A is zero, B normal.</summary>
    [Fact]
    public void An_adapter_of_the_token_embedding_starts_as_in_peft()
    {
        var tensors = Tensors(OneStep with { Initialization = LoraInitialization.Peft, TargetModules = LoraTargetModules.Of("token_embd"), LearningRate = 1e-9f });
        Assert.All(tensors["token_embd.weight.lora_a"], value => Assert.InRange(value, -1e-8f, 1e-8f));
        Assert.Equal(1, tensors["token_embd.weight.lora_b"].Average(value => (double)value * value), 0.15);
        Assert.Contains(tensors["token_embd.weight.lora_b"], value => value > 2);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(4)]
    public void Weights_decay_by_rate_and_factor(int rank)
    {
        var plain = Tensors(OneStep with { Rank = rank });
        foreach (var (name, values) in Tensors(OneStep with { Rank = rank, WeightDecay = 10 }).Where(tensor => tensor.Key.EndsWith("lora_a", StringComparison.Ordinal)))
            Assert.All(plain[name].Zip(values), pair => Assert.Equal(pair.First * (1 - 10 * Rate), pair.Second, 1e-6f));
    }

    /// <summary>With a large ε, Adam's first update is as long as the gradient.</summary>
    [Fact]
    public void Gradients_are_clipped_by_their_global_norm()
    {
        var parameters = OneStep with { Epsilon = 1000, LearningRate = 1000 };
        var norm = Told(parameters)[0].GradientNorm;
        Assert.Equal(norm, Told(parameters with { MaxGradientNorm = 0.1f })[0].GradientNorm);
        Assert.Equal(Math.Min(1, norm), Length(parameters), 1e-3);
        Assert.Equal(0.1, Length(parameters with { MaxGradientNorm = 0.1f }), 1e-4);
        Assert.Equal(norm, Length(parameters with { MaxGradientNorm = 0 }), 1e-2 * norm);

        double Length(LoraTrainingParameters with) => Math.Sqrt(
            Tensors(with).Where(tensor => tensor.Key.EndsWith("lora_b", StringComparison.Ordinal)).SelectMany(tensor => tensor.Value).Sum(value => (double)value * value));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void An_alpha_by_pattern_trains_as_an_alpha_for_all(bool rankStabilized)
    {
        var parameters = TrainingRuns.Quick with { UseRsLora = rankStabilized, WeightDecay = 0.1f, Precision = TrainingPrecision.Exact };
        var all = Told(parameters with { Alpha = 16 });
        var pattern = Told(parameters with { Alpha = 5, AlphaPattern = [new LoraAlpha("*", 16), new LoraAlpha("attn_q", 99)] });
        AssertAlike(all, pattern);
    }

    [Fact]
    public void A_rank_by_pattern_is_stabilized_too()
    {
        var parameters = TrainingRuns.Quick with { UseRsLora = true, Precision = TrainingPrecision.Exact };
        AssertAlike(Told(parameters with { Rank = 2 }), Told(parameters with { Rank = 9, RankPattern = [new LoraRank("*", 2)] }));
    }

    [Fact]
    public void Dropout_and_noise_act_in_training_and_not_where_losses_are_measured()
    {
        var (plain, dropped, noisy) = (Run(OneStep), Run(OneStep with { Dropout = 0.5f }), Run(OneStep with { NeftuneAlpha = 10 }));
        Assert.Equal(plain.Result.FirstLoss, dropped.Result.FirstLoss);
        Assert.Equal(plain.Result.FirstLoss, noisy.Result.FirstLoss);
        // B is zero: what its input is does not matter yet, but where B goes does.
        Assert.Equal(plain.Told[0].Loss, dropped.Told[0].Loss);
        Assert.InRange(dropped.Told[0].GradientNorm / plain.Told[0].GradientNorm, 1.05, 3);
        Assert.InRange(Math.Abs(noisy.Told[0].Loss - plain.Told[0].Loss), 1e-3, 1);
    }

    /// <summary>Experts are chosen by MUL_MAT_ID, which has a lowering of its own.</summary>
    [Fact]
    public void Inputs_of_experts_are_dropped_too()
    {
        using var model = new LM(TinyFamilies.PathOf(TinyFamily.MixtureOfExperts), TinyModels.Device);
        var parameters = OneStep with { TargetModules = LoraTargetModules.Of("ffn_up_exps") };
        Assert.NotEqual(Run(parameters, model).Told[0].GradientNorm, Run(parameters with { Dropout = 0.5f }, model).Told[0].GradientNorm);
    }

    public void Dispose()
    {
        _model.Dispose();
        _folder.Dispose();
    }

    private static void AssertAlike(List<TrainingProgress> expected, List<TrainingProgress> actual) => Assert.All(expected.Zip(actual), pair =>
    {
        Assert.Equal(1, pair.Second.Loss / pair.First.Loss, 1e-3);
        Assert.Equal(1, pair.Second.GradientNorm / pair.First.GradientNorm, 1e-2);
    });

    private byte[] Bytes(LoraTrainingParameters parameters)
    {
        Run(parameters);
        return File.ReadAllBytes(_folder["adapter.gguf"]);
    }

    private List<TrainingProgress> Told(LoraTrainingParameters parameters) => Run(parameters).Told;

    private Dictionary<string, float[]> Tensors(LoraTrainingParameters parameters)
    {
        Run(parameters);
        using var file = GgufFile.Open(_folder["adapter.gguf"]);
        return file.Tensors.ToDictionary(tensor => tensor.Name, tensor => TensorReader.ReadFloats(file, tensor));
    }

    private (TrainingResult Result, List<TrainingProgress> Told) Run(LoraTrainingParameters parameters, LM? model = null)
    {
        List<TrainingProgress> told = [];
        using var finetuning = TrainingRuns.Create(model ?? _model, _folder, parameters);
        var updates = TrainingRuns.Updates(state => told.Add(state));
        return (finetuning.TrainToAdapter(_folder["adapter.gguf"], updates), told);
    }
}

using LoraBridge.Finetuning;
using LoraBridge.Finetuning.Runs;
using LoraBridge.Formats;
using LoraBridge.Model;
using LoraBridge.TestKit;
using LoraBridge.Training;
using LoraBridge.Training.Batching;

namespace LoraBridge.Tests.Finetuning;

/// <summary>A model of four layers, of which some are adapted.</summary>
public sealed class LayerRangeTests : IDisposable
{
    private const int LayerCount = 4;

    private readonly TemporaryFolder _folder = new();
    private readonly LM _model;

    public LayerRangeTests()
    {
        TinyModelWriter.Create(TinyArchitecture.Llama, new TinyShape { Layers = LayerCount, Embedding = 64, FeedForward = 64, Heads = 2, KeyHeads = 1, HeadSize = 32 })
            .Save(_folder["model.gguf"]);
        _model = new LM(_folder["model.gguf"], TinyModels.Device);
    }

    [Theory]
    [InlineData("last:1", "3")]
    [InlineData("last:3", "1,2,3")]
    [InlineData("last:9", "0,1,2,3")]
    [InlineData("1-2", "1,2")]
    [InlineData("0-0", "0")]
    [InlineData("2-9", "2,3")]
    public void Weights_of_those_layers_are_adapted(string layers, string expected)
    {
        using var finetuning = TrainingRuns.Create(_model, _folder, TrainingRuns.Quick with { Layers = LoraLayers.Parse(layers), TargetModules = LoraTargetModules.AllLinear, MaxSteps = 1 });
        using var file = GgufFile.Open(finetuning.TrainToAdapter(_folder["adapter.gguf"]).AdapterPath!);
        Assert.Equal(expected, string.Join(',', file.Tensors.Select(tensor => tensor.Name.Split('.')[1]).Distinct()));
        Assert.Equal(layers, LoraLayers.Parse(layers).ToString());
    }

    [Theory]
    [InlineData("")]
    [InlineData("last")]
    [InlineData("last:0")]
    [InlineData("last:-1")]
    [InlineData("3-2")]
    [InlineData("1")]
    [InlineData("last:1x")]
    public void Other_texts_are_refused(string text) => Assert.Throws<ArgumentException>(() => LoraLayers.Parse(text));

    [Fact]
    public void Layers_that_the_model_does_not_have_are_an_error()
    {
        using var finetuning = TrainingRuns.Create(_model, _folder, TrainingRuns.Quick with { Layers = LoraLayers.Range(4, 8) });
        Assert.Contains("the model has 4 layers", Assert.Throws<ArgumentException>(() => finetuning.TrainToAdapter(_folder["adapter.gguf"])).Message, StringComparison.Ordinal);
    }

    /// <summary>Layers below the first adapted one have no gradient to pass: nothing of them is in the backward pass, and the result is the same.</summary>
    [Theory]
    [InlineData("last:1", 3)]
    [InlineData("2-2", 2)]
    public void Frozen_layers_are_computed_once(string layers, int frozen)
    {
        var parameters = TrainingRuns.Quick with { Layers = LoraLayers.Parse(layers), Precision = TrainingPrecision.Exact };
        var kept = Gradients(parameters with { Recompute = AutoSwitch.Never }, out _);
        Assert.Equal(kept, Gradients(parameters with { Recompute = AutoSwitch.Always }, out var recomputed));
        Assert.NotEmpty(recomputed);
        Assert.All(recomputed, name => Assert.DoesNotContain(Enumerable.Range(0, frozen), layer => name.EndsWith($"-{layer}", StringComparison.Ordinal)));
        using var training = Open(parameters);
        Assert.InRange(training.Graph.Plan.Frozen, 1, training.Graph.Parts.Layers.Count - 1);
    }

    /// <summary>Each number of kept layers gives the same gradients, in memory that grows with it.</summary>
    [Fact]
    public void As_many_layers_are_kept_as_fit()
    {
        var parameters = TrainingRuns.Quick with { Precision = TrainingPrecision.Exact };
        using var all = Open(parameters with { Recompute = AutoSwitch.Never });
        using var none = Open(parameters with { Recompute = AutoSwitch.Always });
        var layers = all.Graph.Plan.Kept;
        Assert.Equal(all.Graph.Parts.Layers.Count - all.Graph.Plan.Frozen, layers);
        Assert.Equal((new LayerPlan(0, 0, layers, all.Graph.Plan.Frozen), 0), (none.Graph.Plan, all.Graph.Plan.Recomputed));
        var (least, most) = (none.Graph.WorkingMemory, all.Graph.WorkingMemory);
        Assert.True(least < most);
        var expected = Accumulate(all);
        var plans = new HashSet<LayerPlan>();
        foreach (var i in (int[])[0, 16, 32, 48, 56, 58, 60, 61, 62, 63, 64])
        {
            using var some = Open(parameters, budget: least + (most - least) * i / 64);
            var plan = some.Graph.Plan;
            plans.Add(plan);
            // Either all layers keep what is costly at least, or none keeps more than that.
            Assert.True(plan.Kept == 0 || plan.Recomputed == 0, $"{plan}");
            Assert.InRange(some.Graph.WorkingMemory, 1, least + (most - least) * i / 64 + (plan.CostlyKept + plan.Kept == 0 ? most : most - least) / 4);
            Assert.Equal(expected, Accumulate(some));
            Assert.Equal(plan.Kept < layers, some.Graph.Profile().Any(operation => operation.Phase == TrainingPhase.Recomputation));
        }
        Assert.Contains(plans, plan => plan is { Kept: 0, CostlyKept: > 0 });
        Assert.Contains(plans, plan => plan is { Kept: > 0, CostlyKept: > 0 });
        Assert.Contains(plans, plan => plan is { CostlyKept: 0, Recomputed: 0 });
        Assert.Contains(plans, plan => plan.Kept == layers - 1);
    }

    /// <summary>What is kept is not computed again: no product, and no attention.</summary>
    [Fact]
    public void What_is_costly_is_computed_once()
    {
        var parameters = TrainingRuns.Quick with { Precision = TrainingPrecision.Exact };
        using var all = Open(parameters with { Recompute = AutoSwitch.Never });
        using var none = Open(parameters with { Recompute = AutoSwitch.Always });
        using var costly = Open(parameters, budget: (all.Graph.WorkingMemory + none.Graph.WorkingMemory) / 2);
        var count = costly.Graph.Plan.CostlyKept;
        Assert.Equal(Accumulate(none), Accumulate(costly));
        Assert.True(count > 1, costly.Graph.Plan.ToString());
        Assert.InRange(Products(costly), 0, Products(none) * (costly.Graph.Plan.Recomputed + 0.5) / none.Graph.Plan.Recomputed);

        static double Products(AdapterTraining training) => training.Graph.Profile().Where(entry => entry.Phase is TrainingPhase.Recomputation).Sum(entry => entry.Time.Operations);
    }

    /// <summary>Scans, experts and compressed keys, too, are used as they were kept.</summary>
    [Theory]
    [InlineData(TinyFamily.StateSpace)]
    [InlineData(TinyFamily.MixtureOfExperts)]
    [InlineData(TinyFamily.LatentAttention)]
    public void What_is_costly_is_kept_in_every_family(TinyFamily family)
    {
        using var model = new LM(TinyFamilies.PathOf(family));
        var parameters = TrainingRuns.Quick with { Precision = TrainingPrecision.Exact, TargetModules = LoraTargetModules.AllLinear };
        using var all = Open(parameters with { Recompute = AutoSwitch.Never }, model: model);
        using var costly = Open(parameters, budget: all.Graph.WorkingMemory * 9 / 10, model: model);
        Assert.True(costly.Graph.Plan.CostlyKept > 0, costly.Graph.Plan.ToString());
        Assert.Equal(Accumulate(all), Accumulate(costly));
    }

    public void Dispose()
    {
        _model.Dispose();
        _folder.Dispose();
    }

    private AdapterTraining Open(LoraTrainingParameters parameters, long? budget = null, LM? model = null)
    {
        TrainingSample[] samples = [.. TrainingRuns.Rows.Select(row => TrainingSample.Counting(row, ..))];
        return AdapterTraining.Open(model ?? _model, parameters, new PreparedData(samples, [], new DatasetStatistics(), []), TestContext.Current.CancellationToken, budget);
    }

    private float[] Gradients(LoraTrainingParameters parameters, out List<string> recomputed)
    {
        using var training = Open(parameters);
        var gradients = Accumulate(training);
        recomputed = [.. training.Graph.Profile().Where(entry => entry.Phase is TrainingPhase.Recomputation).Select(entry => entry.Time.Node.Name)];
        return gradients;
    }

    private static float[] Accumulate(AdapterTraining training)
    {
        training.Graph.ClearGradients();
        var row = TrainingRow.From(training.Batches.Steps(default).First().MicroBatches[0][0], training.Graph.Tokens, 0.1f);
        training.Graph.Accumulate(row.Tokens, row.Positions, row.Segments, row.Targets);
        return [.. training.Parameters.SelectMany(parameter => parameter.ReadGradients().ToArray())];
    }
}

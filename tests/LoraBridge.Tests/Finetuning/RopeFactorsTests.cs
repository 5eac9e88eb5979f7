using LoraBridge.Evaluation;
using LoraBridge.Finetuning;
using LoraBridge.Finetuning.Runs;
using LoraBridge.Formats;
using LoraBridge.Model;
using LoraBridge.TestKit;
using LoraBridge.Training.Batching;

namespace LoraBridge.Tests.Finetuning;

/// <summary>A model with short and long factors for its rotations, of which llama.cpp takes the long ones in contexts of more than 512 tokens.</summary>
public sealed class RopeFactorsTests : IDisposable
{
    private const int OriginalContext = 512;

    private readonly TemporaryFolder _folder = new();
    private readonly LM _model;

    public RopeFactorsTests()
    {
        var shape = new TinyShape { ContextLength = 4096 };
        var writer = TinyModelWriter.Create(TinyArchitecture.Llama, shape);
        writer.Metadata.Set("llama.rope.scaling.type", "longrope").Set("llama.rope.scaling.original_context_length", (uint)OriginalContext);
        AddFactors("rope_factors_long.weight", 4);
        AddFactors("rope_factors_short.weight", 1);
        writer.Save(_folder["long.gguf"]);
        _model = new LM(_folder["long.gguf"], TinyModels.Device);

        void AddFactors(string name, float factor) =>
            writer.AddTensor(name, GgmlType.F32, [shape.HeadSize / 2], RandomTensors.Normal(new Random(3), shape.HeadSize / 2, factor, 0));
    }

    [Theory]
    [InlineData(null, "rope_factors_short.weight")]
    [InlineData(64, "rope_factors_short.weight")]
    [InlineData(OriginalContext, "rope_factors_short.weight")]
    [InlineData(OriginalContext + 1, "rope_factors_long.weight")]
    [InlineData(4096, "rope_factors_long.weight")]
    [InlineData(1 << 20, "rope_factors_long.weight")]
    public void The_trace_has_the_factors_of_the_context_that_is_used(int? contextUsed, string expected)
    {
        using var training = Open(_model, contextUsed);
        Assert.Equal([expected], FactorsIn(training));
    }

    /// <summary>The loss of training is that of inference in a context of that length, and not that of a short one.</summary>
    [Fact]
    public void The_loss_is_that_of_a_context_of_that_length()
    {
        var row = TrainingRuns.Rows[7];
        var (inShort, inLong) = (Inferred(row, OriginalContext), Inferred(row, OriginalContext + 1));
        Assert.True(Math.Abs(inShort - inLong) > 1e-2);
        Assert.Equal(inShort, Trained(row, null), 1e-3);
        Assert.Equal(inLong, Trained(row, OriginalContext + 1), 1e-3);
    }

    [Theory]
    [InlineData(null)]
    [InlineData(OriginalContext)]
    [InlineData(4096)]
    public void A_training_agrees_with_inference_in_such_a_context(int? contextUsed)
    {
        using var finetuning = TrainingRuns.Create(_model, _folder, TrainingRuns.Quick with { ContextUsed = contextUsed, MaxSteps = 1 });
        Assert.Equal(1, finetuning.TrainToAdapter(_folder["adapter.gguf"]).Steps);
    }

    [Fact]
    public void A_model_without_such_factors_is_loaded_as_it_is()
    {
        using var plain = TinyModels.Load(TinyArchitecture.Llama);
        Assert.Empty(RopeFactors.For(plain.Files, 1 << 20));
        Assert.Empty(RopeFactors.For(_model.Files, null));
    }

    public void Dispose()
    {
        _model.Dispose();
        _folder.Dispose();
    }

    private static AdapterTraining Open(LM model, int? contextUsed)
    {
        TrainingSample[] samples = [.. TrainingRuns.Rows.Select(row => TrainingSample.Counting(row, ..))];
        var parameters = TrainingRuns.Quick with { ContextUsed = contextUsed, Precision = TrainingPrecision.Exact };
        return AdapterTraining.Open(model, parameters, new PreparedData(samples, [], new DatasetStatistics(), []), TestContext.Current.CancellationToken);
    }

    private static IEnumerable<string> FactorsIn(AdapterTraining training) => training.Graph.Parts.Layers.SelectMany(layer => layer)
        .SelectMany(node => node.Sources).Select(source => source?.Name ?? "").Where(name => name.StartsWith("rope_factors", StringComparison.Ordinal)).Distinct();

    private double Trained(int[] row, int? contextUsed)
    {
        using var training = Open(_model, contextUsed);
        return training.Trainer.Evaluate([PackedRow.From(TrainingSample.Counting(row, ..))], TestContext.Current.CancellationToken);
    }

    private double Inferred(int[] row, int context)
    {
        using var evaluator = new TokenLossEvaluator(_model.Core, [], context);
        return evaluator.Evaluate([(row, null)], TestContext.Current.CancellationToken).Mean;
    }
}

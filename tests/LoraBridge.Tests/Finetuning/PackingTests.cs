using LoraBridge.Evaluation;
using LoraBridge.Finetuning;
using LoraBridge.Finetuning.Runs;
using LoraBridge.Model;
using LoraBridge.TestKit;
using LoraBridge.TextGeneration;
using LoraBridge.Training;
using LoraBridge.Training.Batching;

namespace LoraBridge.Tests.Finetuning;

/// <summary>Samples that share a row do not know of each other.</summary>
public sealed class PackingTests : IDisposable
{
    /// <summary>Two are longer than Gemma's window of 32 tokens.</summary>
    private static readonly TrainingSample[] Samples = [Sample(45, 3), Sample(38, 5), Sample(12, 7)];

    /// <summary>The positions whose predictions are compared; each is a pass over the row.</summary>
    private const int Stride = 3;

    private readonly TemporaryFolder _folder = new();

    [Theory]
    [InlineData(TinyArchitecture.Llama)]
    [InlineData(TinyArchitecture.Qwen3)]
    [InlineData(TinyArchitecture.Gemma3)]
    public void Each_token_has_the_loss_that_it_has_alone_and_in_inference(TinyArchitecture architecture)
    {
        using var model = TinyModels.Load(architecture);
        using var training = Open(model, AttentionOnly);
        var packed = Losses(training, PackedRow.From(Samples));
        var single = Samples.SelectMany(sample => Losses(training, PackedRow.From(sample))).ToList();
        using var evaluator = new TokenLossEvaluator(model.Core, [], longestRow: 64);
        var inference = Samples.SelectMany(sample => Losses(evaluator, sample.Tokens)).ToList();

        Assert.Equal(15 + 13 + 4, packed.Count);
        // Gemma's GELU is looked up in a table of 16 bits, where a difference in the last digit may become one of 1e-5.
        Assert.All(packed.Zip(single), pair => Assert.Equal(1, pair.First / pair.Second, 1e-4));
        Assert.All(packed.Zip(inference), pair => Assert.Equal(1, pair.First / pair.Second, 1e-3));
    }

    [Theory]
    [InlineData(TinyArchitecture.Llama)]
    [InlineData(TinyArchitecture.Gemma3)]
    public void Packing_changes_no_gradient(TinyArchitecture architecture)
    {
        using var model = TinyModels.Load(architecture);
        using var training = Open(model, AttentionOnly);
        var packed = Gradients(training, [PackedRow.From(Samples)]);
        var single = Gradients(training, [.. Samples.Select(sample => PackedRow.From(sample))]);

        var size = Math.Sqrt(single.Sum(gradient => (double)gradient * gradient));
        Assert.True(size > 0.1);
        Assert.True(Math.Sqrt(packed.Zip(single).Sum(pair => Math.Pow(pair.First - pair.Second, 2))) < 1e-4 * size);
    }

    /// <summary>A state runs through the whole row, so that each row is one sequence: it is not filled up to the length of the longest.</summary>
    [Fact]
    public void Rows_of_one_sequence_have_graphs_of_about_their_length()
    {
        using var model = new LM(TinyFamilies.PathOf(TinyFamily.StateSpace));
        TrainingSample[] samples = [Sample(121, 3), Sample(90, 5), Sample(40, 7), Sample(12, 9), Sample(38, 11)];
        using var training = AdapterTraining.Open(
            model, AttentionOnly with { TargetModules = LoraTargetModules.AllLinear, ContextLength = 128 },
            new PreparedData(samples, [], new DatasetStatistics(), []), TestContext.Current.CancellationToken);
        PackedRow[] rows = [.. samples.Select(sample => PackedRow.From(sample))];
        Assert.Equal([128, 96, 64, 32, 64], rows.Select(row => training.Graph.For(row.Length).Tokens));
        Assert.Same(training.Graph.For(90), training.Graph.For(70));
        var filled = Gradients(training, rows);
        var loss = Loss(row => training.Graph);

        training.Graph.ClearGradients();
        foreach (var packed in rows)
            Accumulate(training.Graph.For(packed.Length), packed);
        var fitting = training.Parameters.SelectMany(parameter => parameter.ReadGradients().ToArray()).ToList();
        var size = Math.Sqrt(filled.Sum(gradient => (double)gradient * gradient));
        Assert.True(size > 0.1);
        Assert.True(Math.Sqrt(fitting.Zip(filled).Sum(pair => Math.Pow(pair.First - pair.Second, 2))) < 1e-5 * size);
        Assert.Equal(1, Loss(row => training.Graph.For(row.Length)) / loss, 1e-6);
        Assert.Equal(1, training.Trainer.Evaluate(rows) * rows.Sum(row => row.TargetCount) * 0.01 / loss, 1e-6);

        double Loss(Func<PackedRow, TrainingGraph> graphOf) => rows.Sum(packed =>
        {
            var graph = graphOf(packed);
            var row = TrainingRow.From(packed, graph.Tokens, tokenWeight: 0.01f);
            return graph.Evaluate(row.Tokens, row.Positions, row.Segments, row.Targets);
        });
    }

    /// <summary>Weights by micro-batch instead of by update would show.</summary>
    [Theory]
    [InlineData(2, 2)]
    [InlineData(1, 4)]
    public void Each_token_counts_the_same_however_rows_are_split_into_micro_batches(int batch, int accumulation)
    {
        var whole = Train(4, 1, steps: 2).Told;
        var split = Train(batch, accumulation, steps: 2).Told;
        Assert.All(whole.Zip(split), pair =>
        {
            Assert.Equal(pair.First.Loss, pair.Second.Loss, 1e-4);
            Assert.Equal(1, pair.Second.GradientNorm / pair.First.GradientNorm, 1e-4);
        });
    }

    /// <summary>The mean over rows of their means is another number here.</summary>
    [Fact]
    public void The_loss_of_an_update_of_all_rows_is_the_mean_over_their_tokens()
    {
        var (result, told) = Train(8, 1, steps: 1, TrainingPrecision.Exact);
        Assert.Equal(result.FirstLoss, told[0].Loss, 1e-4);
    }

    public void Dispose() => _folder.Dispose();

    /// <summary>Few of a row's tokens count, all of another's.</summary>
    private (TrainingResult Result, List<TrainingProgress> Told) Train(
        int batch, int accumulation, int steps, TrainingPrecision precision = TrainingPrecision.Balanced)
    {
        List<TrainingProgress> told = [];
        using var model = TinyModels.Load(TinyArchitecture.Llama);
        using var finetuning = new LoraFinetuning(model)
        {
            Parameters = TrainingRuns.Quick with
            {
                MaxSteps = steps, SequencePacking = false, BatchSize = batch, GradientAccumulation = accumulation, Precision = precision,
            },
        };
        File.WriteAllLines(_folder["labels.jsonl"], Enumerable.Range(1, 8).Select(row =>
        {
            var labels = Enumerable.Range(1, 30).Select(token => token > 30 - 3 * row || row > 5 ? token + row : -100);
            return $$"""{"input_ids":[{{string.Join(',', Enumerable.Range(1, 30).Select(token => token + row))}}],"labels":[{{string.Join(',', labels)}}]}""";
        }));
        finetuning.AddDatasetFile(_folder["labels.jsonl"]);
        var updates = TrainingRuns.Updates(state => told.Add(state));
        return (finetuning.TrainToAdapter(_folder["adapter.gguf"], updates), told);
    }

    private static LoraTrainingParameters AttentionOnly => TrainingRuns.Quick with
    {
        TargetModules = LoraTargetModules.Attention, ContextLength = 96, Precision = TrainingPrecision.Exact,
    };

    private static TrainingSample Sample(int length, int factor) =>
        TrainingSample.Counting([.. Enumerable.Range(0, length).Select(i => (i * factor + length) % 90 + 1)], ..);

    private static AdapterTraining Open(LM model, LoraTrainingParameters parameters) => AdapterTraining.Open(
        model, parameters, new PreparedData(Samples, [], new DatasetStatistics(), []), TestContext.Current.CancellationToken);

    private static List<double> Losses(AdapterTraining training, PackedRow packed)
    {
        var row = TrainingRow.From(packed, training.Layout.Length, tokenWeight: 1);
        return [.. row.Targets.Where(target => row.Positions[target.Row] % Stride == 0).Select(target => training.Graph.Evaluate(row.Tokens, row.Positions, row.Segments, [target]))];
    }

    private static IEnumerable<double> Losses(TokenLossEvaluator evaluator, int[] tokens)
    {
        var logits = evaluator.Logits(tokens, TestContext.Current.CancellationToken);
        return Enumerable.Range(0, tokens.Length - 1).Where(i => i % Stride == 0).Select(i => TokenLossEvaluator.CrossEntropy(logits[i], tokens[i + 1]));
    }

    private static List<float> Gradients(AdapterTraining training, PackedRow[] rows)
    {
        training.Graph.ClearGradients();
        foreach (var packed in rows)
            Accumulate(training.Graph, packed);
        return [.. training.Parameters.SelectMany(parameter => parameter.ReadGradients().ToArray())];
    }

    private static void Accumulate(TrainingGraph graph, PackedRow packed)
    {
        var row = TrainingRow.From(packed, graph.Tokens, tokenWeight: 0.01f);
        graph.Accumulate(row.Tokens, row.Positions, row.Segments, row.Targets);
    }
}

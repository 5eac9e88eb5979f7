using LoraBridge.Finetuning;
using LoraBridge.Finetuning.Runs;
using LoraBridge.Formats;
using LoraBridge.Training.Graphs;
using LoraBridge.Model;
using LoraBridge.Native;
using LoraBridge.TestKit;
using LoraBridge.Training;
using LoraBridge.Training.Batching;

namespace LoraBridge.Training.Tests;

public sealed class TrainingGraphTests
{
    private const int Tokens = 64, HeadRows = 8;

    /// <summary>Rows with few and many predictions, measured and trained on, share memory that grows: whoever used it before must notice.</summary>
    [Fact]
    public void Results_do_not_depend_on_what_was_computed_before()
    {
        using var opened = Opened.With(HeadRows);
        var graph = opened.Graph;

        var (few, many) = (Targets(5), Targets(60));
        var expected = (Run(few), Run(many), graph.Evaluate(Row, Row, Segments, few), graph.Evaluate(Row, Row, Segments, many));
        for (var i = 0; i < 2; i++)
        {
            Assert.Equal(expected.Item3, graph.Evaluate(Row, Row, Segments, few));
            Assert.Equal(expected.Item1, Run(few));
            Assert.Equal(expected.Item4, graph.Evaluate(Row, Row, Segments, many));
            Assert.Equal(expected.Item2, Run(many));
        }

        List<float> Run(LossTarget[] targets)
        {
            graph.ClearGradients();
            return [(float)graph.Accumulate(Row, Row, Segments, targets), .. graph.Parameters.SelectMany(parameter => parameter.ReadGradients().ToArray())];
        }
    }

    /// <summary>The last norm is computed for all tokens that count at once, and the head, which is what follows it, for some of them after the other.</summary>
    [Theory]
    [InlineData(5)]
    [InlineData(41)]
    [InlineData(64)]
    public void The_head_in_chunks_gives_what_it_gives_at_once(int count)
    {
        var (whole, chunked) = (Computed(Tokens), Computed(HeadRows));
        Assert.Equal(whole.Loss, chunked.Loss, 1e-9);
        Assert.Equal(whole.Measured, chunked.Measured, 1e-9);
        Assert.Equal(whole.Gradients.Count, chunked.Gradients.Count);
        foreach (var (name, gradient) in whole.Gradients)
            Assert.True(Distance(gradient, chunked.Gradients[name]) < 1e-5, name);

        (double Loss, double Measured, Dictionary<string, float[]> Gradients) Computed(int headRows)
        {
            using var opened = Opened.With(headRows);
            var graph = opened.Graph;
            Assert.Equal("result_norm", graph.Parts.BodyOutput.Name);
            Assert.Equal(GgmlOp.MulMat, Assert.Single(graph.Parts.Head).Op);
            var loss = graph.Accumulate(Row, Row, Segments, Targets(count));
            return (loss, graph.Evaluate(Row, Row, Segments, Targets(count)), graph.Parameters.ToDictionary(parameter => parameter.Name, parameter => parameter.ReadGradients().ToArray()));
        }
    }

    /// <summary>Logits and what is computed from them are there for a chunk at a time.</summary>
    [Fact]
    public void The_head_in_chunks_takes_less_memory()
    {
        using var whole = Opened.With(Tokens, recompute: true);
        using var chunked = Opened.With(HeadRows, recompute: true);
        var logits = (Tokens - HeadRows) * whole.Graph.Logits.Shape.Ne0 * sizeof(float);
        Assert.InRange(whole.Graph.WorkingMemory - chunked.Graph.WorkingMemory, logits / 2, long.MaxValue);
    }

    /// <summary>Tokens without a target get no logits, but for those that fill up a graph for about as many.</summary>
    [Theory]
    [InlineData(5, 8)]
    [InlineData(41, 48)]
    [InlineData(64, 64)]
    public void Logits_are_computed_for_tokens_that_count(int count, int rows)
    {
        using var opened = Opened.With(HeadRows);
        opened.Graph.Accumulate(Row, Row, Segments, Targets(count));
        var width = opened.Graph.Logits.Shape.Ne0;
        Assert.Equal(rows, opened.Graph.Profile().Where(entry => entry.Phase == TrainingPhase.Head && entry.Time.Operations > 0 && entry.Time.Node.Ne(0) == width).Sum(entry => entry.Time.Node.Ne(1)));
    }

    /// <summary>As many rows as fit the budget of logits, but of a large vocabulary not so few that packing its weights takes longer than using them.</summary>
    [Theory]
    [InlineData(2048, 1 << 13, 512)]
    [InlineData(2048, 1 << 17, 256)]
    [InlineData(2048, 256, 2048)]
    [InlineData(100, 1 << 17, 100)]
    public void Rows_of_the_head_fit_a_budget(int tokens, int vocabulary, int rows) => Assert.Equal(rows, TrainingGraphShape.HeadRowsFor(tokens, vocabulary));

    /// <summary>Before the first update there is nothing to keep, and afterwards what led to the loss is.</summary>
    [Fact]
    public void Parameters_are_worth_keeping_once_they_have_been_trained()
    {
        using var opened = Opened.With(HeadRows);
        var gain = float.PositiveInfinity;
        var trainer = new Trainer(
            opened.Graph, new AdamW(opened.Graph.Parameters, new AdamWOptions { GainOf = _ => gain }),
            new LearningRateSchedule(LearningRateScheduleKind.Constant, 1e-4f, Steps: 2, WarmupSteps: 0, FloorRatio: 1), maximumGradientNorm: 1);
        var row = PackedRow.From(TrainingSample.Counting(Row, 1..));
        var step = new TrainingStep(default, [[row]], row.TargetCount);
        Assert.False(Assert.Throws<TrainingDivergedException>(() => trainer.Step(step, TestContext.Current.CancellationToken)).IsGood);
        gain = 1;
        trainer.Step(step, TestContext.Current.CancellationToken);
        gain = float.PositiveInfinity;
        Assert.True(Assert.Throws<TrainingDivergedException>(() => trainer.Step(step, TestContext.Current.CancellationToken)).IsGood);
    }

    /// <summary>The gradients of a step are those of its rows: a step that changes nothing, made again, finds the same.</summary>
    [Fact]
    public void Steps_start_without_gradients()
    {
        using var opened = Opened.With(HeadRows);
        var trainer = new Trainer(
            opened.Graph, new AdamW(opened.Graph.Parameters, new AdamWOptions()),
            new LearningRateSchedule(LearningRateScheduleKind.Constant, 0, Steps: 2, WarmupSteps: 0, FloorRatio: 1), maximumGradientNorm: 1);
        var row = PackedRow.From(TrainingSample.Counting(Row, 1..));
        var step = new TrainingStep(default, [[row]], row.TargetCount);
        var first = trainer.Step(step, TestContext.Current.CancellationToken);
        Assert.Equal(first with { Step = 1 }, trainer.Step(step, TestContext.Current.CancellationToken));
    }

    private static double Distance(float[] a, float[] b) =>
        Math.Sqrt(a.Zip(b, (x, y) => Math.Pow(x - y, 2)).Sum() / Math.Max(a.Sum(x => (double)x * x), 1e-30));

    /// <summary>A training graph of the tiny model.</summary>
    private sealed class Opened(GgufModelFiles files, LlamaModelHandle model, ComputeEngine engine, AdapterSession session) : IDisposable
    {
        public TrainingGraph Graph => session.Graph;

        public static Opened With(int headRows, bool recompute = false)
        {
            NativeRuntime.Initialize();
            var files = ModelLoader.Open(TinyModels.PathOf(TinyArchitecture.Llama));
            var model = ModelLoader.Load(files, new NativeLoadOptions { UseExtraBuffers = false }, cancellationToken: TestContext.Current.CancellationToken);
            var blueprint = TargetSelection.Choose("llama", files.Tensors.Select(tensor => tensor.Info), LoraTargetModules.Attention, _ => 2, 4);
            var engine = new ComputeEngine(1);
            return new Opened(files, model, engine, AdapterSession.Open(
                model, blueprint, (file, used) => AdapterFileWriter.WriteInitial(file, used, seed: 1), engine,
                new TrainingGraphShape(Tokens, headRows, 1, recompute), requireAll: true));
        }

        public void Dispose()
        {
            session.Dispose();
            engine.Dispose();
            model.Dispose();
            files.Dispose();
        }
    }

    private static int[] Row { get; } = [.. Enumerable.Range(0, Tokens)];

    private static int[] Segments { get; } = new int[Tokens];

    private static LossTarget[] Targets(int count) => [.. Enumerable.Range(0, count).Select(i => new LossTarget(i, i + 1, 0.1f))];
}

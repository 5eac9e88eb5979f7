using LoraBridge.Finetuning;
using LoraBridge.Finetuning.Runs;
using LoraBridge.Formats;
using LoraBridge.Training.Graphs;
using LoraBridge.Model;
using LoraBridge.Native;
using LoraBridge.TestKit;
using LoraBridge.Training;

namespace LoraBridge.Training.Tests;

public sealed class TrainingGraphTests
{
    private const int Tokens = 64, HeadRows = 8;

    /// <summary>Rows with few and many predictions, measured and trained on, share memory that grows: whoever used it before must notice.</summary>
    [Fact]
    public void Results_do_not_depend_on_what_was_computed_before()
    {
        NativeRuntime.Initialize();
        var path = TinyModels.PathOf(TinyArchitecture.Llama);
        using var files = ModelLoader.Open(path);
        using var model = ModelLoader.Load(files, new NativeLoadOptions { UseExtraBuffers = false }, cancellationToken: TestContext.Current.CancellationToken);
        var blueprint = TargetSelection.Choose("llama", files.Tensors.Select(tensor => tensor.Info), LoraTargetModules.Attention, _ => 2, 4);
        using var engine = new ComputeEngine(1);
        using var session = AdapterSession.Open(
            model, blueprint, (file, used) => AdapterFileWriter.WriteInitial(file, used, seed: 1), engine,
            new TrainingGraphShape(Tokens, HeadRows, 1, Recompute: false), requireAll: true);
        var graph = session.Graph;

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
            return [(float)graph.Accumulate(Row, Row, Segments, targets), .. graph.Parameters.SelectMany(parameter => parameter.Gradients.ToArray())];
        }
    }

    private static int[] Row { get; } = [.. Enumerable.Range(0, Tokens)];

    private static int[] Segments { get; } = new int[Tokens];

    private static LossTarget[] Targets(int count) => [.. Enumerable.Range(0, count).Select(i => new LossTarget(i, i + 1, 0.1f))];
}

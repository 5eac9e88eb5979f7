using LoraBridge.Finetuning;
using LoraBridge.Finetuning.Runs;
using LoraBridge.Model;
using LoraBridge.Native;
using LoraBridge.TestKit;
using LoraBridge.Training.Graphs;

namespace LoraBridge.Training.Tests;

public sealed class GraphTracerTests
{
    public static TheoryData<TinyFamily> Families => [.. Enum.GetValues<TinyFamily>()];

    /// <summary>Recording pays for no forward pass, with an adapter or without.</summary>
    [Theory]
    [MemberData(nameof(Families))]
    public void Nothing_is_computed_to_record_a_graph(TinyFamily family)
    {
        using var files = ModelLoader.Open(TinyFamilies.PathOf(family));
        using var model = Load(files);
        var graph = GraphTracer.Trace(model, null, tokens: 32, outputRows: 4, threads: 1);
        Assert.False(graph.WasComputed);
        Assert.Equal(new Shape(graph.Output.Shape.Ne0, 4), graph.Output.Shape);
    }

    /// <summary>What cannot be trained is left out of the one graph; it is neither written nor loaded a second time.</summary>
    [Fact]
    public void Targets_that_are_not_used_cost_no_second_trace()
    {
        using var files = ModelLoader.Open(TinyFamilies.PathOf(TinyFamily.LatentAttention));
        using var model = Load(files);
        using var engine = new ComputeEngine(1);
        var blueprint = TargetSelection.Choose("deepseek2", files.Tensors.Select(tensor => tensor.Info), LoraTargetModules.AllLinear, _ => 2, 4);
        var written = 0;
        using var session = AdapterSession.Open(
            model, blueprint, (file, used) =>
            {
                written++;
                AdapterFileWriter.WriteInitial(file, used, seed: 1);
            }, engine, new TrainingGraphShape(32, 4, 1, Recompute: false), requireAll: false);
        Assert.Equal(1, written);
        Assert.Contains("blk.0.attn_k_b.weight", session.UnusedTargets);
        Assert.Equal(
            session.Blueprint.Targets.SelectMany(target => (string[])[target.Weight + ".lora_a", target.Weight + ".lora_b"]).Order(StringComparer.Ordinal),
            session.Graph.Parameters.Select(parameter => parameter.Name).Order(StringComparer.Ordinal));
    }

    private static LlamaModelHandle Load(LoraBridge.Formats.GgufModelFiles files) =>
        ModelLoader.Load(files, new NativeLoadOptions { UseExtraBuffers = false }, cancellationToken: TestContext.Current.CancellationToken);
}

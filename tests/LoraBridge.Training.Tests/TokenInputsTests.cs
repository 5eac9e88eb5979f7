using LoraBridge.Finetuning;
using LoraBridge.Training.Graphs;
using LoraBridge.Model;
using LoraBridge.Native;
using LoraBridge.TestKit;

namespace LoraBridge.Training.Tests;

/// <summary>Inputs of a graph that llama.cpp computes from the tokens of a row, in a model that looks up hashes of neighbours.</summary>
public sealed class TokenInputsTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Gradients_are_those_of_the_row_that_is_trained()
    {
        var options = new GradientCheckOptions { ContextLength = 16, Rank = 4, Threads = 1, TargetModules = LoraTargetModules.Of("ple_*", "attn_qkv") };
        var result = GradientCheck.Run(WriteModel(), options, null, TestContext.Current.CancellationToken);

        Assert.InRange(result.ForwardNmse, 0, 1e-6);
        Assert.Empty(result.ZeroGradientTensors);
        Assert.True(result.Pass);
    }

    [Fact]
    public void They_are_read_again_for_each_row_and_keep_rows_to_one_sequence()
    {
        using var files = ModelLoader.Open(WriteModel());
        using var model = ModelLoader.Load(files, new NativeLoadOptions { UseExtraBuffers = false }, null, TestContext.Current.CancellationToken);
        var graph = GraphTracer.Trace(model, null, tokens: 8, outputRows: 8, threads: 1);
        int[] row = [5, 6, 7, 5, 6, 7, 5, 6];

        var inputs = graph.TokenInputs!.For(row);
        var (leaf, data) = Assert.Single(inputs);
        Assert.NotEqual(leaf.InputData, data);
        Assert.Equal(data, graph.TokenInputs.For(row)[leaf]);
        // A hash of two neighbours: another last token changes nothing before it.
        var changed = graph.TokenInputs.For([.. row[..7], 9])[leaf];
        Assert.Equal(data[..(data.Length * 7 / 8)], changed[..(data.Length * 7 / 8)]);
        Assert.NotEqual(data, changed);

        using var leaves = new GraphBuilder(64);
        Assert.True(new RowInputs(graph, leaves).OneSequencePerRow);
    }

    [Fact]
    public void Other_models_have_none()
    {
        using var files = ModelLoader.Open(TinyFamilies.PathOf(TinyFamily.Dense));
        using var model = ModelLoader.Load(files, new NativeLoadOptions { UseExtraBuffers = false }, null, TestContext.Current.CancellationToken);
        Assert.Null(GraphTracer.Trace(model, null, tokens: 8, outputRows: 8, threads: 1).TokenInputs);
    }

    private string WriteModel()
    {
        Assert.SkipUnless(LlamaBuild.Loaded == LlamaBuild.V050, "The older build does not know the model's architecture.");
        var path = _folder["hashed.gguf"];
        HashedModel.Write(path);
        return path;
    }
}

using LoraBridge.Cli.Benchmarking;
using LoraBridge.Formats;
using LoraBridge.Model;
using LoraBridge.TestKit;

namespace LoraBridge.Tests.Benchmarking;

public sealed class RandomModelTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    [Fact]
    public void The_same_seed_gives_the_same_model_and_it_can_be_loaded()
    {
        var shape = RandomModelShape.Parse("tiny");
        foreach (var (name, seed) in new[] { ("a.gguf", 0ul), ("b.gguf", 0ul), ("c.gguf", 1ul) })
            RandomModel.Write(_folder[name], shape, GgmlType.Q4_0, seed);
        Assert.Equal(File.ReadAllBytes(_folder["a.gguf"]), File.ReadAllBytes(_folder["b.gguf"]));
        Assert.NotEqual(File.ReadAllBytes(_folder["a.gguf"]), File.ReadAllBytes(_folder["c.gguf"]));

        using var model = new LM(_folder["a.gguf"], TinyModels.Device);
        Assert.Equal((2, 256), (model.LayerCount, model.EmbeddingSize));
        Assert.Equal(2 * (2 * 256 * 256 + 2 * 256 * 128 + 3 * 256 * 512 + 2 * 256) + 512 * 256 + 256, model.Files.Tensors.Sum(tensor => tensor.Info.ElementCount));
    }

    [Fact]
    public void A_shape_by_numbers_has_heads_of_64()
    {
        var shape = RandomModelShape.Parse("3x512x1024");
        Assert.Equal((3, 512, 1024, 8, 64), (shape.Layers, shape.Embedding, shape.FeedForward, shape.Heads, shape.HeadSize));
    }

    [Theory]
    [InlineData("big")]
    [InlineData("1x2")]
    [InlineData("0x256x256")]
    [InlineData("1x100x256")]
    [InlineData("1x256x-256")]
    public void Shapes_that_cannot_be_are_refused(string text) => Assert.Throws<ArgumentException>(() => RandomModelShape.Parse(text));

    [Theory]
    [InlineData(GgmlType.IQ1_S)]
    [InlineData(GgmlType.IQ2_XXS)]
    [InlineData(GgmlType.IQ3_S)]
    public void Types_that_are_not_quantised_in_passing_are_made_of_random_blocks(GgmlType type)
    {
        RandomModel.Write(_folder["x.gguf"], RandomModelShape.Parse("tiny"), type);
        using var model = new LM(_folder["x.gguf"], TinyModels.Device);
        Assert.Contains(model.Files.Tensors, tensor => tensor.Info.Type == type);
    }

    [Fact]
    public void Types_of_no_weights_are_refused() =>
        Assert.Throws<ArgumentException>(() => RandomModel.Write(_folder["x.gguf"], RandomModelShape.Parse("tiny"), GgmlType.I32));

    public void Dispose() => _folder.Dispose();
}

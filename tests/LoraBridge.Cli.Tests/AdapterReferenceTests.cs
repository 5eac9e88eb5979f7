using LoraBridge.Cli.Options;

namespace LoraBridge.Cli.Tests;

public sealed class AdapterReferenceTests
{
    [Theory]
    [InlineData("a.gguf", "a.gguf", 1)]
    [InlineData("a.gguf:0.5", "a.gguf", 0.5)]
    [InlineData("a.gguf:2e-1", "a.gguf", 0.2)]
    [InlineData("a.gguf:0", "a.gguf", 0)]
    [InlineData("a.gguf:-0.5", "a.gguf", -0.5)]
    [InlineData(@"C:\models\a.gguf", @"C:\models\a.gguf", 1)]
    [InlineData(@"C:\models\a.gguf:0.5", @"C:\models\a.gguf", 0.5)]
    [InlineData("C:/a.gguf", "C:/a.gguf", 1)]
    [InlineData("a:b", "a:b", 1)]
    [InlineData("a:1:2", "a:1", 2)]
    public void The_tail_is_a_scale_if_it_is_a_number(string text, string path, float scale) =>
        Assert.Equal(new AdapterReference(path, scale), AdapterReference.Parse(text));

    [Theory]
    [InlineData(":1")]
    [InlineData(" :0.5")]
    [InlineData("a:NaN")]
    [InlineData("a:-Infinity")]
    [InlineData("a:1e39")]
    [InlineData("a:Infinity")]
    public void Nonsense_is_refused(string text) => Assert.Throws<FormatException>(() => AdapterReference.Parse(text));
}

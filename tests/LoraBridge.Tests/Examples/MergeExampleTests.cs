using System.Reflection;
using LoraBridge.Formats;
using LoraBridge.TestKit;

namespace LoraBridge.Tests.Examples;

public sealed class MergeExampleTests
{
    [Fact]
    public void It_merges_to_the_type_that_is_asked_for()
    {
        using var folder = new TemporaryFolder();
        var path = TinyModels.PathOf(TinyArchitecture.Llama, TinyType.Q4_0);
        TinyAdapters.Create(path).Save(folder["adapter.gguf"]);

        Assembly.Load("LoraBridge.Examples.Merge").EntryPoint!.Invoke(
            null, [new[] { path, folder["adapter.gguf"], folder["merged.gguf"], "0.5", "bf16" }]);

        using var merged = GgufFile.Open(folder["merged.gguf"]);
        Assert.Equal(GgmlType.BF16, merged.Find("blk.0.attn_q.weight")!.Type);
        Assert.Equal([0.5f], merged.Metadata.GetFloat32Array("lorabridge.merge.scales"));
    }
}

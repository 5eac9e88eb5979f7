using System.Reflection;
using LoraBridge.Model;
using LoraBridge.TestKit;

namespace LoraBridge.Tests.Examples;

public sealed class QuickstartTests
{
    private static readonly MethodInfo Main = Assembly.Load("LoraBridge.Examples.Quickstart").EntryPoint!;

    /// <summary>The example takes the default, and threads that outnumber free cores wait for each other for minutes.</summary>
    static QuickstartTests() => Environment.SetEnvironmentVariable("LORABRIDGE_THREADS", "1");

    [Fact]
    public void It_answers_and_leaves_a_merged_model()
    {
        using var folder = new TemporaryFolder();
        var path = TinyModels.PathOf(TinyArchitecture.Llama, TinyType.Q8_0);
        TinyAdapters.Create(path).Save(folder["adapter.gguf"]);

        Run(path, folder["adapter.gguf"], folder["merged.gguf"]);

        using var merged = new LM(folder["merged.gguf"], TinyModels.Device);
        Assert.Equal("Q8_0", merged.QuantizationType);
    }

    private static object? Run(params string[] args) => Main.Invoke(null, [args]);
}

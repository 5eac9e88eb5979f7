using System.Reflection;
using LoraBridge.TestKit;

namespace LoraBridge.Extensions.AI.Tests;

public sealed class ExampleTests
{
    [Fact]
    public async Task ChatClient_answers_with_and_without_the_adapter()
    {
        using var folder = new TemporaryFolder();
        TinyAdapters.Create(SmallWorld.Path).Save(folder["pirate.gguf"]);
        await Run("LoraBridge.Examples.ChatClient", SmallWorld.Path, folder["pirate.gguf"]);
    }

    [Fact]
    public Task Tools_calls_the_function_and_answers() => Run("LoraBridge.Examples.Tools", SmallWorld.Path);

    private static async Task Run(string example, params string[] args)
    {
        Environment.SetEnvironmentVariable("LORABRIDGE_THREADS", "1");
        var main = Assembly.Load(example).EntryPoint!.DeclaringType!.GetMethod("<Main>$", BindingFlags.NonPublic | BindingFlags.Static)!;
        await (Task)main.Invoke(null, [args])!;
    }
}

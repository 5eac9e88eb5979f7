using LoraBridge.TestKit;

namespace LoraBridge.LLamaSharp.Tests;

/// <summary>The examples of the page for users of LLamaSharp are compiled here, and run.</summary>
public sealed class MigrationTests
{
    [Fact]
    public void The_examples_are_the_compiled_ones() =>
        MarkdownSnippets.AssertCompiled("src/LoraBridge.LLamaSharp/README.md", "tests/LoraBridge.LLamaSharp.Tests/MigrationSnippets.cs");

    [Fact]
    public async Task The_examples_run()
    {
        AdapterTests.SkipOnAnotherBuild();
        using var folder = new TemporaryFolder();
        File.Copy(SmallWorld.Path, folder["model.gguf"]);
        File.WriteAllLines(folder["chats.jsonl"], File.ReadLines(Path.Combine(CheckoutFolder.Root, "examples", "data", "persona.train.jsonl")).Take(8));
        var (before, output) = (Environment.CurrentDirectory, Console.Out);
        using var written = new StringWriter();
        try
        {
            Console.SetOut(written);
            // The examples name their files without a folder. Nothing else in this assembly uses relative paths, or the console.
            Environment.CurrentDirectory = folder.FullName;
            MigrationSnippets.FinetuningAndAdapters();
            await MigrationSnippets.ConversationAsync();
        }
        finally
        {
            Environment.CurrentDirectory = before;
            Console.SetOut(output);
        }
        Assert.Contains(" at 0.5", written.ToString(), StringComparison.Ordinal);
        Assert.True(written.ToString().TrimEnd().Split('\n')[^1].Length > 10, written.ToString());
    }
}

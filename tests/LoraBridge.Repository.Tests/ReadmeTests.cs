using System.Security.Cryptography;
using System.Text.RegularExpressions;
using LoraBridge.TestKit;

namespace LoraBridge.Repository.Tests;

/// <summary>The README's examples are compiled here, and run.</summary>
public sealed partial class ReadmeTests
{
    [Fact]
    public void The_examples_are_the_compiled_ones() =>
        MarkdownSnippets.AssertCompiled("README.md", "tests/LoraBridge.Repository.Tests/ReadmeSnippets.cs");

    [Fact]
    public async Task The_examples_run()
    {
        using var folder = new TemporaryFolder();
        File.Copy(TinyModels.PathOf(TinyArchitecture.Llama, TinyType.Q4_0), folder["model.gguf"]);
        TinyAdapters.Create(folder["model.gguf"]).Save(folder["adapter.gguf"]);
        TinyAdapters.Create(folder["model.gguf"], seed: 2).Save(folder["second.gguf"]);
        await File.WriteAllTextAsync(folder["chats.jsonl"],
            """{"messages":[{"role":"user","content":"Who are you?"},{"role":"assistant","content":"A bridge."}]}""");
        var (before, output) = (Environment.CurrentDirectory, Console.Out);
        try
        {
            Console.SetOut(TextWriter.Null);
            // The examples name their files without a folder. Nothing else in this assembly uses relative paths.
            Environment.CurrentDirectory = folder.FullName;
            NameTiny(folder, "gemma3:270m");
            await ReadmeSnippets.FirstTokenAsync();
            await ReadmeSnippets.StoreAsync();
            ReadmeSnippets.Model();
            ReadmeSnippets.Adapter();
            await ReadmeSnippets.ConversationAsync();
            await ReadmeSnippets.FinetuningAsync();
            ReadmeSnippets.Merger();
        }
        finally
        {
            Environment.CurrentDirectory = before;
            Console.SetOut(output);
        }
        Assert.True(File.Exists(folder["trained.gguf"]));
        Assert.True(File.Exists(folder["merged.gguf"]));
    }

    /// <summary>Makes a name mean <c>model.gguf</c> for this process, without a network. Nothing else in this assembly uses names.</summary>
    private static void NameTiny(TemporaryFolder folder, string id)
    {
        var hash = Convert.ToHexStringLower(SHA256.HashData(File.ReadAllBytes(folder["model.gguf"])));
        File.Copy(folder["model.gguf"], folder["owner_tiny_model.gguf"]);
        File.WriteAllText(folder["catalogue.json"], $$"""
            {"schema": 1, "models": [{"id": "{{id}}", "builds": [{"quantization": "Q4_0", "repository": "owner/tiny", "files": [{"name": "model.gguf", "sha256": "{{hash}}"}]}]}]}
            """);
        foreach (var name in (string[])["LORABRIDGE_HOME", "LLAMA_CACHE", "HF_HUB_CACHE"])
            Environment.SetEnvironmentVariable(name, folder.FullName);
        Environment.SetEnvironmentVariable("LORABRIDGE_OFFLINE", "1");
    }

    [Fact]
    public void Files_that_are_named_exist()
    {
        var links = Link().Matches(Checkout.Read("README.md")).Select(match => match.Groups[1].Value).Where(link => !link.Contains("://", StringComparison.Ordinal));
        Assert.All(links, link => Assert.True(File.Exists(Checkout.PathOf(link)) || Directory.Exists(Checkout.PathOf(link)), $"{link} does not exist"));
    }

    [GeneratedRegex(@"\]\(([^)#]+)\)")]
    private static partial Regex Link();
}

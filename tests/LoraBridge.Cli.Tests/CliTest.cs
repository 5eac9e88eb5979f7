using LoraBridge.Formats;
using LoraBridge.TestKit;

namespace LoraBridge.Cli.Tests;

/// <summary>A folder for each test, with the files that it asks for.</summary>
public abstract class CliTest : IDisposable
{
    private protected TemporaryFolder Folder { get; } = new();

    private protected static string Model => TinyModels.PathOf(TinyArchitecture.Llama);

    /// <inheritdoc/>
    public void Dispose()
    {
        Folder.Dispose();
        GC.SuppressFinalize(this);
    }

    /// <summary>An adapter for <see cref="Model"/>.</summary>
    private protected string Adapter(string name = "adapter.gguf", float scaleOfB = 0.1f, int seed = 1, string? model = null) =>
        Save(TinyAdapters.Create(model ?? Model, scaleOfB: scaleOfB, seed: seed), name);

    private protected string Save(GgufWriter writer, string name)
    {
        writer.Save(Folder[name]);
        return Folder[name];
    }

    private protected string Write(string name, params string[] lines)
    {
        File.WriteAllLines(Folder[name], lines);
        return Folder[name];
    }

    /// <summary>Rows that need no tokenizer.</summary>
    private protected string Tokens() => Write("tokens.jsonl",
        """{"input_ids":[1,2,3,4,5,6,7,8,9,10,11,12]}""",
        """{"input_ids":[20,21,22,23,24,25],"labels":[-100,-100,-100,23,24,25]}""");
}

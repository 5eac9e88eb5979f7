using LoraBridge.Formats;
using LoraBridge.Native;
using Xunit;

namespace LoraBridge.TestKit;

/// <summary>Model files of many architectures, in the folder that the environment variable <c>LORABRIDGE_ZOO</c> names.</summary>
/// <remarks>
/// Models without a tokenizer say so in a way that only newer builds of llama.cpp read (<c>test</c>); for an older one there is a copy of
/// each that says <c>none</c>, in the folder of temporary files.
/// </remarks>
public static class Zoo
{
    /// <summary>The environment variable that names the folder.</summary>
    public const string Variable = "LORABRIDGE_ZOO";

    private const string TokenizerKey = "tokenizer.ggml.model";

    /// <summary>The path of a file; skips the test when the folder is not set or has no such file.</summary>
    public static string PathOf(string name)
    {
        var path = Path.Combine(Folder(), name);
        Assert.SkipUnless(File.Exists(path), $"{Variable} has no {name}.");
        return Readable(path);
    }

    /// <summary>All model files; skips the test when the folder is not set.</summary>
    public static IReadOnlyList<string> Files() => [.. Originals().Select(Readable)];

    /// <summary>All model files as llama.cpp wrote them, whether the loaded one can read them or not; skips the test when the folder is not set.</summary>
    public static IReadOnlyList<string> Originals() => [.. Directory.GetFiles(Folder(), "*.gguf").Order(StringComparer.Ordinal)];

    private static string Folder()
    {
        var folder = Environment.GetEnvironmentVariable(Variable);
        Assert.SkipWhen(string.IsNullOrEmpty(folder), $"{Variable} is not set.");
        return folder!;
    }

    /// <summary>The file, or a copy of it that the loaded llama.cpp can read.</summary>
    private static string Readable(string path)
    {
        if (LlamaBuild.Loaded != LlamaBuild.B10221)
            return path;
        using var file = GgufFile.Open(path);
        if (!file.Metadata.TryGetString(TokenizerKey, out var tokenizer) || tokenizer != "test")
            return path;

        // Tests of several processes make the same copies: whoever is last replaces one by an equal one.
        var source = new FileInfo(path);
        var folder = Directory.CreateDirectory(Path.Combine(Path.GetTempPath(), "lorabridge-zoo", $"{source.Length:x}-{source.LastWriteTimeUtc.Ticks:x}"));
        var copy = Path.Combine(folder.FullName, source.Name);
        if (!File.Exists(copy))
        {
            var writer = new GgufWriter(file.Metadata);
            writer.Metadata.Set(TokenizerKey, "none");
            foreach (var tensor in file.Tensors)
                writer.AddTensor(file, tensor);
            writer.Save(copy, overwrite: true);
        }
        return copy;
    }
}

using Xunit;

namespace LoraBridge.TestKit;

/// <summary>Model files of many architectures, in the folder that the environment variable <c>LORABRIDGE_ZOO</c> names.</summary>
public static class Zoo
{
    /// <summary>The environment variable that names the folder.</summary>
    public const string Variable = "LORABRIDGE_ZOO";

    /// <summary>The path of a file; skips the test when the folder is not set or has no such file.</summary>
    public static string PathOf(string name)
    {
        var path = Path.Combine(Folder(), name);
        Assert.SkipUnless(File.Exists(path), $"{Variable} has no {name}.");
        return path;
    }

    /// <summary>All model files; skips the test when the folder is not set.</summary>
    public static IReadOnlyList<string> Files() => [.. Directory.GetFiles(Folder(), "*.gguf").Order(StringComparer.Ordinal)];

    private static string Folder()
    {
        var folder = Environment.GetEnvironmentVariable(Variable);
        Assert.SkipWhen(string.IsNullOrEmpty(folder), $"{Variable} is not set.");
        return folder!;
    }
}

using System.IO.Compression;
using System.Text.Json;
using Xunit;

namespace LoraBridge.TestKit;

/// <summary>
/// Published chat templates and what Jinja2 makes of them, in the folder that the environment variable <c>LORABRIDGE_TEMPLATES</c> names.
/// </summary>
public static class PublishedTemplates
{
    /// <summary>The environment variable that names the folder.</summary>
    public const string Variable = "LORABRIDGE_TEMPLATES";

    /// <summary>Templates by the names of their files; skips the test when the folder is not set.</summary>
    public static IReadOnlyDictionary<string, string> All() => Directory.GetFiles(Path.Combine(Folder(), "published"), "*.jinja")
        .Order(StringComparer.Ordinal).ToDictionary(path => Path.GetFileName(path), File.ReadAllText);

    /// <summary>The variables of each conversation by its name, and the time that templates see.</summary>
    public static (IReadOnlyDictionary<string, JsonElement> Conversations, DateTime Now) Conversations()
    {
        using var document = JsonDocument.Parse(File.ReadAllText(Path.Combine(Folder(), "conversations.json")));
        var root = document.RootElement.Clone();
        return (root.GetProperty("conversations").EnumerateObject().ToDictionary(entry => entry.Name, entry => entry.Value), root.GetProperty("now").GetDateTime());
    }

    /// <summary>What each template makes of each conversation: objects with template, conversation, text and error.</summary>
    public static IEnumerable<JsonElement> Expected()
    {
        using var reader = new StreamReader(new GZipStream(File.OpenRead(Path.Combine(Folder(), "expected.jsonl.gz")), CompressionMode.Decompress));
        while (reader.ReadLine() is { } line)
            yield return JsonElement.Parse(line);
    }

    /// <summary>What templates with marks of generation mark: objects with template, row, messages, tools, text and spans.</summary>
    public static IEnumerable<JsonElement> Masks() => File.ReadLines(Path.Combine(Folder(), "masks.jsonl")).Select(line => JsonElement.Parse(line));

    private static string Folder()
    {
        var folder = Environment.GetEnvironmentVariable(Variable);
        Assert.SkipWhen(string.IsNullOrEmpty(folder), $"{Variable} is not set.");
        return folder!;
    }
}

using System.Text.Json;

namespace LoraBridge.Model.Store;

/// <summary>What other tools have on this machine. Each folder is looked at in each tool's layout; nothing is written there.</summary>
internal sealed class OtherTools(IReadOnlyList<string> folders)
{
    private const string OllamaModelLayer = "application/vnd.ollama.image.model";

    /// <summary>Files that may be the one, by name and size; their content is for the caller to verify.</summary>
    internal IEnumerable<string> Candidates(string repository, string file, long? size, string? sha256) =>
        from folder in folders
        from path in Places(folder, repository, file, sha256)
        where File.Exists(path) && (size is null || new FileInfo(path).Length == size)
        select path;

    /// <summary>The file that holds a model of Ollama, and the SHA-256 that Ollama names it by.</summary>
    /// <exception cref="ArgumentException">The name is malformed.</exception>
    /// <exception cref="FileNotFoundException">Ollama has no such model here.</exception>
    internal (string Path, string Sha256) FindOllama(string name)
    {
        var (path, tag) = name.Split(':') switch
        {
            [var only] => (only, "latest"),
            [var before, var after] => (before, after),
            _ => ("", ""),
        };
        string[] parts = path.Split('/') switch
        {
            [var model] => ["registry.ollama.ai", "library", model, tag],
            [var space, var model] => ["registry.ollama.ai", space, model, tag],
            [var host, var space, var model] => [host, space, model, tag],
            _ => [],
        };
        if (parts.Length == 0 || !parts.All(SafeNames.IsName))
            throw new ArgumentException($"'ollama:{SafeNames.Printable(name)}' names no model, expected ollama:name[:tag].");
        foreach (var folder in folders)
        {
            var manifest = Path.Combine([folder, "manifests", .. parts]);
            if (File.Exists(manifest) && ModelLayer(manifest) is { } hash && Path.Combine(folder, "blobs", $"sha256-{hash}") is var blob && File.Exists(blob))
                return (blob, hash);
        }
        throw new FileNotFoundException($"Ollama has no model '{name}' on this machine: fetch it with 'ollama pull {name}', or take the same model from the hub by hf:owner/repository.");
    }

    private static IEnumerable<string> Places(string folder, string repository, string file, string? sha256)
    {
        string[] names = file.Split('/');
        var owner = repository.Split('/');
        var isSplit = Quantization.PartsOf(file).Count > 1 || file.Contains("-of-", StringComparison.Ordinal);
        // LM Studio keeps models/owner/repository/file.
        yield return Path.Combine([folder, .. owner, .. names]);
        // llama.cpp had owner_repository_file before it took Hugging Face's layout.
        yield return Path.Combine(folder, $"{repository.Replace('/', '_')}_{names[^1]}");
        if (sha256 is null || isSplit)
            yield break;
        // Ollama and Hugging Face name files by their content: the parts of a split model do not find each other there.
        yield return Path.Combine(folder, "blobs", $"sha256-{sha256}");
        yield return Path.Combine(folder, $"models--{repository.Replace("/", "--", StringComparison.Ordinal)}", "blobs", sha256);
    }

    private static string? ModelLayer(string manifest)
    {
        try
        {
            using var json = JsonDocument.Parse(File.ReadAllBytes(manifest));
            foreach (var layer in json.RootElement.GetProperty("layers").EnumerateArray())
            {
                if (layer.GetProperty("mediaType").GetString() == OllamaModelLayer
                    && layer.GetProperty("digest").GetString() is { } digest && digest.StartsWith("sha256:", StringComparison.Ordinal)
                    && Sha256Hex.Is(digest["sha256:".Length..]))
                {
                    return digest["sha256:".Length..];
                }
            }
            return null;
        }
        catch (Exception fault) when (fault is JsonException or KeyNotFoundException or InvalidOperationException)
        {
            throw new InvalidDataException($"{manifest} is no manifest of Ollama: {fault.Message}", fault);
        }
    }
}

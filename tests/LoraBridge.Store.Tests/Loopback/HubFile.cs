using System.Security.Cryptography;

namespace LoraBridge.Store.Tests.Loopback;

/// <summary>A file that the loopback hub has.</summary>
internal sealed record HubFile(string Repository, string Name, byte[] Content)
{
    internal const int DefaultSize = 3_000_000;

    internal string Sha256 { get; } = Convert.ToHexStringLower(SHA256.HashData(Content));

    internal string Commit { get; init; } = Convert.ToHexStringLower(SHA1.HashData(Content));

    /// <summary>What the CDN calls the content: looks like a SHA-256 and is none, as with Hugging Face's.</summary>
    internal string CdnETag { get; } = $"\"{Convert.ToHexStringLower(SHA256.HashData([.. Content, 1]))}\"";

    internal long Size => Content.Length;

    /// <summary>Random bytes that begin as a GGUF file does.</summary>
    internal static HubFile Random(string name = "model-Q4_K_M.gguf", int seed = 1, int size = DefaultSize, string repository = "owner/repo")
    {
        var content = new byte[size];
        new Random(seed).NextBytes(content);
        "GGUF"u8.CopyTo(content);
        return new HubFile(repository, name, content);
    }
}

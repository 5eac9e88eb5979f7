using System.Security.Cryptography;

namespace LoraBridge.Model.Store;

/// <summary>SHA-256 as 64 small hexadecimal digits.</summary>
internal static class Sha256Hex
{
    private const int BufferSize = 1 << 20;

    internal static bool Is(string text) => IsHex(text, 64);

    /// <summary>Whether the text is a commit, 40 digits.</summary>
    internal static bool IsCommit(string text) => IsHex(text, 40);

    internal static string Of(string text) => Convert.ToHexStringLower(SHA256.HashData(System.Text.Encoding.UTF8.GetBytes(text)));

    internal static string Finish(IncrementalHash hash) => Convert.ToHexStringLower(hash.GetHashAndReset());

    /// <summary>Adds the first bytes of a stream to a hash.</summary>
    /// <param name="hash">The hash.</param>
    /// <param name="stream">The bytes.</param>
    /// <param name="report">Receives the number of bytes read so far.</param>
    /// <param name="cancellationToken">Stops it.</param>
    internal static async Task<long> AppendAsync(IncrementalHash hash, Stream stream, Action<long>? report, CancellationToken cancellationToken)
    {
        var buffer = new byte[BufferSize];
        long total = 0;
        for (int count; (count = await stream.ReadAsync(buffer, cancellationToken)) > 0; report?.Invoke(total))
        {
            hash.AppendData(buffer, 0, count);
            total += count;
        }
        return total;
    }

    /// <summary>The SHA-256 of a file.</summary>
    internal static async Task<string> OfFileAsync(string path, Action<long>? report, CancellationToken cancellationToken)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        await using var stream = new FileStream(
            path, new FileStreamOptions { Share = FileShare.Read | FileShare.Delete, BufferSize = 0, Options = FileOptions.SequentialScan });
        await AppendAsync(hash, stream, report, cancellationToken);
        return Finish(hash);
    }

    private static bool IsHex(string text, int length) => text.Length == length && !text.AsSpan().ContainsAnyExcept("0123456789abcdef");
}

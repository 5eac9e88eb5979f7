using System.Security.Cryptography;

namespace LoraBridge.Formats;

/// <summary>Short names for what is in files.</summary>
internal static class FileFingerprint
{
    /// <summary>Metadata and the list of tensors lie at the start of a GGUF file; nearly always within so many bytes.</summary>
    private const int HeaderBytes = 16 << 20;

    private const int Samples = 256;
    private const int SampleBytes = 4096;

    /// <summary>Of a model: the lengths of its files, their beginnings, and samples of the rest, since reading all of it would take minutes.</summary>
    internal static string Of(GgufModelFiles model)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        foreach (var file in model.Files)
            AppendSamples(hash, file.Path);
        return Convert.ToHexStringLower(hash.GetHashAndReset());
    }

    /// <summary>Of all bytes of a file.</summary>
    internal static string Of(string path)
    {
        using var stream = File.OpenRead(path);
        return Convert.ToHexStringLower(SHA256.HashData(stream));
    }

    private static void AppendSamples(IncrementalHash hash, string path)
    {
        using var file = File.OpenHandle(path);
        var length = RandomAccess.GetLength(file);
        hash.AppendData(BitConverter.GetBytes(length));
        var buffer = new byte[1 << 20];
        for (var at = 0L; at < Math.Min(length, HeaderBytes); at += buffer.Length)
            hash.AppendData(buffer, 0, RandomAccess.Read(file, buffer, at));
        for (var i = 1; i <= Samples && length > HeaderBytes; i++)
        {
            var at = HeaderBytes + (length - HeaderBytes) / Samples * i - SampleBytes;
            hash.AppendData(buffer, 0, RandomAccess.Read(file, buffer.AsSpan(0, SampleBytes), at));
        }
    }
}

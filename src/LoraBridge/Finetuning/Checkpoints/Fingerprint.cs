using System.Runtime.InteropServices;
using System.Security.Cryptography;
using LoraBridge.Formats;
using LoraBridge.Training.Batching;

namespace LoraBridge.Finetuning.Checkpoints;

/// <summary>Short names for contents.</summary>
internal static class Fingerprint
{
    /// <inheritdoc cref="FileFingerprint.Of(GgufModelFiles)"/>
    public static string Of(GgufModelFiles model) => FileFingerprint.Of(model);

    /// <summary>Of tokenized samples, in their order.</summary>
    public static string Of(IReadOnlyList<TrainingSample> samples)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        Append(hash, [samples.Count]);
        foreach (var sample in samples)
        {
            Append(hash, [sample.Tokens.Length]);
            Append(hash, sample.Tokens);
            Append(hash, sample.Labels);
        }
        return Convert.ToHexStringLower(hash.GetHashAndReset());
    }

    /// <summary>Of rows, in their order.</summary>
    public static string Of(IEnumerable<PackedRow> rows)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        foreach (var row in rows)
        {
            Append(hash, [row.Length]);
            Append(hash, row.Tokens);
            Append(hash, row.Segments);
            Append(hash, row.Targets);
        }
        return Convert.ToHexStringLower(hash.GetHashAndReset());
    }

    /// <inheritdoc cref="FileFingerprint.Of(string)"/>
    public static string OfFile(string path) => FileFingerprint.Of(path);

    private static void Append(IncrementalHash hash, ReadOnlySpan<int> values) => hash.AppendData(MemoryMarshal.AsBytes(values));
}

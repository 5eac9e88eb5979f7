using System.Globalization;
using System.Text.RegularExpressions;

namespace LoraBridge.Formats;

/// <summary>The keys and file names of models that are split over several files.</summary>
internal static partial class GgufSplit
{
    public const string Prefix = "split.";
    public const string NumberKey = "split.no";
    public const string CountKey = "split.count";
    public const string TensorCountKey = "split.tensors.count";

    /// <summary>The most parts that the 16-bit key can count.</summary>
    public const int MaximumParts = ushort.MaxValue;

    /// <summary>The path of a part; the index counts from zero, the name from one.</summary>
    public static string PathOf(string prefix, int index, int count) =>
        string.Create(CultureInfo.InvariantCulture, $"{prefix}-{index + 1:d5}-of-{count:d5}.gguf");

    /// <summary>The prefix of the first part of so many, or null when the path is not named so.</summary>
    public static string? PrefixOfFirst(string path, int count)
    {
        var match = PartName().Match(path);
        return match.Success && path == PathOf(match.Groups[1].Value, 0, count) ? match.Groups[1].Value : null;
    }

    [GeneratedRegex(@"^(.*)-00001-of-[0-9]{5}\.gguf$", RegexOptions.Singleline)]
    private static partial Regex PartName();
}

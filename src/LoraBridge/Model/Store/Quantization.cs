using System.Globalization;
using System.Text.RegularExpressions;

namespace LoraBridge.Model.Store;

/// <summary>Which file of a repository is meant: by the quantisation in its name, as llama.cpp chooses it.</summary>
internal static partial class Quantization
{
    private static readonly string[] Preferred = ["Q4_K_M", "Q8_0"];

    /// <summary>What lies beside models: image encoders, importance matrices and draft models.</summary>
    private static readonly string[] NotModels = ["mmproj", "imatrix", "mtp-", "eagle3-", "dflash-", "dspark-"];

    /// <summary>Whether the text looks like a quantisation.</summary>
    internal static bool IsOne(string text) => Tag().IsMatch(text);

    /// <summary>Whether a build's quantisation is what a user typed: the whole, or its part before a dash (<c>Q4_0</c> for <c>Q4_0-qat</c>).</summary>
    internal static bool IsMeant(string quantization, string typed) =>
        quantization.Equals(typed, StringComparison.OrdinalIgnoreCase)
        || quantization.StartsWith($"{typed}-", StringComparison.OrdinalIgnoreCase);

    /// <summary>The quantisation in a file name, or null.</summary>
    internal static string? In(string file) => Tag().Matches(WithoutPart(file)).LastOrDefault()?.Value.ToUpperInvariant();

    /// <summary>Chooses among the files of a repository.</summary>
    /// <param name="files">Paths in the repository.</param>
    /// <param name="quantization">What is wanted; null prefers Q4_K_M, then Q8_0, then the first.</param>
    /// <returns>The file, all its parts if it is split; empty when there is none.</returns>
    internal static IReadOnlyList<string> Choose(IEnumerable<string> files, string? quantization)
    {
        string[] models = [.. files.Where(IsModel).Order(StringComparer.Ordinal)];
        var chosen = quantization is not null
            ? models.FirstOrDefault(file => Has(file, quantization))
            : Preferred.Select(tag => models.FirstOrDefault(file => Has(file, tag))).FirstOrDefault(file => file is not null) ?? models.FirstOrDefault();
        return chosen is null ? [] : PartsOf(chosen);
    }

    /// <summary>The quantisations that a repository has.</summary>
    internal static IReadOnlyList<string> All(IEnumerable<string> files) =>
        [.. files.Where(IsModel).Select(In).OfType<string>().Distinct().Order(StringComparer.Ordinal)];

    /// <summary>The names of all parts of a split model, given the first; the name itself when it is not split.</summary>
    internal static IReadOnlyList<string> PartsOf(string file)
    {
        var match = Part().Match(file);
        if (!match.Success || !int.TryParse(match.Groups[3].Value, CultureInfo.InvariantCulture, out var count) || count is < 1 or > 1000)
            return [file];
        return [.. Enumerable.Range(1, count).Select(i => string.Create(CultureInfo.InvariantCulture, $"{match.Groups[1].Value}-{i:d5}-of-{count:d5}.gguf"))];
    }

    private static bool IsModel(string file) =>
        file.EndsWith(".gguf", StringComparison.OrdinalIgnoreCase)
        && !NotModels.Any(word => Path.GetFileName(file).Contains(word, StringComparison.OrdinalIgnoreCase))
        && (Part().Match(file) is not { Success: true } part || part.Groups[2].Value == "00001");

    /// <summary>The tag must be followed by a dot or a dash, so that Q4_K is not found in Q4_K_M.</summary>
    private static bool Has(string file, string quantization)
    {
        for (var at = 0; (at = file.IndexOf(quantization, at, StringComparison.OrdinalIgnoreCase)) >= 0; at++)
        {
            var end = at + quantization.Length;
            if (end < file.Length && file[end] is '.' or '-' or '/' && (at == 0 || !char.IsAsciiLetterOrDigit(file[at - 1])))
                return true;
        }
        return false;
    }

    private static string WithoutPart(string file) => Part().Match(file) is { Success: true } part ? part.Groups[1].Value : Path.ChangeExtension(file, null);

    [GeneratedRegex(@"(?<![A-Za-z0-9])(I?Q[1-8](_[A-Z0-9]+)*|TQ[12]_0|BF16|F16|F32|MXFP4)(?![A-Za-z0-9_])", RegexOptions.IgnoreCase)]
    private static partial Regex Tag();

    [GeneratedRegex(@"\A(.*)-([0-9]{5})-of-([0-9]{5})\.gguf\z", RegexOptions.Singleline)]
    private static partial Regex Part();
}

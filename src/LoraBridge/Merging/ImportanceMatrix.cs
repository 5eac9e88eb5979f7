using System.Collections.Immutable;
using LoraBridge.Formats;
using LoraBridge.Model;

namespace LoraBridge.Merging;

/// <summary>
/// Mean squares of the inputs of each weight, as llama.cpp's <c>imatrix</c> tool writes them: <c>NAME.in_sum2</c> [columns, experts]
/// and <c>NAME.counts</c> [1, experts], or the older format. Quantisation errs less where they are large.
/// </summary>
internal sealed class ImportanceMatrix
{
    private const string SumsSuffix = ".in_sum2";
    private const string CountsSuffix = ".counts";

    private readonly Dictionary<string, ImmutableArray<float>> _columns = new(StringComparer.Ordinal);
    private readonly string _path;

    private ImportanceMatrix(string path) => _path = path;

    /// <summary>Importance of the columns of each weight, expert after expert, by the weight's name.</summary>
    internal IReadOnlyDictionary<string, ImmutableArray<float>> Columns => _columns;

    /// <exception cref="FileNotFoundException">There is no such file.</exception>
    /// <exception cref="InvalidDataException">The file is no importance matrix.</exception>
    internal static ImportanceMatrix Read(string path)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(path);
        if (!File.Exists(path))
            throw new FileNotFoundException($"There is no importance matrix {path}.", path);
        var matrix = new ImportanceMatrix(path);
        if (IsGguf(path))
            matrix.ReadGguf();
        else
            foreach (var (name, columns) in LegacyImportanceMatrix.Read(path))
                matrix.Add(name, columns);
        return matrix;
    }

    private static bool IsGguf(string path)
    {
        using var stream = File.OpenRead(path);
        Span<byte> magic = stackalloc byte[4];
        return stream.ReadAtLeast(magic, magic.Length, throwOnEndOfStream: false) == magic.Length && magic.SequenceEqual("GGUF"u8);
    }

    private void ReadGguf()
    {
        using var file = GgufFile.Open(_path);
        foreach (var sums in file.Tensors.Where(tensor => tensor.Name.EndsWith(SumsSuffix, StringComparison.Ordinal)))
        {
            var name = sums.Name[..^SumsSuffix.Length];
            var counts = file.Find(name + CountsSuffix) ?? throw Fault($"'{name}' has {SumsSuffix}, but no {CountsSuffix}");
            if (sums.Type != GgmlType.F32 || counts.Type != GgmlType.F32 || sums.ElementCount % counts.ElementCount != 0)
                throw Fault($"'{name}' has sums {sums} and counts {counts}, expected f32 and a count for each matrix");
            Add(name, Mean(TensorReader.ReadFloats(file, sums), TensorReader.ReadFloats(file, counts)));
        }

        if (_columns.Count == 0)
            throw Fault($"no tensor ends in {SumsSuffix}, expected an importance matrix");
    }

    private void Add(string name, float[] columns)
    {
        // Native code takes them as they are, and ends the process where some searches find nothing.
        if (columns.Any(value => !float.IsFinite(value) || value < 0))
            throw Fault($"'{name}' has a value that is negative or not finite");
        if (!_columns.TryAdd(name, [.. columns]))
            throw Fault($"'{name}' is there twice");
    }

    /// <summary>Importance of the columns of a tensor, or nothing when the file does not have it.</summary>
    /// <exception cref="InvalidDataException">The matrix was made for another model.</exception>
    internal ImmutableArray<float> Find(PlannedTensor tensor)
    {
        if (!_columns.TryGetValue(tensor.Name, out var columns))
            return [];
        var experts = tensor.Source.Info.RowCount / tensor.RowsPerExpert;
        return columns.Length == tensor.RowLength || columns.Length == tensor.RowLength * experts
            ? columns
            : throw Fault($"'{tensor.Name}' has {columns.Length} values, expected {tensor.RowLength * experts}");
    }

    private static float[] Mean(float[] sums, float[] counts)
    {
        var columns = sums.Length / counts.Length;
        for (var i = 0; i < sums.Length; i++)
        {
            // An expert that was never chosen tells nothing: all its columns count alike.
            var count = counts[i / columns];
            sums[i] = count > 0 ? sums[i] / count : 1;
        }

        return sums;
    }

    private InvalidDataException Fault(string fault) => new($"{_path}: {fault}");
}

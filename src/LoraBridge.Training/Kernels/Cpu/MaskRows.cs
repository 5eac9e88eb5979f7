using System.Buffers;
using System.Numerics.Tensors;
using System.Runtime.InteropServices;
using LoraBridge.Training.Graphs;

namespace LoraBridge.Training.Kernels.Cpu;

/// <summary>The cells [First, End) hold all that a token sees; plain when the mask adds nothing to any of them.</summary>
internal readonly record struct VisibleCells(int First, int End, bool IsPlain)
{
    public int Count => End - First;

    /// <summary>These cells, or none at <paramref name="place"/> where there are none.</summary>
    public VisibleCells Or(int place) => Count > 0 ? this : new VisibleCells(place, place, true);
}

/// <summary>
/// Reads a mask of attention: [N or more, T, ...] in F16 or F32, where minus infinity hides a cell from a token, or I32 [3, T], <see cref="SeenCells"/>.
/// </summary>
internal ref struct MaskRows
{
    private const ushort HiddenHalf = 0xFC00;
    private const uint HiddenSingle = 0xFF800000;

    private readonly TensorPtr _mask;
    private readonly int _cells;
    private readonly float[]? _biases;
    private readonly ReadOnlySpan<SeenCells> _seen;
    private readonly VisibleCells[] _rows;
    private readonly int _tokens;
    private readonly bool _isScanned;
    private long _matrix = -1;

    /// <param name="arguments">Of attention; without a mask everything is seen.</param>
    public MaskRows(AttentionArguments arguments)
    {
        (_mask, _tokens, _cells, _biases) = (arguments.Mask, arguments.Tokens, arguments.Cells, arguments.Options.Biases);
        _rows = ArrayPool<VisibleCells>.Shared.Rent(_tokens);
        if (_mask.IsNull)
            _rows.AsSpan(0, _tokens).Fill(new VisibleCells(0, _cells, true));
        else if (_mask.Type != GgmlType.I32)
            _isScanned = true;
        else
            _seen = _mask.HostSpan<SeenCells>(0, _tokens);
        for (var token = 0; token < _seen.Length; token++)
            _rows[token] = new VisibleCells(_seen[token].First, _seen[token].End, _biases is null);
    }

    public readonly VisibleCells this[int token] => _rows[token];

    /// <summary>Goes on with the mask of <paramref name="head"/>.</summary>
    public void Select(AttentionHead head)
    {
        if (!_isScanned)
            return;
        var matrix = head.Index % _mask.Ne(2) + head.Sequence % _mask.Ne(3) * _mask.Ne(2);
        if (matrix == _matrix)
            return;
        _matrix = matrix;
        for (var token = 0; token < _tokens; token++)
            _rows[token] = _mask.Type == GgmlType.F16 ? Scan(Row<ushort>(token), HiddenHalf) : Scan(Row<uint>(token), HiddenSingle);
    }

    /// <summary>Adds <paramref name="slope"/> times the mask of a token, from cell <paramref name="first"/> on, to its scores.</summary>
    /// <param name="token">The token.</param>
    /// <param name="first">The first cell.</param>
    /// <param name="slope">A factor.</param>
    /// <param name="line">Room for as many numbers as <paramref name="scores"/>.</param>
    /// <param name="scores">What is added to.</param>
    public readonly void AddTo(int token, int first, float slope, Span<float> line, Span<float> scores)
    {
        var row = line[..scores.Length];
        if (!_isScanned)
            _biases.AsSpan(_seen[token].Bias, row.Length).CopyTo(row);
        else if (_mask.Type == GgmlType.F16)
            TensorPrimitives.ConvertToSingle(Row<Half>(token).Slice(first, row.Length), row);
        else
            Row<float>(token).Slice(first, row.Length).CopyTo(row);
        TensorPrimitives.MultiplyAdd(row, slope, scores, scores);
    }

    public readonly void Dispose() => ArrayPool<VisibleCells>.Shared.Return(_rows);

    private static VisibleCells Scan<T>(ReadOnlySpan<T> row, T hidden) where T : struct, IEquatable<T>
    {
        var first = row.IndexOfAnyExcept(hidden);
        if (first < 0)
            return new VisibleCells(0, 0, true);
        var end = row.LastIndexOfAnyExcept(hidden) + 1;
        return new VisibleCells(first, end, !row[first..end].ContainsAnyExcept(default(T)));
    }

    private readonly ReadOnlySpan<T> Row<T>(int token) where T : unmanaged => _mask.HostSpan<T>((_matrix * _mask.Ne(1) + token) * _mask.Ne(0), _cells);
}

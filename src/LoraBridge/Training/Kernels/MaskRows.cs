using System.Buffers;
using System.Numerics.Tensors;
using System.Runtime.InteropServices;
using LoraBridge.Native;

namespace LoraBridge.Training.Kernels;

/// <summary>The cells [First, End) hold all that a token sees; plain when the mask adds nothing to any of them.</summary>
internal readonly record struct VisibleCells(int First, int End, bool IsPlain)
{
    public int Count => End - First;

    /// <summary>These cells, or none at <paramref name="place"/> where there are none.</summary>
    public VisibleCells Or(int place) => Count > 0 ? this : new VisibleCells(place, place, true);
}

/// <summary>Reads a mask [N or more, T, ...] of attention, in F16 or F32: minus infinity hides a cell from a token.</summary>
internal ref struct MaskRows
{
    private const ushort HiddenHalf = 0xFC00;
    private const uint HiddenSingle = 0xFF800000;

    private readonly TensorPtr _mask;
    private readonly int _cells;
    private readonly VisibleCells[] _rows;
    private readonly int _tokens;
    private long _matrix = -1;

    /// <param name="mask">The mask; null shows everything.</param>
    /// <param name="tokens">T.</param>
    /// <param name="cells">N.</param>
    public MaskRows(TensorPtr mask, int tokens, int cells)
    {
        (_mask, _tokens, _cells) = (mask, tokens, cells);
        _rows = ArrayPool<VisibleCells>.Shared.Rent(tokens);
        if (mask.IsNull)
            _rows.AsSpan(0, tokens).Fill(new VisibleCells(0, cells, true));
    }

    public readonly VisibleCells this[int token] => _rows[token];

    /// <summary>Goes on with the mask of <paramref name="head"/>.</summary>
    public void Select(AttentionHead head)
    {
        if (_mask.IsNull)
            return;
        var matrix = head.Index % _mask.Ne(2) + head.Sequence % _mask.Ne(3) * _mask.Ne(2);
        if (matrix == _matrix)
            return;
        _matrix = matrix;
        for (var token = 0; token < _tokens; token++)
            _rows[token] = _mask.Type == GgmlTensorType.F16 ? Scan(Row<ushort>(token), HiddenHalf) : Scan(Row<uint>(token), HiddenSingle);
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
        if (_mask.Type == GgmlTensorType.F16)
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

using System.Collections.Concurrent;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;

namespace LoraBridge.Training.Kernels.Cpu;

/// <summary>A right factor B [K, N] of which the rows are those of a matrix, as panels of 8-bit integers, each made when it is first asked for.</summary>
internal sealed class CachedMatrix
{
    private const int Tile = ProductTile.Columns, Depth = ProductTile.Depth, Largest = 127;

    private readonly RowPanels _source;
    private readonly sbyte[] _integers;
    private readonly float[] _scales;
    private readonly bool[] _filled;
    private readonly int _columns;

    public CachedMatrix(TensorPtr matrix)
    {
        var (rows, columns) = ((int)matrix.Ne(1), (int)matrix.Ne(0));
        _source = new RowPanels(matrix, 0, 0);
        _columns = (columns + Tile - 1) / Tile * Tile;
        var panels = (rows + Depth - 1) / Depth;
        _integers = GC.AllocateUninitializedArray<sbyte>((rows + 1) / 2 * 2 * _columns);
        _scales = new float[panels * _columns];
        _filled = new bool[panels * (_columns / Tile)];
    }

    /// <summary>Whether an array can hold the copy.</summary>
    public static bool Fits(TensorPtr matrix) => (matrix.Ne(1) + 1) * (matrix.Ne(0) + Tile) <= Array.MaxLength;

    public void Fill(int k, int height, int column, int width, Span<float> stage, Span<int> panel, Span<float> scales)
    {
        var padded = (width + Tile - 1) / Tile * Tile;
        var used = (height + 1) / 2 * padded;
        var integers = _integers.AsSpan(k * _columns + column * ((height + 1) / 2 * 2), 2 * used);
        var stored = _scales.AsSpan(k / Depth * _columns + column, padded);
        // Threads that come to a piece at once write the same numbers.
        var filled = _filled.AsSpan(k / Depth * (_columns / Tile) + column / Tile, padded / Tile);
        if (!AreSet(filled))
        {
            _source.Fill(k, height, column, width, stage, panel, scales);
            Narrow(panel[..used], integers);
            for (var n = 0; n < padded; n++)
                stored[n] = scales[n] * ((float)IntegerFormat.Largest12 / Largest);
            Set(filled);
        }
        Widen(integers, panel[..used]);
        stored.CopyTo(scales);
    }

    private static bool AreSet(Span<bool> flags)
    {
        foreach (ref var flag in flags)
            if (!Volatile.Read(ref flag))
                return false;
        return true;
    }

    /// <summary>What was written before is seen by whoever sees the flags set.</summary>
    private static void Set(Span<bool> flags)
    {
        foreach (ref var flag in flags)
            Volatile.Write(ref flag, true);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Narrow(ReadOnlySpan<int> pairs, Span<sbyte> integers)
    {
        var from = MemoryMarshal.Cast<int, short>(pairs);
        for (var i = 0; i < from.Length; i++)
            integers[i] = (sbyte)MathF.Round(from[i] * ((float)Largest / IntegerFormat.Largest12));
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Widen(ReadOnlySpan<sbyte> integers, Span<int> pairs)
    {
        var to = MemoryMarshal.Cast<int, short>(pairs);
        for (var i = 0; i < integers.Length; i += Vector256<sbyte>.Count)
        {
            var (low, high) = Vector256.Widen(Vector256.Create(integers.Slice(i, Vector256<sbyte>.Count)));
            low.CopyTo(to[i..]);
            high.CopyTo(to[(i + Vector256<short>.Count)..]);
        }
    }
}

/// <summary>
/// Copies of frozen matrices in integers of 8 bits, packed for the gradient's product, with a scale for every 256 elements of a column: nothing is left to
/// dequantise or to transpose. A matrix is copied when it is first used, by the threads that share its product.
/// </summary>
internal sealed class PanelCache
{
    private readonly ConcurrentDictionary<TensorPtr, Lazy<CachedMatrix>> _matrices = new();

    /// <summary>Bytes that copies of matrices take.</summary>
    public static long BytesFor(IEnumerable<TensorPtr> matrices) => matrices.Where(CachedMatrix.Fits).Sum(matrix => BytesFor(matrix.Ne(1), matrix.Ne(0)));

    private static long BytesFor(long rows, long columns) =>
        (rows + 1) / 2 * 2 * Padded(columns) + (rows + ProductTile.Depth - 1) / ProductTile.Depth * Padded(columns) * sizeof(float);

    /// <summary>The copy of <paramref name="matrix"/> [K, M]; null if it is too large for one.</summary>
    public CachedMatrix? Of(TensorPtr matrix) =>
        CachedMatrix.Fits(matrix) ? _matrices.GetOrAdd(matrix, key => new Lazy<CachedMatrix>(() => new CachedMatrix(key))).Value : null;

    private static long Padded(long columns) => (columns + ProductTile.Columns - 1) / ProductTile.Columns * ProductTile.Columns;
}

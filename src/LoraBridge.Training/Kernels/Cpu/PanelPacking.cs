using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;

namespace LoraBridge.Training.Kernels.Cpu;

/// <summary>Packs the right factor of a product as integers of 12 bits, in tiles of [pairs][32] words, from where it comes.</summary>
internal static class PanelPacking
{
    /// <summary>Packs B[k .. k + height, column .. column + width).</summary>
    /// <param name="source">B.</param>
    /// <param name="k">First row, a multiple of 256.</param>
    /// <param name="height">Rows.</param>
    /// <param name="column">First column.</param>
    /// <param name="width">Columns, at most 256.</param>
    /// <param name="stage">Room for <see cref="ProductTile.StageSize"/> numbers.</param>
    /// <param name="panel">The integers, see <see cref="FixedPointPanel"/>.</param>
    /// <param name="scales">By column, what an integer of it stands for.</param>
    public static void Pack(
        PanelSource source, int k, int height, int column, int width, Span<float> stage, Span<int> panel, Span<float> scales)
    {
        if (source.Copy is { } copy)
            copy.Fill(k, height, column, width, stage, panel, scales);
        else if (source.AlongRows)
            new RowPanels(source.Matrix, source.I2, source.I3).Fill(k, height, column, width, stage, panel, scales);
        else
            new ColumnPanels(source.Matrix, source.I2, source.I3).Fill(k, height, column, width, stage, panel, scales);
    }

    /// <summary>Multiplies all integers by a factor below 1, and rounds them.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Narrow(Span<int> pairs, float factor)
    {
        var numbers = MemoryMarshal.Cast<int, short>(pairs);
        var multiplier = Multiplier(factor);
        for (var i = 0; i < numbers.Length; i += Vector256<short>.Count)
            VectorInstructions.MultiplyHighRounded(Vector256.Create<short>(numbers.Slice(i, Vector256<short>.Count)), multiplier).CopyTo(numbers[i..]);
    }

    /// <summary>What <see cref="VectorInstructions.MultiplyHighRounded"/> takes to multiply by a factor below 1.</summary>
    public static Vector256<short> Multiplier(float factor) => Vector256.Create((short)MathF.Round(factor * (1 << 15)));
}

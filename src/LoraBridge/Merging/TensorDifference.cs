using System.Buffers;
using System.Numerics.Tensors;
using LoraBridge.Formats;
using LoraBridge.Model;

namespace LoraBridge.Merging;

/// <summary>Compares a tensor of two files, some rows at a time.</summary>
internal static class TensorDifference
{
    private const int ChunkValues = 1 << 18;

    /// <summary>|b - a| / |a|, Frobenius norms.</summary>
    internal static double Relative(GgufFile a, GgufFile b, string name)
    {
        var (left, right) = (a.Find(name)!, b.Find(name)!);
        var step = Math.Max(1, ChunkValues / left.Shape[0]);
        var (exact, error) = (0.0, 0.0);
        for (var row = 0L; row < left.RowCount; row += step)
        {
            var rows = Math.Min(step, left.RowCount - row);
            var expected = Read(a, left, row, rows);
            var found = Read(b, right, row, rows);
            var count = (int)(rows * left.Shape[0]);
            exact += TensorPrimitives.SumOfSquares<float>(expected.AsSpan(0, count));
            TensorPrimitives.Subtract(found.AsSpan(0, count), expected.AsSpan(0, count), found);
            error += TensorPrimitives.SumOfSquares<float>(found.AsSpan(0, count));
            ArrayPool<float>.Shared.Return(expected);
            ArrayPool<float>.Shared.Return(found);
        }

        return exact > 0 ? Math.Sqrt(error / exact) : 0;
    }

    private static float[] Read(GgufFile file, GgufTensorInfo tensor, long row, long rows)
    {
        var rowBytes = tensor.Type.RowSize(tensor.Shape[0]);
        var bytes = new byte[rows * rowBytes];
        file.Read(tensor, bytes, row * rowBytes);
        var count = checked((int)(rows * tensor.Shape[0]));
        var values = ArrayPool<float>.Shared.Rent(count);
        TensorReader.Convert(tensor.Type, bytes, values.AsSpan(0, count));
        return values;
    }
}

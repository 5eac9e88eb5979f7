using System.Buffers;
using System.Numerics.Tensors;
using LoraBridge.Formats;
using LoraBridge.Model;
using LoraBridge.Native;

namespace LoraBridge.Merging;

/// <summary>Merges one tensor, or copies it, in chunks of whole rows small enough to stay in a processor's cache.</summary>
internal sealed class TensorMerger
{
    /// <summary>Values of a chunk that is merged: three F32 copies of it are at work.</summary>
    private const int ChunkValues = 1 << 18;

    /// <summary>Bytes of a chunk that is copied.</summary>
    private const int CopyBytes = 1 << 20;

    private readonly PlannedTensor _tensor;
    private readonly Lazy<LowRankUpdate[]> _updates;

    internal TensorMerger(PlannedTensor tensor)
    {
        _tensor = tensor;
        // The matrices are read by the first chunk, on one of the pipeline's threads, and freed with this object.
        _updates = new(() => [.. tensor.Updates.Select(update => LowRankUpdate.Read(update.Adapter, update.Pair, tensor.Divisors.AsSpan()))]);
    }

    /// <summary>The chunks of the tensor; each can be computed on any thread.</summary>
    internal IEnumerable<Func<MergedBytes>> Chunks()
    {
        if (!_tensor.IsMerged)
        {
            var length = _tensor.Source.Info.ByteLength;
            for (var start = 0L; start < length; start += CopyBytes)
            {
                var offset = start;
                yield return () => Copy(offset, (int)Math.Min(CopyBytes, length - offset));
            }

            yield break;
        }

        var step = Math.Max(1, ChunkValues / _tensor.RowLength);
        var experts = _tensor.Source.Info.RowCount / _tensor.RowsPerExpert;
        for (var expert = 0; expert < experts; expert++)
        {
            for (var row = 0L; row < _tensor.RowsPerExpert; row += step)
            {
                var (e, first, rows) = (expert, (int)row, (int)Math.Min(step, _tensor.RowsPerExpert - row));
                yield return () => Merge(e, first, rows);
            }
        }
    }

    private MergedBytes Copy(long offset, int length)
    {
        var buffer = ArrayPool<byte>.Shared.Rent(length);
        _tensor.Source.File.Read(_tensor.Source.Info, buffer.AsSpan(0, length), offset);
        return new MergedBytes(buffer, length, default);
    }

    private MergedBytes Merge(int expert, int firstRow, int rows)
    {
        var count = checked((int)(rows * _tensor.RowLength));
        var pool = ArrayPool<float>.Shared;
        var (valuesBuffer, deltaBuffer) = (pool.Rent(count), pool.Rent(count));
        try
        {
            var values = valuesBuffer.AsSpan(0, count);
            var delta = deltaBuffer.AsSpan(0, count);
            var updates = _updates.Value;
            for (var i = 0; i < updates.Length; i++)
                updates[i].Compute(expert, firstRow, rows, delta, accumulate: i > 0);
            var stored = Read(expert, firstRow, rows, values);
            var (before, change) = (TensorPrimitives.SumOfSquares<float>(values), TensorPrimitives.SumOfSquares<float>(delta));
            // What no adapter changes is not rounded again.
            if (change == 0 && _tensor.Type == _tensor.Source.Info.Type)
                return new MergedBytes(stored.Buffer, stored.Length, new MergeNorms(before, 0, before, 0));

            TensorPrimitives.Add(values, delta, values);
            var exact = TensorPrimitives.SumOfSquares<float>(values);
            if (!float.IsFinite(exact))
                throw new InvalidOperationException($"'{_tensor.Name}' and what the adapters add to it are not finite numbers: check base, adapters and scales.");
            ArrayPool<byte>.Shared.Return(stored.Buffer);
            var bytes = checked((int)(rows * _tensor.Type.RowSize(_tensor.RowLength)));
            var buffer = ArrayPool<byte>.Shared.Rent(bytes);
            Write(expert, values, buffer.AsSpan(0, bytes));
            return new MergedBytes(buffer, bytes, new MergeNorms(before, change, exact, Error(values, buffer.AsSpan(0, bytes), delta)));
        }
        finally
        {
            pool.Return(valuesBuffer);
            pool.Return(deltaBuffer);
        }
    }

    /// <summary>Reads rows of the base: as they are stored, in a buffer of the pool, and as F32.</summary>
    private (byte[] Buffer, int Length) Read(int expert, int firstRow, int rows, Span<float> values)
    {
        var source = _tensor.Source;
        var rowBytes = source.Info.Type.RowSize(_tensor.RowLength);
        var length = checked((int)(rows * rowBytes));
        var buffer = ArrayPool<byte>.Shared.Rent(length);
        source.File.Read(source.Info, buffer.AsSpan(0, length), (expert * _tensor.RowsPerExpert + firstRow) * rowBytes);
        TensorReader.Convert(source.Info.Type, buffer.AsSpan(0, length), values);
        return (buffer, length);
    }

    private void Write(int expert, ReadOnlySpan<float> values, Span<byte> destination)
    {
        if (_tensor.Type == GgmlType.F16)
        {
            HalfPrecision.Float32ToFloat16(values, destination);
            return;
        }

        if (_tensor.Type == GgmlType.BF16)
        {
            HalfPrecision.Float32ToBFloat16(values, destination);
            return;
        }

        var importance = _tensor.Importance.AsSpan();
        if (importance.Length > _tensor.RowLength)
            importance = importance.Slice((int)(expert * _tensor.RowLength), (int)_tensor.RowLength);
        GgmlQuantizer.Quantize(_tensor.Type, values, destination, _tensor.RowLength, importance);
    }

    /// <summary>The sum of squares of what storing has changed.</summary>
    private double Error(ReadOnlySpan<float> exact, ReadOnlySpan<byte> stored, Span<float> scratch)
    {
        if (_tensor.Type == GgmlType.F32)
            return 0;
        TensorReader.Convert(_tensor.Type, stored, scratch);
        TensorPrimitives.Subtract(scratch, exact, scratch);
        var error = TensorPrimitives.SumOfSquares<float>(scratch);
        return float.IsFinite(error)
            ? error
            : throw new InvalidOperationException($"'{_tensor.Name}' has values that {_tensor.Type} cannot hold: choose another type of output.");
    }
}

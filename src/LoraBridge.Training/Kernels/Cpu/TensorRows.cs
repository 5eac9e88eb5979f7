using System.Runtime.InteropServices;

namespace LoraBridge.Training.Kernels.Cpu;

/// <summary>The rows (dimension 0) of one matrix of a tensor of any type, read as F32.</summary>
internal readonly struct TensorRows(TensorPtr tensor, long i2, long i3) : IRowSource
{
    private readonly long _offset = i2 * tensor.Nb(2) + i3 * tensor.Nb(3);
    private readonly GgmlType _type = tensor.Type;
    private readonly long _bytes = tensor.ByteCount;
    private readonly int _blockElements = (int)Ggml.ggml_blck_size(tensor.Type);
    private readonly int _blockBytes = (int)Ggml.ggml_type_size(tensor.Type);

    /// <summary>Bytes from row to row.</summary>
    public int Stride { get; } = checked((int)tensor.Nb(1));

    public void Read(int row, int start, Span<float> destination)
    {
        var bytes = Bytes(row, start, destination.Length);
        if (_type == GgmlType.F32)
            MemoryMarshal.Cast<byte, float>(bytes).CopyTo(destination);
        else
            Dequantizer.Convert(_type, bytes, destination);
    }

    /// <summary>The bytes of the elements [start, start + count) of a row, whole blocks.</summary>
    public ReadOnlySpan<byte> Bytes(int row, int start, int count) =>
        tensor.HostBytes(Offset(row, start), count / _blockElements * _blockBytes, _bytes);

    /// <summary>The bytes of the elements [start, start + count) of several rows, <see cref="Stride"/> apart, and what lies between them.</summary>
    public ReadOnlySpan<byte> Bytes(int row, int rows, int start, int count) =>
        tensor.HostBytes(Offset(row, start), (rows - 1) * Stride + count / _blockElements * _blockBytes, _bytes);

    private long Offset(int row, int start) => _offset + (long)row * Stride + (long)start / _blockElements * _blockBytes;
}

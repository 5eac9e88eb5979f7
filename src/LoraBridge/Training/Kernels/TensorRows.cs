using LoraBridge.Graphs;
using LoraBridge.Native;

namespace LoraBridge.Training.Kernels;

/// <summary>The rows (dimension 0) of one matrix of a tensor of any type, read as F32.</summary>
internal readonly struct TensorRows(TensorPtr tensor, long i2, long i3) : IRowSource
{
    private readonly long _offset = i2 * tensor.Nb(2) + i3 * tensor.Nb(3);
    private readonly long _stride = tensor.Nb(1);
    private readonly GgmlTensorType _type = tensor.Type;
    private readonly long _bytes = tensor.ByteCount;
    private readonly int _blockElements = (int)Ggml.ggml_blck_size(tensor.Type);
    private readonly int _blockBytes = (int)Ggml.ggml_type_size(tensor.Type);

    public void Read(int row, int start, Span<float> destination)
    {
        var bytes = tensor.HostBytes(
            _offset + row * _stride + (long)start / _blockElements * _blockBytes, destination.Length / _blockElements * _blockBytes, _bytes);
        if (_type == GgmlTensorType.F32)
            System.Runtime.InteropServices.MemoryMarshal.Cast<byte, float>(bytes).CopyTo(destination);
        else
            Dequantizer.Convert(_type, bytes, destination);
    }
}

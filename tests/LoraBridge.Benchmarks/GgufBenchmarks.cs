using BenchmarkDotNet.Attributes;
using LoraBridge.Formats;

namespace LoraBridge.Benchmarks;

/// <summary>Reading GGUF: what every load, check and merge begins with.</summary>
public class GgufBenchmarks
{
    private readonly byte[] _buffer = new byte[1 << 20];

    /// <summary>Header, metadata and tensor infos, all checked.</summary>
    [Benchmark]
    public int Open()
    {
        using var file = GgufFile.Open(BenchmarkModels.Model);
        return file.Tensors.Length;
    }

    /// <summary>Every byte of every tensor, a mebibyte at a time.</summary>
    [Benchmark]
    public long ReadAllTensors()
    {
        using var file = GgufFile.Open(BenchmarkModels.Model);
        var total = 0L;
        foreach (var tensor in file.Tensors)
        {
            for (var offset = 0L; offset < tensor.ByteLength; offset += _buffer.Length)
            {
                var length = (int)Math.Min(_buffer.Length, tensor.ByteLength - offset);
                file.Read(tensor, _buffer.AsSpan(0, length), offset);
                total += length;
            }
        }

        return total;
    }
}

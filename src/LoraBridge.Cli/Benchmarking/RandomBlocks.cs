using System.Numerics.Tensors;
using System.Runtime.InteropServices;
using LoraBridge.Formats;
using LoraBridge.Native;
using LoraBridge.Training;

namespace LoraBridge.Cli.Benchmarking;

/// <summary>
/// Weights that no one has quantised: to quantise billions takes minutes, of types with tables hours, and some of them want an importance matrix.
/// </summary>
internal static class RandomBlocks
{
    /// <summary>Makes blocks of random bytes whose elements are numbers.</summary>
    /// <param name="type">Their type.</param>
    /// <param name="blocks">How many.</param>
    /// <param name="limit">Each block's largest magnitude is between half of it and it.</param>
    /// <param name="random">Where the bytes come from.</param>
    public static byte[] Make(GgmlType type, int blocks, float limit, SeededRandom random)
    {
        var size = (int)GgmlTypeTraits.TypeSize(type);
        var bytes = new byte[blocks * size];
        var numbers = new float[GgmlTypeTraits.BlockSize(type)];
        for (var start = 0; start < bytes.Length; start += size)
        {
            var block = bytes.AsSpan(start, size);
            do
            {
                Fill(block, random);
                GgmlTypeTraits.Dequantize(type, block, numbers);
            }
            while (!Fits(numbers, limit));
        }
        return bytes;
    }

    private static bool Fits(float[] numbers, float limit)
    {
        var largest = Math.Abs(TensorPrimitives.MaxMagnitude<float>(numbers));
        return largest >= limit / 2 && largest <= limit;
    }

    private static void Fill(Span<byte> bytes, SeededRandom random)
    {
        for (; !bytes.IsEmpty; bytes = bytes[Math.Min(sizeof(ulong), bytes.Length)..])
        {
            var word = random.NextUInt64();
            MemoryMarshal.AsBytes(new ReadOnlySpan<ulong>(in word))[..Math.Min(sizeof(ulong), bytes.Length)].CopyTo(bytes);
        }
    }
}

using System.Numerics.Tensors;
using System.Runtime.InteropServices;
using LoraBridge.Native;
using LoraBridge.Training;

namespace LoraBridge.Cli.Benchmarking;

/// <summary>
/// Weights that no one has quantised: ggml takes long to find the codes of types with tables, and wants an importance matrix for some of them.
/// </summary>
internal static class RandomBlocks
{
    /// <summary>Whether weights of <paramref name="type"/> are better made so than quantised.</summary>
    public static bool IsFor(GgmlTensorType type) => type
        is GgmlTensorType.IQ1_S or GgmlTensorType.IQ1_M or GgmlTensorType.IQ2_XXS or GgmlTensorType.IQ2_XS or GgmlTensorType.IQ2_S
        or GgmlTensorType.IQ3_XXS or GgmlTensorType.IQ3_S;

    /// <summary>Makes blocks of random bytes whose elements are numbers.</summary>
    /// <param name="type">Their type.</param>
    /// <param name="blocks">How many.</param>
    /// <param name="limit">Each block's largest magnitude is between half of it and it.</param>
    /// <param name="random">Where the bytes come from.</param>
    public static byte[] Make(GgmlTensorType type, int blocks, float limit, SeededRandom random)
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

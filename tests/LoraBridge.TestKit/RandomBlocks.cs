using LoraBridge.Native;

namespace LoraBridge.TestKit;

/// <summary>
/// Weights that no one has quantised: ggml takes long to find the codes of types with tables, and wants an importance matrix for some of them.
/// </summary>
internal static class RandomBlocks
{
    /// <summary>Blocks of random bytes whose elements are numbers, the largest of a block from 1/8 to 1.</summary>
    public static byte[] Make(GgmlTensorType type, int blocks, Random random)
    {
        var size = (int)GgmlTypeTraits.TypeSize(type);
        var bytes = new byte[blocks * size];
        var numbers = new float[GgmlTypeTraits.BlockSize(type)];
        for (var start = 0; start < bytes.Length; start += size)
        {
            var block = bytes.AsSpan(start, size);
            do
            {
                random.NextBytes(block);
                GgmlTypeTraits.Dequantize(type, block, numbers);
            }
            while (!numbers.All(float.IsFinite) || numbers.Max(MathF.Abs) is < 0.125f or > 1);
        }
        return bytes;
    }
}

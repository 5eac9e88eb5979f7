using System.Runtime.CompilerServices;

namespace LoraBridge.Training.Kernels;

/// <summary>How a quantised type stores a block of elements.</summary>
internal interface IBlockFormat
{
    /// <summary>Elements of a block.</summary>
    static abstract int Elements { get; }

    /// <summary>Bytes of a block.</summary>
    static abstract int Bytes { get; }

    /// <summary>Converts one block.</summary>
    /// <param name="from">Its bytes.</param>
    /// <param name="to">Where its elements go.</param>
    static abstract void Convert(ReadOnlySpan<byte> from, Span<float> to);
}

/// <summary>Converts rows of blocks.</summary>
internal static class BlockFormat
{
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Convert<TFormat>(ReadOnlySpan<byte> source, Span<float> destination) where TFormat : struct, IBlockFormat
    {
        for (var block = 0; block * TFormat.Elements < destination.Length; block++)
            TFormat.Convert(source.Slice(block * TFormat.Bytes, TFormat.Bytes), destination.Slice(block * TFormat.Elements, TFormat.Elements));
    }
}

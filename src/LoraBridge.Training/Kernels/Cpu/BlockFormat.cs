using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using LoraBridge.Formats;
using LoraBridge.Native;

namespace LoraBridge.Training.Kernels.Cpu;

/// <summary>
/// How a quantised type stores a block of elements: x = s q + c, with integers q of a few bits and numbers s and c that a group of elements
/// shares.
/// </summary>
internal interface IBlockFormat
{
    /// <summary>Elements of a block, whole groups.</summary>
    static virtual int Elements => 256;

    /// <summary>Bytes of a block.</summary>
    static abstract int Bytes { get; }

    /// <summary>Elements that share s and c: 16 or 32.</summary>
    static virtual int Group => 32;

    /// <summary>Whether there is a c; else it is 0.</summary>
    static virtual bool HasConstants => false;

    /// <summary>Whether it is an <see cref="IHalvesFormat{TSelf}"/>: eight blocks are then read at once.</summary>
    static virtual bool HasHalves => false;

    /// <summary>The smallest q.</summary>
    static virtual int Lowest => 0;

    /// <summary>The largest q.</summary>
    static abstract int Highest { get; }

    /// <summary>
    /// Where 32 elements lie as 16 bytes, one in the lower half of each byte, and the one 16 after it in the upper half; negative where they lie otherwise.
    /// </summary>
    static virtual int HalfBytes => -1;

    /// <summary>q of what stands in half a byte, where there are <see cref="HalfBytes"/>.</summary>
    static virtual Vector256<sbyte> FromCodes(Vector256<byte> codes) => codes.AsSByte();

    /// <summary>Reads s and, if there is one, c of each group of a block.</summary>
    static abstract void ReadScales(ref readonly byte block, ref float scales, ref float constants);

    /// <summary>Reads q of 32 elements of a block.</summary>
    /// <param name="block">The block's first byte.</param>
    /// <param name="index">Which 32.</param>
    static abstract Vector256<sbyte> ReadIntegers(ref readonly byte block, nuint index);
}

/// <summary>Blocks of 32 that start with s in F16, and with c in F16 if there is one.</summary>
/// <typeparam name="TSelf">The format.</typeparam>
internal interface IHalvesFormat<TSelf> : IBlockFormat where TSelf : struct, IHalvesFormat<TSelf>
{
    static int IBlockFormat.Elements => 32;

    static bool IBlockFormat.HasHalves => true;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static void IBlockFormat.ReadScales(ref readonly byte block, ref float scales, ref float constants)
    {
        scales = BlockLanes.Float16(in block, 0);
        if (TSelf.HasConstants)
            constants = BlockLanes.Float16(in block, sizeof(short));
    }
}

/// <summary>Does something with blocks of a format that is known at run time only.</summary>
internal interface IBlockVisitor
{
    /// <summary>Does it.</summary>
    void Visit<TFormat>() where TFormat : struct, IBlockFormat;
}

/// <summary>The formats of ggml's types.</summary>
internal static class BlockFormat
{
    /// <summary>Elements that are read at a time.</summary>
    public const int Step = 32;

    /// <summary>Has <paramref name="visitor"/> visit the format of <paramref name="type"/>.</summary>
    /// <returns>Whether it has one here, and the processor what reading it takes.</returns>
    public static bool TryVisit<TVisitor>(GgmlType type, TVisitor visitor) where TVisitor : IBlockVisitor, allows ref struct
    {
        if (!VectorInstructions.IsSupported)
            return false;
        switch (type)
        {
            case GgmlType.Q4_0: visitor.Visit<SmallBlocks.Q4>(); return true;
            case GgmlType.Q4_1: visitor.Visit<SmallBlocks.Q4WithMinimum>(); return true;
            case GgmlType.Q5_0: visitor.Visit<SmallBlocks.Q5>(); return true;
            case GgmlType.Q5_1: visitor.Visit<SmallBlocks.Q5WithMinimum>(); return true;
            case GgmlType.Q8_0: visitor.Visit<SmallBlocks.Q8>(); return true;
            case GgmlType.IQ4_NL: visitor.Visit<SmallBlocks.Nonlinear>(); return true;
            case GgmlType.MXFP4: visitor.Visit<SmallBlocks.Microscaling>(); return true;
            case GgmlType.NVFP4: visitor.Visit<SmallBlocks.MicroscalingBySixteen>(); return true;
            case GgmlType.Q1_0: visitor.Visit<FewBitBlocks.Q1>(); return true;
            case GgmlType.Q2_0: visitor.Visit<FewBitBlocks.Q2>(); return true;
            case GgmlType.TQ1_0: visitor.Visit<FewBitBlocks.Ternary>(); return true;
            case GgmlType.TQ2_0: visitor.Visit<FewBitBlocks.TernaryInTwoBits>(); return true;
            case GgmlType.Q2_K: visitor.Visit<LargeBlocks.Q2>(); return true;
            case GgmlType.Q3_K: visitor.Visit<LargeBlocks.Q3>(); return true;
            case GgmlType.Q4_K: visitor.Visit<LargeBlocks.Q4>(); return true;
            case GgmlType.Q5_K: visitor.Visit<LargeBlocks.Q5>(); return true;
            case GgmlType.Q6_K: visitor.Visit<LargeBlocks.Q6>(); return true;
            case GgmlType.IQ4_XS: visitor.Visit<LargeBlocks.Nonlinear>(); return true;
            case GgmlType.IQ2_XXS: visitor.Visit<GridBlocks.Iq2Xxs>(); return true;
            case GgmlType.IQ2_XS: visitor.Visit<GridBlocks.Iq2Xs>(); return true;
            case GgmlType.IQ2_S: visitor.Visit<GridBlocks.Iq2S>(); return true;
            case GgmlType.IQ3_XXS: visitor.Visit<GridBlocks.Iq3Xxs>(); return true;
            case GgmlType.IQ3_S: visitor.Visit<GridBlocks.Iq3S>(); return true;
            case GgmlType.IQ1_S: visitor.Visit<GridBlocks.Iq1S>(); return true;
            case GgmlType.IQ1_M: visitor.Visit<GridBlocks.Iq1M>(); return true;
            default: return false;
        }
    }
}

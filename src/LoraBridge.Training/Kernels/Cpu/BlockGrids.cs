using System.Runtime.InteropServices;

namespace LoraBridge.Training.Kernels.Cpu;

/// <summary>
/// The tables of ggml's grid types: a code stands for 4 or 8 small integers, a byte each, the first one lowest. They are not part of ggml's
/// interface: they are read by converting blocks of the code to be known, with all signs positive and a scale that leaves the integers as they
/// are, once in a process.
/// </summary>
internal static class BlockGrids
{
    /// <summary>8 magnitudes of IQ2_XXS.</summary>
    public static readonly ulong[] Iq2Xxs = Read<ulong>(GgmlType.IQ2_XXS, 256, 8, 0);

    /// <summary>8 magnitudes of IQ2_XS.</summary>
    public static readonly ulong[] Iq2Xs = Read<ulong>(GgmlType.IQ2_XS, 512, 8, 3);

    /// <summary>8 magnitudes of IQ2_S.</summary>
    public static readonly ulong[] Iq2S = Read<ulong>(GgmlType.IQ2_S, 1024, 8, 66);

    /// <summary>4 magnitudes of IQ3_XXS.</summary>
    public static readonly uint[] Iq3Xxs = Read<uint>(GgmlType.IQ3_XXS, 256, 4, 0);

    /// <summary>4 magnitudes of IQ3_S.</summary>
    public static readonly uint[] Iq3S = Read<uint>(GgmlType.IQ3_S, 512, 1, 66);

    /// <summary>8 of -7, 1 and 9, eight times -1, 0 and 1 shifted by 1/8, of IQ1_S and IQ1_M.</summary>
    public static readonly ulong[] Iq1 = Read<ulong>(GgmlType.IQ1_S, 2048, 8, 34);

    /// <param name="type">Whose table it is.</param>
    /// <param name="codes">Its entries.</param>
    /// <param name="scale">d of a block, in F16 its first number, by which the integers stay what they are.</param>
    /// <param name="high">Which byte of a block has the first code's bits above the eighth at its lower end; 0 if there are none.</param>
    private static T[] Read<T>(GgmlType type, int codes, int scale, int high) where T : unmanaged
    {
        const int Low = 2;
        var block = new byte[GgmlTypeTraits.TypeSize(type)];
        MemoryMarshal.Write(block, (Half)scale);
        var numbers = new float[GgmlTypeTraits.BlockSize(type)];
        var table = new T[codes];
        for (var code = 0; code < codes; code++)
        {
            block[Low] = (byte)code;
            if (high > 0)
                block[high] = (byte)(code >> 8);
            GgmlTypeTraits.Dequantize(type, block, numbers);
            var integers = MemoryMarshal.Cast<T, sbyte>(table.AsSpan(code, 1));
            for (var i = 0; i < integers.Length; i++)
                integers[i] = (sbyte)numbers[i];
        }
        return table;
    }
}

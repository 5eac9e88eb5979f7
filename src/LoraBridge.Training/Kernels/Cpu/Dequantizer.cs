using System.Numerics.Tensors;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;

namespace LoraBridge.Training.Kernels.Cpu;

/// <summary>
/// Converts rows of weights to F32. ggml's own conversions are compiled for any processor, and many work on one element at a time:
/// that would take up to half of the time of a training step. Here they are done by vectors, with the same result, bit for bit.
/// </summary>
internal static class Dequantizer
{
    /// <summary>Converts <paramref name="source"/>, whole blocks of <paramref name="type"/>, to F32.</summary>
    public static void Convert(GgmlType type, ReadOnlySpan<byte> source, Span<float> destination)
    {
        if (type == GgmlType.F16)
            TensorPrimitives.ConvertToSingle(MemoryMarshal.Cast<byte, Half>(source), destination);
        else if (!BlockFormat.TryVisit(type, new Conversion(source, destination)))
            GgmlTypeTraits.Dequantize(type, source, destination);
    }

    private readonly ref struct Conversion(ReadOnlySpan<byte> source, Span<float> destination) : IBlockVisitor
    {
        private const int Half = BlockFormat.Step / 2, MostGroups = 16;

        private readonly ReadOnlySpan<byte> _source = source;
        private readonly Span<float> _destination = destination;

        [MethodImpl(MethodImplOptions.AggressiveOptimization)]
        public void Visit<TFormat>() where TFormat : struct, IBlockFormat
        {
            // The loop below goes through references: this is its only bounds check.
            var blocks = _destination.Length / TFormat.Elements;
            ArgumentOutOfRangeException.ThrowIfLessThan(_source.Length, blocks * TFormat.Bytes);
            Span<float> scales = stackalloc float[MostGroups];
            Span<float> constants = stackalloc float[MostGroups];
            ref readonly var block = ref MemoryMarshal.GetReference(_source);
            ref var target = ref MemoryMarshal.GetReference(_destination);
            for (var i = 0; i < blocks; i++, block = ref Unsafe.Add(ref Unsafe.AsRef(in block), TFormat.Bytes))
            {
                TFormat.ReadScales(in block, ref scales[0], ref constants[0]);
                for (var start = 0; start < TFormat.Elements; start += BlockFormat.Step, target = ref Unsafe.Add(ref target, BlockFormat.Step))
                {
                    var integers = TFormat.ReadIntegers(in block, (nuint)(start / BlockFormat.Step));
                    var (low, high) = (start / TFormat.Group, (start + Half) / TFormat.Group);
                    if (TFormat.HasConstants)
                    {
                        BlockLanes.Store(integers.GetLower(), scales[low], constants[low], ref target);
                        BlockLanes.Store(integers.GetUpper(), scales[high], constants[high], ref Unsafe.Add(ref target, Half));
                    }
                    else
                    {
                        BlockLanes.Store(integers.GetLower(), scales[low], ref target);
                        BlockLanes.Store(integers.GetUpper(), scales[high], ref Unsafe.Add(ref target, Half));
                    }
                }
            }
        }
    }
}

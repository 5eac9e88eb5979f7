using System.Diagnostics;
using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;
using LoraBridge.Native.Code;
using LoraBridge.Training.Kernels.Cpu;

namespace LoraBridge.Cli.Benchmarking;

/// <summary>
/// What the instruction that a product's tile is made of can do on this machine at this moment: on registers alone, and on as many threads. It is what
/// products are to be compared with.
/// </summary>
internal static class InstructionPeak
{
    private const int Attempts = 20, Rounds = 1 << 20, Sums = 8;

    /// <summary>Multiplications and additions in a second; 0 where the tile's instruction is not known here.</summary>
    /// <param name="tile">The tile; null for F32.</param>
    /// <param name="threads">How many threads.</param>
    public static double Of(IntegerTile? tile, int threads)
    {
        var best = 0.0;
        for (var attempt = 0; attempt < Attempts; attempt++)
        {
            using var start = new Barrier(threads);
            var rates = new double[threads];
            var workers = Enumerable.Range(0, threads).Select(index => new Thread(() =>
            {
                start.SignalAndWait();
                var begin = Stopwatch.GetTimestamp();
                var operations = Run(tile);
                rates[index] = operations / Stopwatch.GetElapsedTime(begin).TotalSeconds;
            })).ToList();
            workers.ForEach(worker => worker.Start());
            workers.ForEach(worker => worker.Join());
            best = Math.Max(best, rates.Sum());
        }
        return best;
    }

    /// <returns>Multiplications and additions that were done.</returns>
    private static double Run(IntegerTile? tile)
    {
        switch (tile)
        {
            case AssembledTile assembled:
                AssembledTiles.RunInstructions(assembled.Instruction, Rounds);
                var lanes = assembled.Instruction == TileInstruction.Vpmaddwd ? Vector256<int>.Count : Vector512<int>.Count;
                return (double)Rounds * TileProgram.InstructionsPerRound * lanes * 2 * (tile.Element == TileElement.Int8 ? 4 : 2);
            case VectorTile<Pairs>: return Words<Pairs>();
            case VectorTile<PairsByVnni>: return Words<PairsByVnni>();
            case VectorTile<BytesByVnni>: return Words<BytesByVnni>();
            case WideTile: return WidePairs();
            case DotTile<SignedDot>: return Dots(tile.Element);
            case null: return Vector512.IsHardwareAccelerated ? WideSingles() : Singles();
            default: return 0;
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static double Words<TProduct>() where TProduct : struct, IWordProduct
    {
        var (x, z) = (Vector256.Create(1), Vector256.Create(2));
        var (p, q, r, s) = (Vector256.Create(3), Vector256.Create(4), Vector256.Create(5), Vector256.Create(6));
        Vector256<int> a = default, b = default, c = default, d = default, e = default, f = default, g = default, h = default;
        for (var i = 0; i < Rounds; i++)
        {
            (a, b, c, d) = (TProduct.Add(a, x, p), TProduct.Add(b, x, q), TProduct.Add(c, x, r), TProduct.Add(d, x, s));
            (e, f, g, h) = (TProduct.Add(e, z, p), TProduct.Add(f, z, q), TProduct.Add(g, z, r), TProduct.Add(h, z, s));
            (x, z) = (z, x);
        }
        Keep((a + b + c + d + e + f + g + h)[0]);
        return (double)Rounds * Sums * Vector256<int>.Count * 2 * (TProduct.Element == TileElement.Int8 ? 4 : 2);
    }

    /// <summary>Numbers in halves take three instructions for four of them.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static double Dots(TileElement element)
    {
        var (x, z) = (Vector128.Create(1), Vector128.Create(2));
        var (p, q, r, s) = (Vector128.Create(3), Vector128.Create(4), Vector128.Create(5), Vector128.Create(6));
        Vector128<int> a = default, b = default, c = default, d = default, e = default, f = default, g = default, h = default;
        Vector128<int> i = default, j = default, k = default, l = default;
        for (var round = 0; round < Rounds; round++)
        {
            (a, b, c, d) = (SignedDot.Add(a, p, x, 0), SignedDot.Add(b, q, x, 0), SignedDot.Add(c, r, x, 0), SignedDot.Add(d, s, x, 0));
            (e, f, g, h) = (SignedDot.Add(e, p, z, 0), SignedDot.Add(f, q, z, 0), SignedDot.Add(g, r, z, 0), SignedDot.Add(h, s, z, 0));
            (i, j, k, l) = (SignedDot.Add(i, p, x, 1), SignedDot.Add(j, q, x, 1), SignedDot.Add(k, r, z, 1), SignedDot.Add(l, s, z, 1));
            (x, z) = (z, x);
        }
        Keep((a + b + c + d + e + f + g + h + i + j + k + l)[0]);
        var fours = (double)Rounds * 12 * Vector128<int>.Count;
        return 2 * 4 * (element == TileElement.SignedInt8 ? fours : fours / WordLayout.Planes);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static double WidePairs()
    {
        var (x, z) = (Vector512.Create((short)1), Vector512.Create((short)2));
        var (p, q, r, s) = (Vector512.Create((short)3), Vector512.Create((short)4), Vector512.Create((short)5), Vector512.Create((short)6));
        Vector512<int> a = default, b = default, c = default, d = default, e = default, f = default, g = default, h = default;
        for (var i = 0; i < Rounds; i++)
        {
            a += Avx512BW.MultiplyAddAdjacent(x, p);
            b += Avx512BW.MultiplyAddAdjacent(x, q);
            c += Avx512BW.MultiplyAddAdjacent(x, r);
            d += Avx512BW.MultiplyAddAdjacent(x, s);
            e += Avx512BW.MultiplyAddAdjacent(z, p);
            f += Avx512BW.MultiplyAddAdjacent(z, q);
            g += Avx512BW.MultiplyAddAdjacent(z, r);
            h += Avx512BW.MultiplyAddAdjacent(z, s);
            (x, z) = (z, x);
        }
        Keep((a + b + c + d + e + f + g + h)[0]);
        return (double)Rounds * Sums * Vector512<int>.Count * 2 * 2;
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static double Singles()
    {
        var (x, y) = (Vector256.Create(0.5f), Vector256.Create(0.25f));
        Vector256<float> a = x, b = y, c = x, d = y, e = x, f = y, g = x, h = y;
        for (var i = 0; i < Rounds; i++)
        {
            (a, b, c, d) = (Vector256.FusedMultiplyAdd(a, x, y), Vector256.FusedMultiplyAdd(b, x, y), Vector256.FusedMultiplyAdd(c, x, y), Vector256.FusedMultiplyAdd(d, x, y));
            (e, f, g, h) = (Vector256.FusedMultiplyAdd(e, x, y), Vector256.FusedMultiplyAdd(f, x, y), Vector256.FusedMultiplyAdd(g, x, y), Vector256.FusedMultiplyAdd(h, x, y));
        }
        Keep((int)(a + b + c + d + e + f + g + h)[0]);
        return (double)Rounds * Sums * Vector256<float>.Count * 2;
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static double WideSingles()
    {
        var (x, y) = (Vector512.Create(0.5f), Vector512.Create(0.25f));
        Vector512<float> a = x, b = y, c = x, d = y, e = x, f = y, g = x, h = y;
        for (var i = 0; i < Rounds; i++)
        {
            (a, b, c, d) = (Vector512.FusedMultiplyAdd(a, x, y), Vector512.FusedMultiplyAdd(b, x, y), Vector512.FusedMultiplyAdd(c, x, y), Vector512.FusedMultiplyAdd(d, x, y));
            (e, f, g, h) = (Vector512.FusedMultiplyAdd(e, x, y), Vector512.FusedMultiplyAdd(f, x, y), Vector512.FusedMultiplyAdd(g, x, y), Vector512.FusedMultiplyAdd(h, x, y));
        }
        Keep((int)(a + b + c + d + e + f + g + h)[0]);
        return (double)Rounds * Sums * Vector512<float>.Count * 2;
    }

    /// <summary>Has the compiler compute what led to <paramref name="value"/>.</summary>
    [MethodImpl(MethodImplOptions.NoInlining)]
    private static void Keep(int value) => GC.KeepAlive(value);
}

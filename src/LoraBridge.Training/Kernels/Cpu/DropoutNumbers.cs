using LoraBridge.Native;
using LoraBridge.Training.Graphs;

namespace LoraBridge.Training.Kernels.Cpu;

/// <summary>Which elements of a tensor dropout drops.</summary>
/// <param name="noise">Where the random numbers come from; it may turn to another row between two computations.</param>
/// <param name="stream">Tells uses of the same row's numbers apart.</param>
internal sealed class DropoutNumbers(RowNoise noise, ulong stream)
{
    /// <summary>Bits that decide on one element; p is rounded to as many.</summary>
    private const int Bits = 16;
    private const int PerWord = 64 / Bits;

    private readonly uint _threshold = (uint)MathF.Round(noise.Dropout * (1 << Bits));

    /// <summary>The key of the row that is computed.</summary>
    public ulong Key => noise.Key(stream);

    /// <summary>1 / (1 - p).</summary>
    private float Factor => (1 << Bits) / (float)((1 << Bits) - _threshold);

    /// <summary>Row number <paramref name="row"/> of the tensor: 0 with probability p, and else x / (1 - p).</summary>
    public void Drop(ulong key, long row, ReadOnlySpan<float> x, Span<float> result)
    {
        var factor = Factor;
        var words = (x.Length + PerWord - 1) / PerWord;
        var word = 0UL;
        for (var i = 0; i < x.Length; i++, word >>= Bits)
        {
            if (i % PerWord == 0)
                word = RowNoise.Bits(key, row * words + i / PerWord);
            result[i] = (word & ((1 << Bits) - 1)) < _threshold ? 0 : x[i] * factor;
        }
    }
}

/// <summary>What dropout multiplies by: 0 with probability p, and else 1 / (1 - p), the same elements as <see cref="DropoutNumbers.Drop"/> chooses.</summary>
internal sealed class DropoutMask(RowNoise noise, ulong stream) : ITensorKernel
{
    private readonly DropoutNumbers _numbers = new(noise, stream);

    public void Compute(TensorPtr result, WorkQueue work)
    {
        var d = (int)result.Ne(0);
        var key = _numbers.Key;
        foreach (var row in work.Items(result.Shape.Rows))
        {
            var mask = result.HostSpan<float>(row * d, d);
            mask.Fill(1);
            _numbers.Drop(key, row, mask, mask);
        }
    }
}

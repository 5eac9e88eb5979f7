using LoraBridge.Training.Graphs;
using LoraBridge.Native;
using LoraBridge.Training.Kernels.Cpu;

namespace LoraBridge.Training.Autodiff.Ops;

/// <summary>
/// x [D, ...], y = x ∘ m / (1 - p), where m is 0 with probability p and else 1. dx = dy ∘ m / (1 - p).
/// Srivastava et al., <see href="https://jmlr.org/papers/v15/srivastava14a.html"/>.
/// </summary>
/// <param name="noise">Where m comes from; it may turn to another row between two computations.</param>
/// <param name="stream">Tells uses of the same row's numbers apart.</param>
internal sealed class Dropout(RowNoise noise, ulong stream) : ITensorKernel, IGradientRule
{
    private readonly DropoutNumbers _numbers = new(noise, stream);

    public void Compute(TensorPtr result, WorkQueue work)
    {
        var x = result.Source(0);
        var d = (int)x.Ne(0);
        var key = _numbers.Key;
        foreach (var row in work.Items(result.Shape.Rows))
            _numbers.Drop(key, row, x.HostSpan<float>(row * d, d), result.HostSpan<float>(row * d, d));
    }

    public void Backward(BackwardPass pass, TensorPtr y, TensorPtr dy)
    {
        var x = y.Source(0);
        if (pass.Needs(x))
            pass.Add(x, pass.Builder.Custom(this, x.Shape, dy));
    }
}

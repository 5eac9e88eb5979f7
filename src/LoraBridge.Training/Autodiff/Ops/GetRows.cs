using LoraBridge.Training.Graphs;
using LoraBridge.Native;
using LoraBridge.Training.Kernels.Cpu;

namespace LoraBridge.Training.Autodiff.Ops;

/// <summary>
/// x [D, N, H], indices [I, H], y [D, I, H]: y[:, i, h] = x[:, indices[i, h], h]. dx gathers dy: dx[:, n, h] = Σ dy[:, i, h] over
/// the i with indices[i, h] = n.
/// </summary>
internal sealed class GetRows : IGradientRule
{
    public void Backward(BackwardPass pass, TensorPtr y, TensorPtr dy)
    {
        var (x, indices) = (y.Source(0), y.Source(1));
        if (pass.Needs(x))
            pass.Add(x, pass.Builder.Custom(GetRowsGradient.Instance, x.Shape, dy, pass.Builder.Contiguous(indices)));
    }
}

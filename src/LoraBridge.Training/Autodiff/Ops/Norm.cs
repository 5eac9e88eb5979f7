using LoraBridge.Training.Graphs;
using LoraBridge.Native;
using LoraBridge.Training.Kernels.Cpu;

namespace LoraBridge.Training.Autodiff.Ops;

/// <summary>Layer normalisation without its weights: see <see cref="NormGradient"/>.</summary>
internal sealed class Norm : IGradientRule
{
    public void Backward(BackwardPass pass, TensorPtr y, TensorPtr dy)
    {
        var epsilon = BitConverter.Int32BitsToSingle(y.OpParams[0]);
        var x = pass.Builder.Contiguous(y.Source(0));
        pass.Add(y.Source(0), pass.Builder.Custom(new NormGradient(epsilon), y.Shape, x, dy));
    }
}

/// <summary>Division of rows by their Euclidean length: see <see cref="L2NormGradient"/>.</summary>
internal sealed class L2Norm : IGradientRule
{
    public void Backward(BackwardPass pass, TensorPtr y, TensorPtr dy)
    {
        var epsilon = BitConverter.Int32BitsToSingle(y.OpParams[0]);
        var x = pass.Builder.Contiguous(y.Source(0));
        pass.Add(y.Source(0), pass.Builder.Custom(new L2NormGradient(epsilon), y.Shape, x, dy));
    }
}

using LoraBridge.Training.Graphs;
using LoraBridge.Native;
using LoraBridge.Training.Kernels.Cpu;

namespace LoraBridge.Training.Autodiff.Ops;

/// <summary>y = min(max(x, low), high): dx = dy where x lies between them, 0 elsewhere.</summary>
internal sealed class Clamp : IGradientRule
{
    public void Backward(BackwardPass pass, TensorPtr y, TensorPtr dy)
    {
        var low = BitConverter.Int32BitsToSingle(y.OpParams[0]);
        var high = BitConverter.Int32BitsToSingle(y.OpParams[1]);
        var x = pass.Builder.Contiguous(y.Source(0));
        var kernel = new ElementwiseGradientKernel((values, slopes) =>
        {
            for (var i = 0; i < values.Length; i++)
                slopes[i] = values[i] >= low && values[i] <= high ? 1 : 0;
        });
        pass.Add(y.Source(0), pass.Builder.Custom(kernel, y.Shape, x, dy));
    }
}

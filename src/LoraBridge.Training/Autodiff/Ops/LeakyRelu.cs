using LoraBridge.Training.Graphs;
using LoraBridge.Native;
using LoraBridge.Training.Kernels.Cpu;

namespace LoraBridge.Training.Autodiff.Ops;

/// <summary>y = x for x &gt; 0, s x elsewhere: dx = dy there, s dy elsewhere.</summary>
internal sealed class LeakyRelu : IGradientRule
{
    public void Backward(BackwardPass pass, TensorPtr y, TensorPtr dy)
    {
        var negative = BitConverter.Int32BitsToSingle(y.OpParams[0]);
        var x = pass.Builder.Contiguous(y.Source(0));
        var kernel = new ElementwiseGradientKernel((values, slopes) =>
        {
            for (var i = 0; i < values.Length; i++)
                slopes[i] = values[i] > 0 ? 1 : negative;
        });
        pass.Add(y.Source(0), pass.Builder.Custom(kernel, y.Shape, x, dy));
    }
}

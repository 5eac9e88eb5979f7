using LoraBridge.Training.Graphs;
using LoraBridge.Native;
using LoraBridge.Training.Kernels.Cpu;

namespace LoraBridge.Training.Autodiff.Ops;

/// <summary>
/// y = softmax(s x + mask) over rows: dx = s (dy - (y·dy)) ∘ y. The same holds with ALiBi slopes, which only scale the mask, and
/// with sinks, which only make y sum to less than 1.
/// </summary>
internal sealed class SoftMax : IGradientRule
{
    public void Backward(BackwardPass pass, TensorPtr y, TensorPtr dy)
    {
        var s = BitConverter.Int32BitsToSingle(y.OpParams[0]);
        pass.Add(y.Source(0), pass.Builder.Custom(new SoftMaxGradient(s), y.Shape, y, dy));
    }
}

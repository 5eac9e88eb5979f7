using LoraBridge.Training.Graphs;
using LoraBridge.Native;

namespace LoraBridge.Training.Autodiff.Ops;

/// <summary>y = s a + c: da = s dy.</summary>
internal sealed class Scale : IGradientRule
{
    public void Backward(BackwardPass pass, TensorPtr y, TensorPtr dy)
    {
        var s = BitConverter.Int32BitsToSingle(y.OpParams[0]);
        pass.Add(y.Source(0), s == 1 ? dy : pass.Builder.Scale(dy, s));
    }
}

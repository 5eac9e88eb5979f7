using LoraBridge.Training.Graphs;
using LoraBridge.Native;

namespace LoraBridge.Training.Autodiff.Ops;

/// <summary>y = a, with b added to the part of it that starts at an offset, with strides of its own: da = dy, db is that part of dy.</summary>
internal sealed class Acc : IGradientRule
{
    public void Backward(BackwardPass pass, TensorPtr y, TensorPtr dy)
    {
        var (a, b, builder) = (y.Source(0), y.Source(1), pass.Builder);
        pass.Add(a, dy);
        if (!pass.Needs(b))
            return;
        var part = builder.View(dy, b.Shape, y.OpParams[0], y.OpParams[1], y.OpParams[2], y.OpParams[3]);
        pass.Add(b, builder.Contiguous(part));
    }
}

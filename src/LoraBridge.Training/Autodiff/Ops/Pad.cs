using LoraBridge.Training.Graphs;
using LoraBridge.Native;

namespace LoraBridge.Training.Autodiff.Ops;

/// <summary>y = x with zeros before and after it along each dimension: dx is the part of dy where x stands.</summary>
internal sealed class Pad : IGradientRule
{
    public void Backward(BackwardPass pass, TensorPtr y, TensorPtr dy)
    {
        var x = y.Source(0);
        if (y.OpParams[8] != 0)
            throw new NotSupportedException($"{y.Name} is padded in a circle, which has no gradient rule.");
        long offset = 0;
        for (var i = 0; i < Shape.Dimensions; i++)
            offset += y.OpParams[2 * i] * dy.Nb(i);
        pass.Add(x, pass.Builder.Contiguous(pass.Builder.View(dy, x.Shape, dy.Nb(1), dy.Nb(2), dy.Nb(3), offset)));
    }
}

using LoraBridge.Training.Graphs;
using LoraBridge.Native;

namespace LoraBridge.Training.Autodiff.Ops;

/// <summary>y = a followed by b along one dimension: da and db are the two parts of dy.</summary>
internal sealed class Concat : IGradientRule
{
    public void Backward(BackwardPass pass, TensorPtr y, TensorPtr dy)
    {
        var dimension = y.OpParams[0];
        var (a, b) = (y.Source(0), y.Source(1));
        Add(a, 0);
        Add(b, a.Ne(dimension) * dy.Nb(dimension));

        void Add(TensorPtr part, long offset)
        {
            if (pass.Needs(part))
                pass.Add(part, pass.Builder.Contiguous(pass.Builder.View(dy, part.Shape, dy.Nb(1), dy.Nb(2), dy.Nb(3), offset)));
        }
    }
}

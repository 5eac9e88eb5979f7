using LoraBridge.Native;
using LoraBridge.Training.Graphs;

namespace LoraBridge.Training.Autodiff.Ops;

/// <summary>How gradients pass back through sums, products and the like.</summary>
internal static class Arithmetic
{
    /// <summary>y = a + b, b broadcast to the shape of a: da = dy, db = dy summed over the repetitions of b.</summary>
    public static void Add(BackwardPass pass, TensorPtr y, TensorPtr dy)
    {
        var (a, b) = (y.Source(0), y.Source(1));
        pass.Add(a, dy);
        if (pass.Needs(b))
            pass.Add(b, pass.Builder.SumTo(dy, b.Shape));
    }

    /// <summary>y = a - b, b broadcast to the shape of a: da = dy, db = -dy summed over the repetitions of b.</summary>
    public static void Sub(BackwardPass pass, TensorPtr y, TensorPtr dy)
    {
        var (a, b) = (y.Source(0), y.Source(1));
        pass.Add(a, dy);
        if (pass.Needs(b))
            pass.Add(b, pass.Builder.Scale(pass.Builder.SumTo(dy, b.Shape), -1));
    }

    /// <summary>y = a ∘ b, b broadcast to the shape of a: da = dy ∘ b, db = dy ∘ a summed over the repetitions of b.</summary>
    public static void Mul(BackwardPass pass, TensorPtr y, TensorPtr dy)
    {
        var (a, b) = (y.Source(0), y.Source(1));
        if (pass.Needs(a))
            pass.Add(a, pass.Builder.Mul(dy, b));
        if (pass.Needs(b))
            pass.Add(b, pass.Builder.SumTo(pass.Builder.Mul(dy, a), b.Shape));
    }

    /// <summary>y = a / b, b broadcast to the shape of a: da = dy / b, db = -dy ∘ y / b summed over the repetitions of b.</summary>
    public static void Div(BackwardPass pass, TensorPtr y, TensorPtr dy)
    {
        var (a, b) = (y.Source(0), y.Source(1));
        var da = pass.Builder.Div(dy, b);
        pass.Add(a, da);
        if (pass.Needs(b))
            pass.Add(b, pass.Builder.Scale(pass.Builder.SumTo(pass.Builder.Mul(da, y), b.Shape), -1));
    }

    /// <summary>y = s a + c: da = s dy.</summary>
    public static void Scale(BackwardPass pass, TensorPtr y, TensorPtr dy)
    {
        var s = y.FloatParam(0);
        pass.Add(y.Source(0), s == 1 ? dy : pass.Builder.Scale(dy, s));
    }

    /// <summary>y = x²: dx = 2 x ∘ dy.</summary>
    public static void Sqr(BackwardPass pass, TensorPtr y, TensorPtr dy) =>
        pass.Add(y.Source(0), pass.Builder.Scale(pass.Builder.Mul(dy, pass.Builder.Contiguous(y.Source(0))), 2));

    /// <summary>y = √x: dx = dy / (2 y).</summary>
    public static void Sqrt(BackwardPass pass, TensorPtr y, TensorPtr dy) => pass.Add(y.Source(0), pass.Builder.Scale(pass.Builder.Div(dy, y), 0.5f));

    /// <summary>y = log x: dx = dy / x.</summary>
    public static void Log(BackwardPass pass, TensorPtr y, TensorPtr dy) =>
        pass.Add(y.Source(0), pass.Builder.Div(dy, pass.Builder.Contiguous(y.Source(0))));

    /// <summary>y = a in another layout (CONT, DUP, CPY): da = dy in the shape of a.</summary>
    public static void Copy(BackwardPass pass, TensorPtr y, TensorPtr dy) => pass.Add(y.Source(0), pass.Builder.Reshape(dy, y.Source(0).Shape));
}

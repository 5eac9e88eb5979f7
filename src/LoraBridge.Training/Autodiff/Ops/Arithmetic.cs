using LoraBridge.Training.Graphs;
using LoraBridge.Native;

namespace LoraBridge.Training.Autodiff.Ops;

/// <summary>y = a + b, b broadcast to the shape of a: da = dy, db = dy summed over the repetitions of b.</summary>
internal sealed class Add : IGradientRule
{
    public void Backward(BackwardPass pass, TensorPtr y, TensorPtr dy)
    {
        var (a, b) = (y.Source(0), y.Source(1));
        pass.Add(a, dy);
        if (pass.Needs(b))
            pass.Add(b, pass.Builder.SumTo(dy, b.Shape));
    }
}

/// <summary>y = a - b, b broadcast to the shape of a: da = dy, db = -dy summed over the repetitions of b.</summary>
internal sealed class Sub : IGradientRule
{
    public void Backward(BackwardPass pass, TensorPtr y, TensorPtr dy)
    {
        var (a, b) = (y.Source(0), y.Source(1));
        pass.Add(a, dy);
        if (pass.Needs(b))
            pass.Add(b, pass.Builder.Scale(pass.Builder.SumTo(dy, b.Shape), -1));
    }
}

/// <summary>y = a ∘ b, b broadcast to the shape of a: da = dy ∘ b, db = dy ∘ a summed over the repetitions of b.</summary>
internal sealed class Mul : IGradientRule
{
    public void Backward(BackwardPass pass, TensorPtr y, TensorPtr dy)
    {
        var (a, b) = (y.Source(0), y.Source(1));
        if (pass.Needs(a))
            pass.Add(a, pass.Builder.Mul(dy, b));
        if (pass.Needs(b))
            pass.Add(b, pass.Builder.SumTo(pass.Builder.Mul(dy, a), b.Shape));
    }
}

/// <summary>y = a / b, b broadcast to the shape of a: da = dy / b, db = -dy ∘ y / b summed over the repetitions of b.</summary>
internal sealed class Div : IGradientRule
{
    public void Backward(BackwardPass pass, TensorPtr y, TensorPtr dy)
    {
        var (a, b) = (y.Source(0), y.Source(1));
        var da = pass.Builder.Div(dy, b);
        pass.Add(a, da);
        if (pass.Needs(b))
            pass.Add(b, pass.Builder.Scale(pass.Builder.SumTo(pass.Builder.Mul(da, y), b.Shape), -1));
    }
}

/// <summary>y = s a + c: da = s dy.</summary>
internal sealed class Scale : IGradientRule
{
    public void Backward(BackwardPass pass, TensorPtr y, TensorPtr dy)
    {
        var s = BitConverter.Int32BitsToSingle(y.OpParams[0]);
        pass.Add(y.Source(0), s == 1 ? dy : pass.Builder.Scale(dy, s));
    }
}

/// <summary>y = x²: dx = 2 x ∘ dy.</summary>
internal sealed class Sqr : IGradientRule
{
    public void Backward(BackwardPass pass, TensorPtr y, TensorPtr dy) =>
        pass.Add(y.Source(0), pass.Builder.Scale(pass.Builder.Mul(dy, pass.Builder.Contiguous(y.Source(0))), 2));
}

/// <summary>y = √x: dx = dy / (2 y).</summary>
internal sealed class Sqrt : IGradientRule
{
    public void Backward(BackwardPass pass, TensorPtr y, TensorPtr dy) => pass.Add(y.Source(0), pass.Builder.Scale(pass.Builder.Div(dy, y), 0.5f));
}

/// <summary>y = log x: dx = dy / x.</summary>
internal sealed class Log : IGradientRule
{
    public void Backward(BackwardPass pass, TensorPtr y, TensorPtr dy) =>
        pass.Add(y.Source(0), pass.Builder.Div(dy, pass.Builder.Contiguous(y.Source(0))));
}

/// <summary>y = a in another layout (CONT, DUP, CPY): da = dy in the shape of a.</summary>
internal sealed class Copy : IGradientRule
{
    public void Backward(BackwardPass pass, TensorPtr y, TensorPtr dy) => pass.Add(y.Source(0), pass.Builder.Reshape(dy, y.Source(0).Shape));
}

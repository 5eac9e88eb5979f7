using System.Numerics.Tensors;
using LoraBridge.Training.Graphs;
using LoraBridge.Native;
using LoraBridge.Training.Kernels.Cpu;

namespace LoraBridge.Training.Autodiff.Ops;

/// <summary>y = f(x) element by element: dx = dy ∘ f′(x), with f from <see cref="Activations"/>.</summary>
internal sealed class Unary : IGradientRule
{
    public void Backward(BackwardPass pass, TensorPtr y, TensorPtr dy)
    {
        var function = (GgmlUnaryOp)y.OpParams[0];
        var parameters = y.OpParams[1..5].ToArray().Select(BitConverter.Int32BitsToSingle).ToArray();
        AddSlope(pass, y, dy, Activations.Of(function, parameters).Slope);
    }

    /// <summary>Adds dy ∘ f′(x) to the gradient of x.</summary>
    /// <param name="pass">Where gradients are added.</param>
    /// <param name="y">f(x).</param>
    /// <param name="dy">Its gradient.</param>
    /// <param name="slope">f′, of some values.</param>
    public static void AddSlope(BackwardPass pass, TensorPtr y, TensorPtr dy, Pointwise slope) => pass.Add(
        y.Source(0), pass.Builder.Custom(new ElementwiseGradientKernel(slope), y.Shape, pass.Builder.Contiguous(y.Source(0)), dy));
}

/// <summary>y = sin x: dx = dy ∘ cos x.</summary>
internal sealed class Sin : IGradientRule
{
    public void Backward(BackwardPass pass, TensorPtr y, TensorPtr dy) => Unary.AddSlope(pass, y, dy, (values, slopes) => TensorPrimitives.Cos(values, slopes));
}

/// <summary>y = cos x: dx = -dy ∘ sin x.</summary>
internal sealed class Cos : IGradientRule
{
    public void Backward(BackwardPass pass, TensorPtr y, TensorPtr dy) => Unary.AddSlope(pass, y, dy, (values, slopes) =>
    {
        TensorPrimitives.Sin(values, slopes);
        TensorPrimitives.Negate(slopes, slopes);
    });
}

/// <summary>y = min(max(x, low), high): dx = dy where x lies between them, 0 elsewhere.</summary>
internal sealed class Clamp : IGradientRule
{
    public void Backward(BackwardPass pass, TensorPtr y, TensorPtr dy)
    {
        var (low, high) = (BitConverter.Int32BitsToSingle(y.OpParams[0]), BitConverter.Int32BitsToSingle(y.OpParams[1]));
        Unary.AddSlope(pass, y, dy, (values, slopes) =>
        {
            for (var i = 0; i < values.Length; i++)
                slopes[i] = values[i] >= low && values[i] <= high ? 1 : 0;
        });
    }
}

/// <summary>y = x for x &gt; 0, s x elsewhere: dx = dy there, s dy elsewhere.</summary>
internal sealed class LeakyRelu : IGradientRule
{
    public void Backward(BackwardPass pass, TensorPtr y, TensorPtr dy)
    {
        var negative = BitConverter.Int32BitsToSingle(y.OpParams[0]);
        Unary.AddSlope(pass, y, dy, (values, slopes) =>
        {
            for (var i = 0; i < values.Length; i++)
                slopes[i] = values[i] > 0 ? 1 : negative;
        });
    }
}

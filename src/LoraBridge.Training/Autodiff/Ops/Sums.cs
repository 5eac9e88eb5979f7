using LoraBridge.Native;
using LoraBridge.Training.Graphs;
using LoraBridge.Training.Kernels.Cpu;

namespace LoraBridge.Training.Autodiff.Ops;

/// <summary>How gradients pass back through sums over elements, and through repetitions of them.</summary>
internal static class Sums
{
    /// <summary>y [1] = the sum of all elements of x: each element of dx is dy.</summary>
    public static void Sum(BackwardPass pass, TensorPtr y, TensorPtr dy) => pass.Add(y.Source(0), pass.Builder.Repeat(dy, y.Source(0).Shape));

    /// <summary>x [D, T], y [1, T] = sums of rows: dx = dy repeated D times.</summary>
    public static void SumRows(BackwardPass pass, TensorPtr y, TensorPtr dy) => pass.Add(y.Source(0), pass.Builder.Repeat(dy, y.Source(0).Shape));

    /// <summary>x [D, T], y [1, T] = means of rows: dx = dy / D repeated D times.</summary>
    public static void Mean(BackwardPass pass, TensorPtr y, TensorPtr dy)
    {
        var x = y.Source(0);
        pass.Add(x, pass.Builder.Repeat(pass.Builder.Scale(dy, 1f / x.Ne(0)), x.Shape));
    }

    /// <summary>y = x repeated to a larger shape: dx = dy summed over the repetitions.</summary>
    public static void Repeat(BackwardPass pass, TensorPtr y, TensorPtr dy) => pass.Add(y.Source(0), pass.Builder.SumTo(dy, y.Source(0).Shape));

    /// <summary>y[i] = x[0] + ... + x[i] along rows: dx[i] = dy[i] + dy[i + 1] + ... See <see cref="RowGradients.CumSum"/>.</summary>
    public static void CumSum(BackwardPass pass, TensorPtr y, TensorPtr dy) => pass.Add(y.Source(0), pass.Builder.Custom(RowGradients.CumSum, y.Shape, dy));
}

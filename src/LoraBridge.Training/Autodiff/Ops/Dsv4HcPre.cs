using LoraBridge.Training.Graphs;
using LoraBridge.Native;
using LoraBridge.Training.Kernels.Cpu;

namespace LoraBridge.Training.Autodiff.Ops;

/// <summary>
/// One residual stream out of several: x [D, H, T], y [D, T] = s Σₕ x[:, h, t] ∘ w, with w a number w[h, t], or σ(gate[:, h, t]).
/// dx = s dy ∘ w, dw = s dy·x, dgate = s dy ∘ x ∘ σ′(gate). Hyper-connections, <see href="https://arxiv.org/abs/2409.19606"/>.
/// </summary>
internal sealed class Dsv4HcPre : IGradientRule
{
    public void Backward(BackwardPass pass, TensorPtr y, TensorPtr dy)
    {
        var (x, weights, builder) = (y.Source(0), y.Source(1), pass.Builder);
        // The older build has neither parameter: s = 1.
        var (scale, gated) = LlamaBuild.Loaded == LlamaBuild.B10221 ? (1, false) : (BitConverter.Int32BitsToSingle(y.OpParams[0]), y.OpParams[1] != 0);
        var each = builder.Repeat(builder.Reshape(builder.Scale(dy, scale), new Shape(y.Ne(0), 1, y.Ne(1))), x.Shape);
        if (gated)
        {
            var gate = builder.Contiguous(weights);
            pass.Add(x, builder.Mul(each, builder.Record(Ggml.ggml_sigmoid(builder.Context, gate))));
            var kernel = new ElementwiseGradientKernel(Activations.Sigmoid.Slope);
            pass.Add(weights, builder.Custom(kernel, weights.Shape, gate, builder.Mul(each, x)));
            return;
        }

        var numbers = new Shape(1, x.Ne(1), x.Ne(2));
        pass.Add(x, builder.Mul(each, builder.Reshape(weights, numbers)));
        pass.Add(weights, builder.Reshape(builder.SumTo(builder.Mul(each, x), numbers), weights.Shape));
    }
}

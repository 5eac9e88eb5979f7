using System.Numerics.Tensors;
using LoraBridge.Training.Graphs;
using LoraBridge.Training.Kernels.Cpu;

namespace LoraBridge.Training.Autodiff.Ops;

/// <summary>How gradients pass back through what reads, writes and mixes several residual streams.</summary>
internal static class HyperConnections
{
    /// <summary>s has a number each for what a layer reads and for what it writes, before the one for this.</summary>
    private const int ScaleIndex = 2;

    /// <summary>
    /// One residual stream out of several: x [D, H, T], y [D, T] = s Σₕ x[:, h, t] ∘ w, with w a number w[h, t], or σ(gate[:, h, t]).
    /// dx = s dy ∘ w, dw = s dy·x, dgate = s dy ∘ x ∘ σ′(gate). Hyper-connections, <see href="https://arxiv.org/abs/2409.19606"/>.
    /// </summary>
    public static void Dsv4HcPre(BackwardPass pass, TensorPtr y, TensorPtr dy)
    {
        var (x, weights, builder) = (y.Source(0), y.Source(1), pass.Builder);
        // The older build has neither parameter: s = 1.
        var (scale, gated) = LlamaBuild.Loaded == LlamaBuild.B10221 ? (1, false) : (y.FloatParam(0), y.OpParams[1] != 0);
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

    /// <summary>
    /// Several residual streams from one: x [D, T], r [D, H, T], p [H, T], c [H, H, T] (or the identity), y [D, H, T]:
    /// y[:, d, t] = x[:, t] p[d, t] + Σₛ r[:, s, t] c[d, s, t].
    /// dx = Σ_d dy p, dp = dy·x, dr[:, s] = Σ_d dy[:, d] c[d, s], dc[d, s] = dy[:, d]·r[:, s].
    /// Hyper-connections, <see href="https://arxiv.org/abs/2409.19606"/>.
    /// </summary>
    public static void Dsv4HcPost(BackwardPass pass, TensorPtr y, TensorPtr dy)
    {
        var (x, r, p, c, builder) = (y.Source(0), y.Source(1), y.Source(2), y.Source(3), pass.Builder);
        var column = new Shape(y.Ne(0), 1, y.Ne(2));
        var number = new Shape(1, y.Ne(1), y.Ne(2));
        if (pass.Needs(x))
            pass.Add(x, builder.Reshape(builder.SumTo(builder.Mul(dy, builder.Reshape(p, number)), column), x.Shape));
        if (pass.Needs(p))
            pass.Add(p, builder.Reshape(builder.SumTo(builder.Mul(dy, builder.Reshape(x, column)), number), p.Shape));
        if (pass.Needs(r))
            pass.Add(r, c.IsNull ? dy : builder.MulMat(builder.Contiguous(builder.Transpose(dy)), c));
        if (!c.IsNull && pass.Needs(c))
            pass.Add(c, builder.MulMat(dy, r));
    }

    /// <summary>
    /// How H residual streams mix: m [2H + H², T], s [3], b [2H + H²]; the last H² rows of z = s₂ m + b become a matrix y [H, H, T] whose
    /// rows and columns add up to 1, by softmax and Sinkhorn's iterations. dm = s₂ dz, ds₂ = dz·m, db = Σₜ dz, with dz from
    /// <see cref="SinkhornGradient"/>. Manifold-constrained hyper-connections, <see href="https://arxiv.org/abs/2512.24880"/>.
    /// </summary>
    public static void Dsv4HcComb(BackwardPass pass, TensorPtr y, TensorPtr dy)
    {
        var (m, s, b, builder) = (y.Source(0), y.Source(1), y.Source(2), pass.Builder);
        var number = new Shape(1);
        var scale = builder.Part(s, number, ScaleIndex);
        var kernel = new SinkhornGradient(y.FloatParam(0), y.OpParams[1]);
        var dz = builder.Custom(kernel, m.Shape, builder.Contiguous(m), scale, builder.Contiguous(b), dy);
        pass.Add(m, builder.Mul(dz, scale));
        if (pass.Needs(b))
            pass.Add(b, builder.SumTo(dz, b.Shape));
        if (pass.Needs(s))
        {
            var sum = builder.SumTo(builder.Mul(dz, builder.Contiguous(m)), number);
            var row = s.Ne(0) * sizeof(float);
            pass.Add(s, builder.Accumulate(builder.Zeros(s.Shape), sum, row, row, row, ScaleIndex * sizeof(float)));
        }
    }
}

/// <summary>
/// Gradient of matrices y [H, H, T] made from the last H² rows of z = s m + b: softmax over rows, plus ε, then columns, rows, columns, ...
/// divided by ε plus their sums, in turns. Backwards, a line x / (ε + Σx) = v gives dx = (dv - dv·v) / (ε + Σx), and a softmax p
/// gives p ∘ (dp - dp·p). Sources: m [2H + H², T], s [1], b [2H + H²], dy [H, H, T], contiguous. The result is dz, zero in the first
/// 2H rows.
/// </summary>
/// <param name="epsilon">ε.</param>
/// <param name="iterations">How often columns are divided; rows are once less.</param>
internal sealed class SinkhornGradient(float epsilon, int iterations) : ITensorKernel
{
    public void Compute(TensorPtr result, WorkQueue work)
    {
        var size = (int)result.Source(3).Ne(0);
        var (width, count) = ((int)result.Ne(0), size * size);
        var scale = result.Source(1).Floats[0];
        var bias = result.Source(2).Floats[^count..];
        // What each division made, and what it divided by.
        var divisions = 2 * iterations - 1;
        var (values, sums) = (new float[(divisions + 1) * count], new float[divisions * size]);
        var softmax = new float[count];
        foreach (var token in work.Items(result.Ne(1)))
        {
            var z = values.AsSpan(0, count);
            TensorPrimitives.MultiplyAdd(result.Source(0).HostSpan<float>((token + 1) * width - count, count), scale, bias, z);
            for (var row = 0; row < count; row += size)
                TensorPrimitives.SoftMax(z.Slice(row, size), softmax.AsSpan(row, size));
            TensorPrimitives.Add(softmax, epsilon, z);
            for (var i = 0; i < divisions; i++)
                Divide(values.AsSpan(i * count, count), values.AsSpan((i + 1) * count, count), sums.AsSpan(i * size, size), IsByColumn(i));

            var dz = result.Row(token);
            dz[..^count].Clear();
            dz = dz[^count..];
            result.Source(3).HostSpan<float>(token * count, count).CopyTo(dz);
            for (var i = divisions - 1; i >= 0; i--)
                Backward(values.AsSpan((i + 1) * count, count), sums.AsSpan(i * size, size), dz, IsByColumn(i));
            for (var row = 0; row < count; row += size)
            {
                var p = softmax.AsSpan(row, size);
                var gradient = dz.Slice(row, size);
                TensorPrimitives.Subtract(gradient, TensorPrimitives.Dot<float>(gradient, p), gradient);
                TensorPrimitives.Multiply(gradient, p, gradient);
            }
        }
    }

    private static bool IsByColumn(int division) => division % 2 == 0;

    /// <summary>Element <paramref name="i"/> of a column or row.</summary>
    private static int Index(int line, int i, int size, bool byColumn) => byColumn ? i * size + line : line * size + i;

    private void Divide(ReadOnlySpan<float> x, Span<float> y, Span<float> sums, bool byColumn)
    {
        var size = sums.Length;
        for (var line = 0; line < size; line++)
        {
            sums[line] = epsilon;
            for (var i = 0; i < size; i++)
                sums[line] += x[Index(line, i, size, byColumn)];
            for (var i = 0; i < size; i++)
                y[Index(line, i, size, byColumn)] = x[Index(line, i, size, byColumn)] / sums[line];
        }
    }

    private static void Backward(ReadOnlySpan<float> y, ReadOnlySpan<float> sums, Span<float> gradient, bool byColumn)
    {
        var size = sums.Length;
        for (var line = 0; line < size; line++)
        {
            var projection = 0f;
            for (var i = 0; i < size; i++)
                projection += gradient[Index(line, i, size, byColumn)] * y[Index(line, i, size, byColumn)];
            for (var i = 0; i < size; i++)
            {
                ref var element = ref gradient[Index(line, i, size, byColumn)];
                element = (element - projection) / sums[line];
            }
        }
    }
}

using LoraBridge.Formats;
using LoraBridge.Native;
using LoraBridge.Training.Autodiff;
using LoraBridge.Training.Graphs;

namespace LoraBridge.Training.Kernels.Device;

/// <summary>
/// Attention as ggml's operations: q [K, T, H, S], k [K, N, G, S], v [D, N, G, S], mask [N, T, ...], sinks [H] -> y [D, H, T, S], for H query heads in
/// G groups that share keys and values: z = scale kᵀq, p = softmax(cap(z) + slope mask, sinks), y = v p.
/// Back: dp = vᵀ dy, ds = p (dp - Σₙ p dp), dz = ds cap′(z), dq = scale k dz, dk = scale Σ q dz, dv = Σ dy p.
/// </summary>
/// <remarks>
/// Forward it is ggml's own attention where the device has that. Else, and in the backward pass, the weights p are made for some queries at a time, with the
/// keys that these may see: what grows with the square of T is not kept. Dao et al., <see href="https://arxiv.org/abs/2205.14135"/>.
/// </remarks>
internal sealed class DeviceAttention(
    DeviceProducts products, DeviceSoftMax softMax, AttentionShape options, TensorPtr q, TensorPtr k, TensorPtr v, TensorPtr mask, TensorPtr sinks)
{
    /// <summary>Queries that are taken together, where there are more than <see cref="MostQueries"/>.</summary>
    public const int BlockQueries = 1024;

    /// <summary>Up to so many, all are taken together.</summary>
    public const int MostQueries = 2048;

    /// <summary>Queries that are taken together where none sees a key behind it: the smaller, the fewer hidden keys are multiplied with.</summary>
    public const int CausalQueries = 512;

    /// <summary>Emits attention, and its gradient with it.</summary>
    /// <param name="builder">Where to emit.</param>
    /// <param name="products">Products.</param>
    /// <param name="softMax">The gradient of softmax.</param>
    /// <param name="options">How it weighs.</param>
    /// <param name="q">Queries.</param>
    /// <param name="k">Keys.</param>
    /// <param name="v">Values.</param>
    /// <param name="mask">The mask; null for none.</param>
    /// <param name="sinks">The sinks; null for none.</param>
    /// <param name="fused">y, as an operation that a device can compute; null where there is none.</param>
    public static TensorPtr Emit(
        GraphBuilder builder, DeviceProducts products, DeviceSoftMax softMax, AttentionShape options, TensorPtr q, TensorPtr k, TensorPtr v, TensorPtr mask,
        TensorPtr sinks, TensorPtr fused = default)
    {
        var attention = new DeviceAttention(products, softMax, options, q, k, v, mask, sinks);
        var y = fused.IsNull ? attention.Forward(builder) : fused;
        builder.SetRule(y, attention.Backward);
        return y;
    }

    private int Block => options.IsCausal
        ? (int)Math.Min(q.Ne(1), options.CausalQueries)
        : q.Ne(1) > options.MostQueries ? options.BlockQueries : (int)q.Ne(1);

    /// <summary>Keys that queries before <paramref name="end"/> may see.</summary>
    private long KeysUpTo(long end) => options.IsCausal ? Math.Min(k.Ne(1), end) : k.Ne(1);

    private IEnumerable<(long First, long Count)> Blocks()
    {
        for (var first = 0L; first < q.Ne(1); first += Block)
            yield return (first, Math.Min(Block, q.Ne(1) - first));
    }

    private TensorPtr Forward(GraphBuilder builder)
    {
        var keys = Single(builder, k);
        var values = Single(builder, v);
        TensorPtr y = default;
        foreach (var (first, count) in Blocks())
        {
            var seen = KeysUpTo(first + count);
            var weights = Weigh(builder, Rows(builder, keys, seen), Queries(builder, first, count), first).Weights;
            var context = builder.MulMatExact(Transposed(builder, Rows(builder, values, seen)), weights);
            var part = builder.Contiguous(builder.Permute(context, 0, 2, 1, 3));
            y = y.IsNull ? part : builder.Concat(y, part, 2);
        }
        return y;
    }

    private void Backward(BackwardPass pass, TensorPtr y, TensorPtr dy)
    {
        var builder = pass.Builder;
        if (pass.Needs(sinks))
            throw new NotSupportedException($"{sinks.Name} cannot be trained on a device.");
        var (keys, values) = (Single(builder, k), Single(builder, v));
        TensorPtr dq = default, dk = default, dv = default;
        foreach (var (first, count) in Blocks())
        {
            var (queries, seen) = (Queries(builder, first, count), KeysUpTo(first + count));
            var seenKeys = Rows(builder, keys, seen);
            var (weights, tanh) = Weigh(builder, seenKeys, queries, first);
            var part = builder.View(dy, dy.Shape with { Ne2 = count }, first * dy.Nb(2));
            var gradients = builder.Contiguous(builder.Permute(part, 0, 2, 1, 3));
            var dp = builder.MulMatExact(Rows(builder, values, seen), gradients);
            var dz = softMax.InputGradient(builder, weights, dp, options.Scale);
            if (!tanh.IsNull)
                dz = builder.Mul(dz, builder.ScaleBias(builder.Record(Ggml.ggml_sqr(builder.Context, tanh)), -1, 1));
            Append(ref dq, builder.MulMatExact(Transposed(builder, seenKeys), dz));
            Sum(ref dk, products.WeightGradient(builder, queries, dz, k.Shape with { Ne1 = seen }), k.Ne(1));
            Sum(ref dv, products.WeightGradient(builder, gradients, weights, v.Shape with { Ne1 = seen }), v.Ne(1));
        }
        pass.Add(q, dq);
        pass.Add(k, dk);
        pass.Add(v, dv);

        void Append(ref TensorPtr all, TensorPtr part) => all = all.IsNull ? part : builder.Concat(all, part, 1);

        // Keys that none of a block's queries sees get nothing from it.
        void Sum(ref TensorPtr sum, TensorPtr part, long keys)
        {
            if (part.Ne(1) < keys)
                part = builder.Concat(part, builder.Zeros(part.Shape with { Ne1 = keys - part.Ne(1) }), 1);
            sum = sum.IsNull ? part : builder.Add(sum, part);
        }
    }

    /// <summary>The first rows of each matrix. They are copied: Vulkan's products take matrices of whole rows for ones that lie right behind each other.</summary>
    private static TensorPtr Rows(GraphBuilder builder, TensorPtr a, long count) =>
        count == a.Ne(1) ? a : builder.Contiguous(builder.View(a, a.Shape with { Ne1 = count }, 0));

    private static TensorPtr Transposed(GraphBuilder builder, TensorPtr a) => builder.Contiguous(builder.Transpose(a));

    /// <summary>p [N, count, H, S] of some queries, and tanh(z / cap) where scores are capped.</summary>
    private (TensorPtr Weights, TensorPtr Tanh) Weigh(GraphBuilder builder, TensorPtr keys, TensorPtr queries, long first)
    {
        var scores = builder.MulMatExact(keys, queries);
        TensorPtr tanh = default;
        var scale = options.Scale;
        if (options.SoftCap != 0)
        {
            tanh = builder.Tanh(builder.Scale(scores, scale / options.SoftCap));
            scores = builder.Scale(tanh, options.SoftCap);
            scale = 1;
        }
        var seen = mask;
        if (!mask.IsNull && (queries.Ne(1) < q.Ne(1) || keys.Ne(1) < mask.Ne(0)))
            seen = builder.Contiguous(builder.View(
                mask, mask.Shape with { Ne0 = keys.Ne(1), Ne1 = queries.Ne(1) }, first * mask.Nb(1)));
        var weights = builder.SoftMax(scores, seen, scale, options.MaxBias);
        builder.AddSinks(weights, sinks);
        return (weights, tanh);
    }

    private TensorPtr Queries(GraphBuilder builder, long first, long count) => builder.Contiguous(
        count == q.Ne(1) ? q : builder.View(q, q.Shape with { Ne1 = count }, first * q.Nb(1)));

    private static TensorPtr Single(GraphBuilder builder, TensorPtr tensor) => builder.Contiguous(builder.Cast(tensor, GgmlType.F32));
}

/// <summary>How attention weighs, and how many queries it takes at a time.</summary>
/// <param name="Scale">What scores are multiplied by.</param>
/// <param name="MaxBias">The largest slope of ALiBi; 0 for none.</param>
/// <param name="SoftCap">What scores are limited to; 0 for no limit.</param>
internal sealed record AttentionShape(float Scale, float MaxBias, float SoftCap)
{
    /// <inheritdoc cref="DeviceAttention.BlockQueries"/>
    public int BlockQueries { get; init; } = DeviceAttention.BlockQueries;

    /// <inheritdoc cref="DeviceAttention.MostQueries"/>
    public int MostQueries { get; init; } = DeviceAttention.MostQueries;

    /// <summary>Whether no query sees a key behind it, whatever else the mask hides: query i of T stands where key i of N does.</summary>
    public bool IsCausal { get; init; }

    /// <inheritdoc cref="DeviceAttention.CausalQueries"/>
    public int CausalQueries { get; init; } = DeviceAttention.CausalQueries;
}

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
internal sealed class DeviceAttention
{
    /// <summary>Queries that are taken together, where there are more than <see cref="MostQueries"/>.</summary>
    public const int BlockQueries = 1024;

    /// <summary>Up to so many, all are taken together.</summary>
    public const int MostQueries = 2048;

    /// <summary>Queries that are taken together where none sees a key behind it: the smaller, the fewer hidden keys are multiplied with.</summary>
    public const int CausalQueries = 512;

    private readonly DeviceProducts _products;
    private readonly DeviceSoftMax _softMax;
    private readonly AttentionShape _options;
    private readonly TensorPtr _q, _k, _v, _mask, _sinks;

    private DeviceAttention(
        DeviceProducts products, DeviceSoftMax softMax, AttentionShape options, TensorPtr q, TensorPtr k, TensorPtr v, TensorPtr mask, TensorPtr sinks) =>
        (_products, _softMax, _options, _q, _k, _v, _mask, _sinks) = (products, softMax, options, q, k, v, mask, sinks);

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

    private int Block => _options.IsCausal
        ? (int)Math.Min(_q.Ne(1), _options.CausalQueries)
        : _q.Ne(1) > _options.MostQueries ? _options.BlockQueries : (int)_q.Ne(1);

    /// <summary>Keys that queries before <paramref name="end"/> may see.</summary>
    private long KeysUpTo(long end) => _options.IsCausal ? Math.Min(_k.Ne(1), end) : _k.Ne(1);

    private IEnumerable<(long First, long Count)> Blocks()
    {
        for (var first = 0L; first < _q.Ne(1); first += Block)
            yield return (first, Math.Min(Block, _q.Ne(1) - first));
    }

    private TensorPtr Forward(GraphBuilder builder)
    {
        var keys = Single(builder, _k);
        var values = Single(builder, _v);
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
        if (pass.Needs(_sinks))
            throw new NotSupportedException($"{_sinks.Name} cannot be trained on a device.");
        var (keys, values) = (Single(builder, _k), Single(builder, _v));
        TensorPtr dq = default, dk = default, dv = default;
        foreach (var (first, count) in Blocks())
        {
            var (queries, seen) = (Queries(builder, first, count), KeysUpTo(first + count));
            var seenKeys = Rows(builder, keys, seen);
            var (weights, tanh) = Weigh(builder, seenKeys, queries, first);
            var part = builder.View(dy, dy.Shape with { Ne2 = count }, dy.Nb(1), dy.Nb(2), dy.Nb(3), first * dy.Nb(2));
            var gradients = builder.Contiguous(builder.Permute(part, 0, 2, 1, 3));
            var dp = builder.MulMatExact(Rows(builder, values, seen), gradients);
            var dz = _softMax.InputGradient(builder, weights, dp, _options.Scale);
            if (!tanh.IsNull)
                dz = builder.Mul(dz, builder.ScaleBias(builder.Record(Ggml.ggml_sqr(builder.Context, tanh)), -1, 1));
            Append(ref dq, builder.MulMatExact(Transposed(builder, seenKeys), dz));
            Sum(ref dk, _products.WeightGradient(builder, queries, dz, _k.Shape with { Ne1 = seen }), _k.Ne(1));
            Sum(ref dv, _products.WeightGradient(builder, gradients, weights, _v.Shape with { Ne1 = seen }), _v.Ne(1));
        }
        pass.Add(_q, dq);
        pass.Add(_k, dk);
        pass.Add(_v, dv);

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
        count == a.Ne(1) ? a : builder.Contiguous(builder.View(a, a.Shape with { Ne1 = count }, a.Nb(1), a.Nb(2), a.Nb(3), 0));

    private static TensorPtr Transposed(GraphBuilder builder, TensorPtr a) => builder.Contiguous(builder.Transpose(a));

    /// <summary>p [N, count, H, S] of some queries, and tanh(z / cap) where scores are capped.</summary>
    private (TensorPtr Weights, TensorPtr Tanh) Weigh(GraphBuilder builder, TensorPtr keys, TensorPtr queries, long first)
    {
        var scores = builder.MulMatExact(keys, queries);
        TensorPtr tanh = default;
        var scale = _options.Scale;
        if (_options.SoftCap != 0)
        {
            tanh = builder.Tanh(builder.Scale(scores, scale / _options.SoftCap));
            scores = builder.Scale(tanh, _options.SoftCap);
            scale = 1;
        }
        var mask = _mask;
        if (!mask.IsNull && (queries.Ne(1) < _q.Ne(1) || keys.Ne(1) < mask.Ne(0)))
            mask = builder.Contiguous(builder.View(
                mask, mask.Shape with { Ne0 = keys.Ne(1), Ne1 = queries.Ne(1) }, mask.Nb(1), mask.Nb(2), mask.Nb(3), first * mask.Nb(1)));
        var weights = builder.SoftMax(scores, mask, scale, _options.MaxBias);
        builder.AddSinks(weights, _sinks);
        return (weights, tanh);
    }

    private TensorPtr Queries(GraphBuilder builder, long first, long count) => builder.Contiguous(
        count == _q.Ne(1) ? _q : builder.View(_q, _q.Shape with { Ne1 = count }, _q.Nb(1), _q.Nb(2), _q.Nb(3), first * _q.Nb(1)));

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

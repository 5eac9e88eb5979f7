using LoraBridge.Finetuning;
using LoraBridge.Training.Graphs;
using LoraBridge.Training.Kernels.Cpu;

namespace LoraBridge.Training.Autodiff.Ops;

/// <summary>
/// A linear layer with an adapter: y = W x + s B h + z with h = A x̃, for W [K, M], x [K, T], A [K, R], B [R, M], and x̃ that is x, or x after dropout.
/// z is a sum so far: of a layer whose output was scaled before, or that has more adapters.
/// dW = x dyᵀ, dx = Wᵀ dy, dz = dy; dh = s Bᵀ dy, dB = s h dyᵀ, dA = x̃ dhᵀ, dx̃ = Aᵀ dh, where W, A and B are the matrices that x and h are multiplied
/// by. With experts, W [K, M, E] and ids [U, T], each row has the matrix of its expert; heads of a group share a matrix. B A, of the size of W, is never formed.
/// LoRA, <see href="https://arxiv.org/abs/2106.09685"/>.
/// </summary>
/// <remarks>It is also the rule of ggml's MUL_MAT and MUL_MAT_ID, whatever their first argument is: y = W x.</remarks>
/// <param name="product">What is computed, and in which numbers; null for an operation of ggml's.</param>
/// <param name="precision">In which numbers gradients are computed.</param>
internal sealed class Linear(LinearProduct? product, LinearPrecision precision) : IProductKernel, IGradientRule
{
    /// <summary>The rule of ggml's own products.</summary>
    public static readonly Linear OfGgml = new(null, LinearPrecision.Exact);

    private static readonly LowRankProjection Projection = new(LiesInRows: true);

    /// <summary>Whether W x can be computed here: W has contiguous rows of a type that can be read, x is contiguous.</summary>
    public static bool Takes(TensorPtr w, TensorPtr x) =>
        w.HasContiguousRows && GgmlTypeTraits.CanDequantize(w.Type) && x.IsFloat && x.IsContiguous && w.Ne(0) == x.Ne(0);

    /// <summary>Emits y = W x.</summary>
    public static TensorPtr Emit(GraphBuilder builder, LinearPrecision precision, TensorPtr w, TensorPtr x)
    {
        var left = new PackedRows(precision.Forward);
        return builder.Custom(new Linear(new LinearProduct { Left = left }, precision), x.Shape with { Ne0 = w.Ne(1) }, left.Share(builder, x), w, x);
    }

    /// <summary>Emits y[:, u, t] = W[:, :, ids[u, t]] x[:, u mod B, t] for x [K, B, T].</summary>
    public static TensorPtr Emit(GraphBuilder builder, LinearPrecision precision, TensorPtr w, TensorPtr x, TensorPtr ids)
    {
        var left = new PackedRows(precision.Forward, Experts: w.Ne(2));
        var shape = new Shape(w.Ne(1), ids.Ne(0), ids.Ne(1));
        return builder.Custom(new Linear(new LinearProduct { Left = left }, precision), shape, left.Share(builder, x, builder.Contiguous(ids)), w, x);
    }

    /// <summary>Emits h = A x̃ [R, T], for <see cref="Adapt"/>, which has the gradients.</summary>
    public static TensorPtr Project(GraphBuilder builder, TensorPtr a, TensorPtr input) =>
        builder.Custom(Projection, input.Shape with { Ne0 = a.Ne(1) }, a, builder.Contiguous(input));

    /// <summary>Whether a node was made by <see cref="Project"/>.</summary>
    public static bool IsProjection(GraphBuilder builder, TensorPtr node) => ReferenceEquals(builder.KernelOf(node), Projection);

    /// <summary>Emits y + s B h.</summary>
    /// <param name="builder">Where to emit.</param>
    /// <param name="y">The layer's output so far.</param>
    /// <param name="owns">Whether nothing else uses y: where it is W x, it is computed in one with the rest.</param>
    /// <param name="b">B.</param>
    /// <param name="h">Made by <see cref="Project"/>.</param>
    /// <param name="scale">s.</param>
    public static TensorPtr Adapt(GraphBuilder builder, TensorPtr y, bool owns, TensorPtr b, TensorPtr h, float scale)
    {
        var (a, input) = (h.Source(0), h.Source(1));
        if (owns && builder.KernelOf(y) is Linear { Product: { Left.Experts: 0, Scale: null, HasAddend: false } plain } linear)
            return builder.Custom(
                new Linear(plain with { Scale = scale }, linear.Precision), y.Shape, y.Source(0), plain.Weight(y), b, h, linear.Arguments(y).X, a, input);
        return builder.Custom(
            new Linear(new LinearProduct { Scale = scale, HasAddend = true }, LinearPrecision.Exact), y.Shape, b, h, builder.Contiguous(y), a, input);
    }

    /// <summary>What is computed; null for an operation of ggml's.</summary>
    public LinearProduct? Product => product;

    public LinearPrecision Precision => precision;

    public double Operations(TensorPtr result) => product!.Operations(result);

    public void Compute(TensorPtr result, WorkQueue work) => product!.Compute(result, work);

    public void Backward(BackwardPass pass, TensorPtr y, TensorPtr dy)
    {
        var (builder, arguments) = (pass.Builder, Arguments(y));
        if (!arguments.Ids.IsNull)
            arguments = arguments with { Ids = builder.Contiguous(arguments.Ids) };
        pass.Add(arguments.Addend, dy);
        if (pass.Needs(arguments.Weight))
            pass.Add(arguments.Weight, WeightGradient(builder, arguments, dy));
        if (arguments.Adapter is not { } adapter)
        {
            AddInputGradient(pass, arguments, dy, null, default);
            return;
        }

        var dh = builder.Custom(new LowRankProjection(LiesInRows: false, adapter.Scale), arguments.H.Shape, adapter.B, dy);
        AddFactorGradient(pass, new LowRankGradient(LiesInRows: false, adapter.Scale), adapter.B, arguments.H, dy);
        AddFactorGradient(pass, new LowRankGradient(LiesInRows: true), adapter.A, dh, adapter.Input);
        var isShared = adapter.Input == arguments.X;
        AddInputGradient(pass, arguments, dy, isShared ? adapter : null, dh);
        if (!isShared)
            pass.AddTo(adapter.Input, sum => Emit(builder, new LinearProduct { IsTransposed = true, Scale = 1 }, adapter.Input.Shape, sum, adapter.A, dh));
    }

    /// <summary>dx = Wᵀ dy, and Aᵀ dh where the adapter has the same x, added to what other branches gave.</summary>
    private void AddInputGradient(BackwardPass pass, LinearArguments arguments, TensorPtr dy, LinearAdapter? adapter, TensorPtr dh)
    {
        var (builder, w, x) = (pass.Builder, arguments.Weight, arguments.X);
        if (w.IsNull || !pass.Needs(x))
            return;
        w = w.HasContiguousRows ? w : builder.Contiguous(w);
        // A matrix that changes from step to step has no copy.
        var gradient = new LinearProduct { IsTransposed = true, Cache = pass.Needs(w) ? null : precision.Cache };
        if (!arguments.Ids.IsNull)
        {
            var byExpert = new PackedRows(precision.Backward, Experts: w.Ne(2));
            var perExpert = builder.Custom(gradient with { Left = byExpert }, dy.Shape with { Ne0 = w.Ne(0) }, byExpert.Share(builder, dy, arguments.Ids), w);
            pass.Add(x, builder.SumTo(perExpert, x.Shape));
            return;
        }
        var left = new PackedRows(precision.Backward, Matrices: w.Shape.Rows == w.Ne(1) ? 1 : dy.Ne(2) * dy.Ne(3));
        gradient = gradient with { Left = left };
        var packed = left.Share(builder, dy);
        pass.AddTo(x, sum => adapter is { } shared
            ? Emit(builder, gradient with { Scale = 1 }, x.Shape, sum, packed, w, shared.A, dh)
            : Emit(builder, gradient, x.Shape, sum, packed, w));
    }

    private static void AddFactorGradient(BackwardPass pass, LowRankGradient kernel, TensorPtr factor, TensorPtr h, TensorPtr x) =>
        pass.AddToSum(factor, sum => pass.Builder.CustomInPlace(kernel, sum, h, x));

    private static TensorPtr WeightGradient(GraphBuilder builder, LinearArguments arguments, TensorPtr dy)
    {
        var x = arguments.X.HasContiguousRows && arguments.Ids.IsNull ? arguments.X : builder.Contiguous(arguments.X);
        return builder.Custom(new LinearWeightGradient(), arguments.Weight.Shape, x, dy, arguments.Ids);
    }

    private static TensorPtr Emit(GraphBuilder builder, LinearProduct kernel, Shape shape, TensorPtr sum, params ReadOnlySpan<TensorPtr> sources) =>
        sum.IsNull ? builder.Custom(kernel, shape, sources) : builder.Custom(kernel with { HasAddend = true }, shape, [.. sources, sum]);

    private LinearArguments Arguments(TensorPtr y)
    {
        if (product is null)
            return new LinearArguments { Weight = y.Source(0), X = y.Source(1), Ids = y.Op == GgmlOp.MulMatId ? y.Source(2) : default };
        var next = product.SourceCount;
        var arguments = new LinearArguments
        {
            Weight = product.Weight(y),
            X = product.Left is null ? default : y.Source(next++),
            Ids = product.Left is { Experts: > 0 } ? y.Source(0).Source(1) : default,
            Addend = product.Addend(y),
        };
        return product.Scale is not { } scale ? arguments : arguments with
        {
            H = product.Projection(y),
            Adapter = new LinearAdapter(y.Source(next), product.Factor(y), y.Source(next + 1), scale),
        };
    }
}

/// <summary>In which numbers products with a matrix are computed.</summary>
/// <param name="Forward">W x.</param>
/// <param name="Backward">The gradient with respect to x.</param>
/// <param name="Cache">Where gradients find W packed in 8 bits; null packs it each time.</param>
internal sealed record LinearPrecision(ProductFormat Forward, ProductFormat Backward, PanelCache? Cache = null)
{
    /// <summary>F32.</summary>
    public static readonly LinearPrecision Exact = new(SingleFormat.Instance, SingleFormat.Instance);

    /// <summary>The numbers of a precision, where the processor is faster with them.</summary>
    /// <param name="precision">The precision.</param>
    /// <param name="cache">Where gradients of frozen weights find them packed in 8 bits; null packs them each time.</param>
    public static LinearPrecision Of(TrainingPrecision precision, PanelCache? cache = null) => precision switch
    {
        TrainingPrecision.Balanced when IntegerFormat.IsSupported => new(IntegerFormat.Bits12, IntegerFormat.Bits12),
        TrainingPrecision.Fast when IntegerFormat.IsSupported => new(IntegerFormat.Bits8, IntegerFormat.Bits12, cache),
        _ => Exact,
    };
}

/// <summary>The arguments of a <see cref="Linear"/>; what it lacks is null.</summary>
internal readonly record struct LinearArguments
{
    public TensorPtr Weight { get; init; }

    public TensorPtr X { get; init; }

    /// <summary>The experts of each token.</summary>
    public TensorPtr Ids { get; init; }

    /// <summary>z.</summary>
    public TensorPtr Addend { get; init; }

    /// <summary>A x̃.</summary>
    public TensorPtr H { get; init; }

    public LinearAdapter? Adapter { get; init; }
}

/// <summary>What an adapter adds to a layer: s B A x̃.</summary>
/// <param name="A">[K, R].</param>
/// <param name="B">[R, M].</param>
/// <param name="Input">x̃ [K, T], contiguous.</param>
/// <param name="Scale">s.</param>
internal readonly record struct LinearAdapter(TensorPtr A, TensorPtr B, TensorPtr Input, float Scale);

using LoraBridge.Formats;
using LoraBridge.Native;
using static LoraBridge.Native.Ggml;

namespace LoraBridge.Training.Graphs;

/// <summary>The ggml operations that lowering and gradients are made of.</summary>
internal sealed partial class GraphBuilder
{
    /// <summary>a + b; b is broadcast.</summary>
    public TensorPtr Add(TensorPtr a, TensorPtr b) => Broadcast(ggml_add, "ADD", a, b);

    /// <summary>a += b, in the memory of a.</summary>
    public TensorPtr AddInPlace(TensorPtr a, TensorPtr b)
    {
        Require(a.Shape == b.Shape, "ADD", a, b, "the shapes must be equal");
        return Record(ggml_add_inplace(Context, a, b));
    }

    /// <summary>a ∘ b; b is broadcast.</summary>
    public TensorPtr Mul(TensorPtr a, TensorPtr b) => Broadcast(ggml_mul, "MUL", a, b);

    /// <summary>a / b; b is broadcast.</summary>
    public TensorPtr Div(TensorPtr a, TensorPtr b) => Broadcast(ggml_div, "DIV", a, b);

    /// <summary>a - b; b is broadcast.</summary>
    public TensorPtr Sub(TensorPtr a, TensorPtr b) => Broadcast(ggml_sub, "SUB", a, b);

    private TensorPtr Broadcast(Func<GgmlContext, TensorPtr, TensorPtr, TensorPtr> operation, string name, TensorPtr a, TensorPtr b)
    {
        Require(b.Shape.BroadcastsTo(a.Shape), name, a, b, "the shape of b must divide that of a");
        return Record(operation(Context, a, b));
    }

    /// <summary>factor * a.</summary>
    public TensorPtr Scale(TensorPtr a, float factor) => Record(ggml_scale(Context, Contiguous(a), factor));

    /// <summary>factor * a + summand.</summary>
    public TensorPtr ScaleBias(TensorPtr a, float factor, float summand) => Record(ggml_scale_bias(Context, Contiguous(a), factor, summand));

    /// <summary>A function of single elements.</summary>
    public TensorPtr Unary(TensorPtr a, GgmlUnaryOp function) => Record(ggml_unary(Context, Contiguous(a), function));

    /// <summary>Elements limited to [low, high]. (The older build of llama.cpp does that in the memory of its argument, which is therefore copied.)</summary>
    public TensorPtr Clamp(TensorPtr a, float low, float high) => Record(ggml_clamp(Context, Record(ggml_dup(Context, a)), low, high));

    /// <summary>The sum of each row (dimension 0).</summary>
    public TensorPtr SumRows(TensorPtr a) => Record(ggml_sum_rows(Context, a));

    /// <summary>The mean of each row (dimension 0).</summary>
    public TensorPtr Mean(TensorPtr a) => Record(ggml_mean(Context, a));

    /// <summary>a followed by b along a dimension.</summary>
    public TensorPtr Concat(TensorPtr a, TensorPtr b, int dimension)
    {
        for (var i = 0; i < Shape.Dimensions; i++)
            Require(i == dimension || a.Ne(i) == b.Ne(i), "CONCAT", a, b, $"all dimensions but {dimension} must be equal");
        return Record(ggml_concat(Context, a, b, dimension));
    }

    /// <summary>y[m, n] = sum over k of a[k, m] b[k, n]; a is broadcast over dimensions 2 and 3.</summary>
    public TensorPtr MulMat(TensorPtr a, TensorPtr b)
    {
        Require(
            a.Ne(0) == b.Ne(0) && b.Ne(2) % a.Ne(2) == 0 && b.Ne(3) % a.Ne(3) == 0, "MUL_MAT", a, b,
            "first dimensions must be equal, the others of b multiples of those of a");
        Require(a.Nb(0) <= a.Nb(1), "MUL_MAT", a, "a must not be transposed");
        return Record(ggml_mul_mat(Context, a, b));
    }

    /// <summary>As <see cref="MulMat"/>, with sums in 32-bit floats on any device: half of these overflow, and lose what is small.</summary>
    public TensorPtr MulMatExact(TensorPtr a, TensorPtr b)
    {
        const int SumsInSingle = 10; // GGML_PREC_F32
        var product = MulMat(a, b);
        product.OpParams[0] = SumsInSingle;
        return product;
    }

    /// <summary>y[k, n] = sum over m of a[k, m] b[n, m]; a is broadcast over dimensions 2 and 3. On the CPU it is slow.</summary>
    public TensorPtr OutProd(TensorPtr a, TensorPtr b)
    {
        Require(
            a.Ne(1) == b.Ne(1) && b.IsFloat && b.Ne(2) % a.Ne(2) == 0 && b.Ne(3) % a.Ne(3) == 0, "OUT_PROD", a, b,
            "second dimensions must be equal, those behind of b multiples of those of a, and b F32");
        Require(a.Nb(0) <= a.Nb(1), "OUT_PROD", a, "a must not be transposed");
        return Record(ggml_out_prod(Context, a, b));
    }

    /// <summary>softmax(scale * a + slope * mask) over rows, slope from <paramref name="maxBias"/> (ALiBi); the mask may be null.</summary>
    public TensorPtr SoftMax(TensorPtr a, TensorPtr mask, float scale, float maxBias)
    {
        if (!mask.IsNull)
            Require(
                mask.Ne(0) == a.Ne(0) && mask.Ne(1) >= a.Ne(1) && a.Ne(2) % mask.Ne(2) == 0 && a.Ne(3) % mask.Ne(3) == 0, "SOFT_MAX",
                a, mask, "the mask must have a row of the same length for each row of a");
        return Record(ggml_soft_max_ext(Context, Contiguous(a), mask, scale, maxBias));
    }

    /// <summary>Adds a sink of one logit per head (dimension 2) to a softmax made by <see cref="SoftMax"/>.</summary>
    public void AddSinks(TensorPtr softMax, TensorPtr sinks)
    {
        if (sinks.IsNull)
            return;
        Require(sinks.Ne(0) == softMax.Ne(2) && sinks.IsFloat, "SOFT_MAX", softMax, sinks, "there must be one sink per head");
        ggml_soft_max_add_sinks(softMax, sinks);
    }

    public TensorPtr Tanh(TensorPtr a) => Record(ggml_tanh(Context, Contiguous(a)));

    /// <summary>A contiguous tensor with the elements of <paramref name="a"/>: itself, where it is.</summary>
    public TensorPtr Contiguous(TensorPtr a)
    {
        if (!a.IsContiguous)
            return Record(ggml_cont(Context, a));
        // Strides of dimensions of extent 1 may be anything, but some of ggml's asserts look at them.
        return a.HasCanonicalStrides ? a : Record(ggml_reshape_4d(Context, a, a.Ne(0), a.Ne(1), a.Ne(2), a.Ne(3)));
    }

    public TensorPtr Cast(TensorPtr a, GgmlType type) => a.Type == type ? a : Record(ggml_cast(Context, a, type));

    /// <summary>Writes <paramref name="a"/> into the memory of <paramref name="target"/>, in its type.</summary>
    public TensorPtr CopyInto(TensorPtr a, TensorPtr target)
    {
        Require(a.Shape == target.Shape, "CPY", a, target, "the shapes must be equal");
        return Record(ggml_cpy(Context, a, target));
    }

    public TensorPtr Reshape(TensorPtr a, Shape shape)
    {
        Require(a.Shape.Count == shape.Count, "RESHAPE", a, $"{shape} has another number of elements");
        if (a.Shape == shape)
            return a;
        return Record(ggml_reshape_4d(Context, Contiguous(a), shape.Ne0, shape.Ne1, shape.Ne2, shape.Ne3));
    }

    /// <summary>Dimension i of <paramref name="a"/> becomes dimension <c>axis_i</c>.</summary>
    public TensorPtr Permute(TensorPtr a, int axis0, int axis1, int axis2, int axis3)
    {
        Span<int> axes = [axis0, axis1, axis2, axis3];
        axes.Sort();
        if (!axes.SequenceEqual([0, 1, 2, 3]))
            throw new ArgumentException($"({axis0}, {axis1}, {axis2}, {axis3}) is no permutation of four dimensions.");
        return Record(ggml_permute(Context, a, axis0, axis1, axis2, axis3));
    }

    public TensorPtr Transpose(TensorPtr a) => Record(ggml_transpose(Context, a));

    /// <summary>Looks at <paramref name="shape"/> elements of <paramref name="a"/>; strides and offset in bytes.</summary>
    public TensorPtr View(TensorPtr a, Shape shape, long nb1, long nb2, long nb3, long offset)
    {
        var last = offset + (shape.Ne0 - 1) * a.Nb(0) + (shape.Ne1 - 1) * nb1 + (shape.Ne2 - 1) * nb2 + (shape.Ne3 - 1) * nb3;
        Require(offset >= 0 && last < a.ByteCount, "VIEW", a, $"{shape} with strides {nb1}, {nb2}, {nb3} from {offset} on reaches outside");
        return Record(ggml_view_4d(
            Context, a, shape.Ne0, shape.Ne1, shape.Ne2, shape.Ne3, (nuint)nb1, (nuint)nb2, (nuint)nb3, (nuint)offset));
    }

    /// <summary>Looks at <paramref name="shape"/> elements of <paramref name="a"/> with its strides; the offset in bytes.</summary>
    public TensorPtr View(TensorPtr a, Shape shape, long offset) => View(a, shape, a.Nb(1), a.Nb(2), a.Nb(3), offset);

    /// <summary>The elements, of 32 bits, of contiguous <paramref name="a"/> from <paramref name="start"/> on, as a tensor of <paramref name="shape"/>.</summary>
    public TensorPtr Part(TensorPtr a, Shape shape, long start)
    {
        Require(a.IsContiguous && a.Type is GgmlType.F32 or GgmlType.I32, "VIEW", a, "it must be contiguous, of numbers of 32 bits");
        var row = shape.Ne0 * sizeof(float);
        return View(a, shape, row, row * shape.Ne1, row * shape.Ne1 * shape.Ne2, start * sizeof(float));
    }

    /// <summary>The rows of <paramref name="a"/> that <paramref name="indices"/> name.</summary>
    public TensorPtr GetRows(TensorPtr a, TensorPtr indices)
    {
        Require(
            indices.Type == GgmlType.I32 && indices.Ne(3) == 1 && a.Ne(2) == indices.Ne(1) && a.Ne(3) == indices.Ne(2), "GET_ROWS", a,
            indices, "b must hold I32 row numbers for each matrix of a");
        return Record(ggml_get_rows(Context, a, indices));
    }

    /// <summary>Rows of <paramref name="a"/> added up in a matrix of the shape of <paramref name="target"/>, each where its index says.</summary>
    public TensorPtr GetRowsBack(TensorPtr a, TensorPtr indices, TensorPtr target)
    {
        Require(
            a.Shape.Rows == a.Ne(1) && target.Shape.Rows == target.Ne(1) && a.Ne(0) == target.Ne(0) && indices.Type == GgmlType.I32
            && indices.ElementCount == a.Ne(1) && indices.Ne(0) == a.Ne(1), "GET_ROWS_BACK", a, indices, "b must hold an I32 row number for each row of a matrix");
        return Record(ggml_get_rows_back(Context, a, indices, target));
    }

    /// <summary>A copy of <paramref name="a"/> in which the rows that <paramref name="indices"/> name are those of <paramref name="rows"/>.</summary>
    public TensorPtr SetRows(TensorPtr a, TensorPtr rows, TensorPtr indices)
    {
        Require(
            a.Ne(0) == rows.Ne(0) && a.Ne(2) == rows.Ne(2) && a.Ne(3) == rows.Ne(3) && rows.Ne(1) == indices.Ne(0), "SET_ROWS", a, rows,
            "their rows, and their matrices, must be as many and as long");
        var copy = Record(ggml_dup(Context, a));
        // ggml's result lies in the memory of the copy. Views of it would lead past the operation: they get a tensor of their own.
        return Record(ggml_dup(Context, Record(ggml_set_rows(Context, copy, rows, indices))));
    }

    /// <summary>A tensor of <paramref name="shape"/> filled with zeros.</summary>
    public TensorPtr Zeros(Shape shape) => Fill(GgmlType.F32, shape, 0);

    /// <summary>A tensor with the same number everywhere.</summary>
    public TensorPtr Fill(GgmlType type, Shape shape, float value)
    {
        var target = ggml_new_tensor_4d(Context, type, shape.Ne0, shape.Ne1, shape.Ne2, shape.Ne3);
        Count();
        return Record(ggml_fill(Context, target, value));
    }

    /// <summary>a, with b added to the part of it that starts at <paramref name="offset"/>; strides in bytes.</summary>
    public TensorPtr Accumulate(TensorPtr a, TensorPtr b, long nb1, long nb2, long nb3, long offset)
    {
        Require(a.IsContiguous && b.IsContiguous && a.IsFloat && b.IsFloat, "ACC", a, b, "both must be contiguous F32");
        return Record(ggml_acc(Context, a, b, (nuint)nb1, (nuint)nb2, (nuint)nb3, (nuint)offset));
    }

    /// <summary><paramref name="a"/> rotated, or rotated back, by the positions and parameters of <paramref name="rotation"/>.</summary>
    public TensorPtr Rotate(TensorPtr rotation, TensorPtr a, GgmlOp op)
    {
        Require(
            rotation.Op is GgmlOp.Rope or GgmlOp.RopeBack && op is GgmlOp.Rope or GgmlOp.RopeBack && rotation.Shape == a.Shape, "ROPE", rotation, a,
            "the first must be a rotation of the shape of the second");
        var rotated = ggml_dup_tensor(Context, a);
        rotated.SetOp(op);
        rotation.OpParams.CopyTo(rotated.OpParams);
        rotated.SetSource(0, a);
        for (var i = 1; i <= 2; i++)
            if (!rotation.Source(i).IsNull)
                rotated.SetSource(i, rotation.Source(i));
        return Record(rotated);
    }

    /// <summary>a repeated to a larger shape.</summary>
    public TensorPtr Repeat(TensorPtr a, Shape shape)
    {
        Require(a.Shape.BroadcastsTo(shape), "REPEAT", a, $"its shape must divide {shape}");
        return a.Shape == shape ? a : Record(ggml_repeat_4d(Context, a, shape.Ne0, shape.Ne1, shape.Ne2, shape.Ne3));
    }

    /// <summary>a summed over the repetitions of a smaller shape: what a broadcast argument gets of a gradient.</summary>
    public TensorPtr SumTo(TensorPtr a, Shape shape)
    {
        Require(shape.BroadcastsTo(a.Shape), "REPEAT_BACK", a, $"its shape must be a multiple of {shape}");
        if (a.Shape == shape)
            return a;
        var target = ggml_new_tensor_4d(Context, GgmlType.F32, shape.Ne0, shape.Ne1, shape.Ne2, shape.Ne3);
        Count();
        return Record(ggml_repeat_back(Context, a, target));
    }

    /// <summary>
    /// One step of AdamW, in the memory of w, m and v: with factors [α, β₁, β₂, ε, λ, 1 / (1 - β₁ᵗ), 1 / (1 - β₂ᵗ)], m = β₁ m + (1 - β₁) g,
    /// v = β₂ v + (1 - β₂) g², w = (1 - α λ) w - α m̂ / (√v̂ + ε).
    /// </summary>
    public TensorPtr AdamW(TensorPtr w, TensorPtr g, TensorPtr m, TensorPtr v, TensorPtr factors)
    {
        const int Factors = 7;
        foreach (var other in (ReadOnlySpan<TensorPtr>)[w, g, m, v])
            Require(w.Shape == other.Shape && other.IsFloat && other.IsContiguous, "OPT_STEP_ADAMW", w, other, "both must be contiguous F32 of one shape");
        Require(factors.IsFloat && factors.IsContiguous && factors.Shape == new Shape(Factors), "OPT_STEP_ADAMW", factors, $"there must be {Factors} factors");
        // ggml steps what is marked as a parameter. The mark is on a view, for graphs place marked leaves otherwise than others.
        var parameter = Part(w, w.Shape, 0);
        parameter.SetFlags(parameter.Flags | GgmlTensorFlags.Param);
        return Record(ggml_opt_step_adamw(Context, parameter, g, m, v, factors));
    }
}

using LoraBridge.Native;
using LoraBridge.Training.Graphs;
using LoraBridge.Training.Kernels.Cpu;

namespace LoraBridge.Training.Autodiff.Ops;

/// <summary>How gradients pass back through operations that only place elements.</summary>
internal static class Layout
{
    /// <summary>
    /// y looks at part of x's memory (VIEW, RESHAPE, PERMUTE, TRANSPOSE): dx is 0 but for that part, which is dy.
    /// </summary>
    /// <remarks>
    /// Strides and offset of a view refer to the tensor that owns the memory, so dy goes straight there, past the views in between.
    /// Its dimensions are brought into the order of the strides first, for ggml writes along rows only. What skips elements of a row is
    /// written element by element.
    /// </remarks>
    public static void View(BackwardPass pass, TensorPtr y, TensorPtr dy)
    {
        var root = Owner(pass, y);
        if (!pass.Needs(root))
            return;
        if (!root.IsContiguous)
            throw new NotSupportedException($"{y.Name} looks at {root.Name}, which has gaps between its elements.");

        var offset = (long)(y.ViewOffset - (root.IsView ? root.ViewOffset : 0));
        var builder = pass.Builder;
        var (sorted, strides) = InMemoryOrder(builder, y, dy);
        if (sorted.Shape.Count == root.Shape.Count && Covers(sorted.Shape, strides))
            pass.Add(root, builder.Reshape(sorted, root.Shape));
        else if (strides[0] == sizeof(float))
            pass.Add(root, builder.Accumulate(builder.Zeros(root.Shape), sorted, strides[1], strides[2], strides[3], offset));
        else
            pass.Add(root, builder.Custom(new ViewGradient(offset / sizeof(float), ElementStrides(y)), root.Shape, dy));
    }

    /// <summary>
    /// Where the gradient goes: to the tensor that owns the memory, unless one of the views in between is where this stretch of the graph begins.
    /// </summary>
    private static TensorPtr Owner(BackwardPass pass, TensorPtr y)
    {
        for (var source = y.Source(0); !source.IsNull && source.IsView; source = source.Source(0))
            if (pass.IsVariable(source))
                return source;
        return y.Root;
    }

    /// <summary>dy with its dimensions by ascending stride, contiguous, and those strides in bytes.</summary>
    private static (TensorPtr Gradient, long[] Strides) InMemoryOrder(GraphBuilder builder, TensorPtr y, TensorPtr dy)
    {
        // Dimensions of extent 1 have no stride to speak of: they go last, in their order.
        int[] order = [.. Enumerable.Range(0, Shape.Dimensions).OrderBy(i => y.Ne(i) == 1 ? long.MaxValue : y.Nb(i))];
        var axes = new int[Shape.Dimensions];
        for (var i = 0; i < axes.Length; i++)
            axes[order[i]] = i;

        var sorted = order.SequenceEqual([0, 1, 2, 3]) ? dy : builder.Contiguous(builder.Permute(dy, axes[0], axes[1], axes[2], axes[3]));
        var strides = new long[Shape.Dimensions];
        var following = (long)sizeof(float);
        for (var i = 0; i < strides.Length; i++)
        {
            strides[i] = y.Ne(order[i]) == 1 ? following : y.Nb(order[i]);
            following = strides[i] * y.Ne(order[i]);
        }
        return (sorted, strides);
    }

    private static long[] ElementStrides(TensorPtr y) => [.. Enumerable.Range(0, Shape.Dimensions).Select(i => y.Nb(i) / sizeof(float))];

    private static bool Covers(Shape shape, long[] strides)
    {
        var expected = (long)sizeof(float);
        for (var i = 0; i < Shape.Dimensions; i++)
        {
            if (strides[i] != expected)
                return false;
            expected *= shape[i];
        }
        return true;
    }

    /// <summary>y = a followed by b along one dimension: da and db are the two parts of dy.</summary>
    public static void Concat(BackwardPass pass, TensorPtr y, TensorPtr dy)
    {
        var dimension = y.OpParams[0];
        var (a, b) = (y.Source(0), y.Source(1));
        Add(a, 0);
        Add(b, a.Ne(dimension) * dy.Nb(dimension));

        void Add(TensorPtr part, long offset)
        {
            if (pass.Needs(part))
                pass.Add(part, pass.Builder.Contiguous(pass.Builder.View(dy, part.Shape, offset)));
        }
    }

    /// <summary>y = x with zeros before and after it along each dimension: dx is the part of dy where x stands.</summary>
    public static void Pad(BackwardPass pass, TensorPtr y, TensorPtr dy)
    {
        var x = y.Source(0);
        if (y.OpParams[8] != 0)
            throw new NotSupportedException($"{y.Name} is padded in a circle, which has no gradient rule.");
        long offset = 0;
        for (var i = 0; i < Shape.Dimensions; i++)
            offset += y.OpParams[2 * i] * dy.Nb(i);
        pass.Add(x, pass.Builder.Contiguous(pass.Builder.View(dy, x.Shape, offset)));
    }

    /// <summary>y = a, with b added to the part of it that starts at an offset, with strides of its own: da = dy, db is that part of dy.</summary>
    public static void Acc(BackwardPass pass, TensorPtr y, TensorPtr dy)
    {
        var (a, b, builder) = (y.Source(0), y.Source(1), pass.Builder);
        pass.Add(a, dy);
        if (!pass.Needs(b))
            return;
        var part = builder.View(dy, b.Shape, y.OpParams[0], y.OpParams[1], y.OpParams[2], y.OpParams[3]);
        pass.Add(b, builder.Contiguous(part));
    }
}

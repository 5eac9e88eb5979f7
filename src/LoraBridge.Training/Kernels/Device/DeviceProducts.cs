using LoraBridge.Formats;
using LoraBridge.Native;
using LoraBridge.Training.Autodiff;
using LoraBridge.Training.Graphs;

namespace LoraBridge.Training.Kernels.Device;

/// <summary>
/// Gradients of products on a device: for y = W x, with W [K, M], x [K, N], dx = Wᵀ dy and dW = x dyᵀ. Both sum over rows, as OUT_PROD does; where that is
/// slow they are MUL_MAT of transposed copies. A quantised W becomes F32 by GET_ROWS of all its rows, which every backend has for every type. Sums are in
/// 32-bit floats.
/// </summary>
/// <param name="indices">I32, on the device: 0, 1, 2, ... as many as the largest weight has rows.</param>
/// <param name="transposedType">The type of transposed weights: F32, or BF16 for half the memory and faster products.</param>
/// <param name="kept">Weights that are kept in BF16; null for none.</param>
/// <param name="multipliesOuter">Whether OUT_PROD is as fast as MUL_MAT.</param>
/// <param name="mostElements">See <see cref="MostElements"/>.</param>
internal sealed class DeviceProducts(
    TensorPtr indices, GgmlType transposedType, KeptWeights? kept = null, bool multipliesOuter = false, long mostElements = DeviceProducts.MostElements)
{
    /// <summary>Elements of a weight that are in memory as F32 at a time, where it can be taken in parts: 512 MiB, and as much again transposed.</summary>
    private const long MostElements = 1 << 27;

    /// <summary>Integers that a 32-bit float holds exactly.</summary>
    private const long MostExact = 1 << 24;

    /// <summary>Whether heads share matrices along one dimension only.</summary>
    public static bool TakesMulMat(TensorPtr y) => y.Source(0).Ne(3) == y.Source(1).Ne(3);

    /// <summary>Whether rows of experts can be counted on the device.</summary>
    public static bool TakesMulMatId(TensorPtr y) => y.Source(0).Ne(2) * y.Source(2).ElementCount < MostExact && y.Source(0).Ne(3) == 1;

    public void MulMat(BackwardPass pass, TensorPtr y, TensorPtr dy)
    {
        var (w, x, builder) = (y.Source(0), y.Source(1), pass.Builder);
        if (pass.Needs(x))
            pass.Add(x, InputGradient(builder, w, dy));
        if (pass.Needs(w))
            pass.Add(w, WeightGradient(builder, x, dy, w.Shape));
    }

    /// <summary>
    /// W [K, M, E], x [K, U or 1, T], ids [U, T], y [M, U, T]: y[:, u, t] = W[ids[u, t]] x[:, u, t].
    /// </summary>
    public void MulMatId(BackwardPass pass, TensorPtr y, TensorPtr dy)
    {
        var (w, x, ids, builder) = (y.Source(0), y.Source(1), y.Source(2), pass.Builder);
        ids = builder.Contiguous(ids);
        if (pass.Needs(x))
        {
            var transposed = kept?.TransposedOf(w) is { IsNull: false } copy ? copy : Transposed(builder, w, 0, w.Ne(1));
            pass.Add(x, builder.SumTo(builder.Record(Ggml.ggml_mul_mat_id(builder.Context, transposed, dy, ids)), x.Shape));
        }
        if (pass.Needs(w))
            pass.Add(w, ExpertGradient(builder, w.Shape, x, ids, dy));
    }

    /// <summary>Whether W is a quantised matrix that is no larger than what is made F32 at a time.</summary>
    public static bool IsMadeAtOnce(TensorPtr w) => w.Type.IsQuantized() && w.ElementCount <= MostElements && w.Shape.Rows == w.Ne(1);

    /// <summary>y = W x with a quantised W as BF16, whose gradient is that of W as it is stored.</summary>
    public TensorPtr ProductAsBF16(GraphBuilder builder, TensorPtr w, TensorPtr x)
    {
        var rounded = kept?.PlainOf(w) is { IsNull: false } copy ? copy : builder.Cast(Single(builder, w), GgmlType.BF16);
        var y = builder.MulMatExact(rounded, x);
        builder.SetRule(y, (pass, _, dy) =>
        {
            if (pass.Needs(x))
                pass.Add(x, InputGradient(pass.Builder, w, dy));
        });
        return y;
    }

    /// <summary>W as F32.</summary>
    public TensorPtr Single(GraphBuilder builder, TensorPtr w) => Single(builder, w, 0, w.Ne(1));

    /// <summary>x dyᵀ [K, M, G], for x [K, N, H], dy [M, N, H], summed over the heads of each of G groups.</summary>
    public TensorPtr WeightGradient(GraphBuilder builder, TensorPtr x, TensorPtr dy, Shape shape)
    {
        // Heads of a group lie behind each other: as rows of one matrix, the sum over them is the product's own.
        var rows = x.Ne(1) * (x.Ne(2) / shape.Ne2);
        var left = builder.Reshape(builder.Contiguous(x), new Shape(x.Ne(0), rows, shape.Ne2, shape.Ne3));
        var right = builder.Reshape(dy, new Shape(dy.Ne(0), rows, shape.Ne2, shape.Ne3));
        return multipliesOuter
            ? builder.OutProd(left, right)
            : builder.MulMatExact(builder.Contiguous(builder.Transpose(left)), builder.Contiguous(builder.Transpose(right)));
    }

    /// <summary>Wᵀ dy, for the rows of a large W one part after the other.</summary>
    private TensorPtr InputGradient(GraphBuilder builder, TensorPtr w, TensorPtr dy)
    {
        if (kept?.TransposedOf(w) is { IsNull: false } copy)
            return builder.MulMatExact(copy, dy);
        var rows = RowsAtATime(w, mostElements);
        TensorPtr sum = default;
        for (var first = 0L; first < w.Ne(1); first += rows)
        {
            var count = Math.Min(rows, w.Ne(1) - first);
            var part = count == w.Ne(1) ? dy : builder.View(dy, dy.Shape with { Ne0 = count }, first * sizeof(float));
            // One row is no transposed one: the strides of both are the same.
            var product = multipliesOuter && count > 1
                ? builder.OutProd(Single(builder, w, first, count), builder.Transpose(part))
                : builder.MulMatExact(Transposed(builder, w, first, count), builder.Contiguous(part));
            sum = sum.IsNull ? product : builder.Add(sum, product);
        }
        return sum;
    }

    /// <summary>
    /// dW[:, :, e] = Σ x[:, s] dy[:, s]ᵀ over the s = (u, t) with ids[u, t] = e. The shorter of the two is put into a matrix with E rows for each s, in row
    /// ids[s], and zeros in the others: then it is one product.
    /// </summary>
    private TensorPtr ExpertGradient(GraphBuilder builder, Shape shape, TensorPtr x, TensorPtr ids, TensorPtr dy)
    {
        var (experts, slots) = (shape.Ne2, ids.ElementCount);
        var all = builder.Reshape(builder.Repeat(builder.Contiguous(x), new Shape(x.Ne(0), ids.Ne(0), ids.Ne(1))), new Shape(x.Ne(0), slots));
        var gradients = builder.Reshape(dy, new Shape(dy.Ne(0), slots));
        var numbers = builder.Cast(builder.View(indices, new Shape(slots), indices.Nb(1), indices.Nb(1), indices.Nb(1), 0), GgmlType.F32);
        var places = builder.Add(builder.Scale(numbers, experts), builder.Cast(builder.Reshape(ids, new Shape(slots)), GgmlType.F32));
        var rows = builder.Cast(places, GgmlType.I32);
        var (sparse, dense) = shape.Ne0 <= shape.Ne1 ? (all, gradients) : (gradients, all);
        var spread = builder.Record(Ggml.ggml_set_rows(builder.Context, builder.Zeros(new Shape(sparse.Ne(0), experts * slots)), sparse, rows));
        var wide = builder.Contiguous(builder.Transpose(builder.Reshape(spread, new Shape(sparse.Ne(0) * experts, slots))));
        var narrow = builder.Contiguous(builder.Transpose(dense));
        if (shape.Ne0 > shape.Ne1)
            return builder.Reshape(builder.MulMatExact(narrow, wide), shape);
        var byExpert = builder.Reshape(builder.MulMatExact(wide, narrow), new Shape(shape.Ne0, experts, shape.Ne1));
        return builder.Contiguous(builder.Permute(byExpert, 0, 2, 1, 3));
    }

    /// <summary>How many rows of W are taken at a time so as to have no more elements than so many; of several matrices all, as their rows are numbered through.</summary>
    public static long RowsAtATime(TensorPtr w, long mostElements) =>
        w.Shape.Rows > w.Ne(1) ? w.Ne(1) : Math.Clamp(mostElements / w.Ne(0), 1, w.Ne(1));

    /// <summary>Rows [first, first + count) of W, transposed: [count, K, ...].</summary>
    private TensorPtr Transposed(GraphBuilder builder, TensorPtr w, long first, long count)
    {
        var transposed = builder.Transpose(Single(builder, w, first, count));
        // What is no weight is computed anew for each row: it stays as exact as it is.
        return w.Op == GgmlOp.None && transposedType != GgmlType.F32 ? builder.Cast(transposed, transposedType) : builder.Contiguous(transposed);
    }

    /// <summary>Rows [first, first + count) of W as F32.</summary>
    public TensorPtr Single(GraphBuilder builder, TensorPtr w, long first, long count)
    {
        if (w.Type.IsQuantized())
        {
            var matrices = w.Ne(2) * w.Ne(3);
            var whole = builder.Reshape(w, new Shape(w.Ne(0), w.Shape.Rows));
            var chosen = builder.View(indices, new Shape(count * matrices), indices.Nb(1), indices.Nb(1), indices.Nb(1), first * sizeof(int));
            return builder.Reshape(builder.GetRows(whole, chosen), w.Shape with { Ne1 = count });
        }
        var part = count == w.Ne(1) ? w : builder.View(w, w.Shape with { Ne1 = count }, first * w.Nb(1));
        return builder.Cast(part, GgmlType.F32);
    }
}

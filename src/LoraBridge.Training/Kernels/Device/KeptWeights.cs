using LoraBridge.Formats;
using LoraBridge.Native;
using LoraBridge.Training.Graphs;

namespace LoraBridge.Training.Kernels.Device;

/// <summary>
/// Copies of weights W [K, M, ...] on a device in BF16, as they are or transposed, [M, K, ...]: what <see cref="DeviceProducts"/> would make of them anew
/// for each row. Two bytes an element.
/// </summary>
internal sealed class KeptWeights : IDisposable
{
    /// <summary>Elements that are copied at a time: in between they are F32.</summary>
    private const long MostElements = 1 << 26;

    private readonly DeviceEngine _engine;
    private readonly GraphBuilder _leaves;
    private readonly BufferHandle _memory;
    private readonly Dictionary<TensorPtr, (TensorPtr Copy, bool IsTransposed)> _copies = [];
    private readonly long _mostElements;
    private bool _isFilled;

    /// <param name="engine">The device.</param>
    /// <param name="weights">What to copy.</param>
    /// <param name="isTransposed">Which of them to transpose.</param>
    /// <param name="mostElements">See <see cref="MostElements"/>.</param>
    /// <exception cref="NativeException">There is not enough memory.</exception>
    public KeptWeights(DeviceEngine engine, IReadOnlyList<TensorPtr> weights, Func<TensorPtr, bool> isTransposed, long mostElements = MostElements)
    {
        (_engine, _mostElements) = (engine, mostElements);
        _leaves = new GraphBuilder(weights.Count);
        foreach (var weight in weights)
        {
            var (shape, transposes) = (weight.Shape, isTransposed(weight));
            var extents = transposes ? shape with { Ne0 = shape.Ne1, Ne1 = shape.Ne0 } : shape;
            _copies.Add(weight, (_leaves.Leaf(GgmlType.BF16, extents, $"{weight.Name}.{(transposes ? "transposed" : "copy")}"), transposes));
        }
        try
        {
            _memory = engine.AllocateOnDevice(_leaves);
        }
        catch
        {
            _leaves.Dispose();
            throw;
        }
    }

    public long Bytes => (long)Ggml.ggml_backend_buffer_get_size(_memory.Pointer);

    /// <summary>The copy of a weight as it is; null where there is none.</summary>
    public TensorPtr PlainOf(TensorPtr weight) => _copies.GetValueOrDefault(weight) is { IsTransposed: false } plain ? plain.Copy : default;

    /// <summary>The transposed copy of a weight; null where there is none.</summary>
    public TensorPtr TransposedOf(TensorPtr weight) => _copies.GetValueOrDefault(weight) is { IsTransposed: true } transposed ? transposed.Copy : default;

    /// <summary>Makes the copies, once.</summary>
    /// <param name="products">Makes weights F32.</param>
    public void Fill(DeviceProducts products)
    {
        if (_isFilled)
            return;
        foreach (var (weight, (copy, isTransposed)) in _copies)
            Fill(products, weight, copy, isTransposed);
        _isFilled = true;
    }

    public void Dispose()
    {
        _memory.Dispose();
        _leaves.Dispose();
    }

    private void Fill(DeviceProducts products, TensorPtr weight, TensorPtr copy, bool isTransposed)
    {
        var rows = DeviceProducts.RowsAtATime(weight, _mostElements);
        for (var first = 0L; first < weight.Ne(1); first += rows)
        {
            const int Tensors = 16;
            using var builder = new GraphBuilder(Tensors);
            var graph = new ComputeGraph(builder, _engine);
            var count = Math.Min(rows, weight.Ne(1) - first);
            var single = products.Single(builder, weight, first, count);
            var part = isTransposed ? copy.Shape with { Ne0 = count } : copy.Shape with { Ne1 = count };
            graph.Schedule(builder.CopyInto(
                isTransposed ? builder.Transpose(single) : single,
                builder.View(copy, part, first * copy.Nb(isTransposed ? 0 : 1))));
            graph.Compute();
        }
    }
}

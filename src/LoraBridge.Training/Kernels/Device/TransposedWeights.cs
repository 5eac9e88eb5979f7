using LoraBridge.Formats;
using LoraBridge.Native;
using LoraBridge.Training.Graphs;

namespace LoraBridge.Training.Kernels.Device;

/// <summary>
/// Copies of weights W [K, M, ...] on a device, transposed and in BF16, [M, K, ...]: what <see cref="DeviceProducts"/> would make of them anew for each
/// gradient of a row. Two bytes an element.
/// </summary>
internal sealed class TransposedWeights : IDisposable
{
    /// <summary>Elements that are transposed at a time: in between they are F32.</summary>
    private const long MostElements = 1 << 26;

    private readonly DeviceEngine _engine;
    private readonly GraphBuilder _leaves;
    private readonly BufferHandle _memory;
    private readonly Dictionary<TensorPtr, TensorPtr> _copies = [];
    private readonly long _mostElements;
    private bool _isFilled;

    /// <param name="engine">The device.</param>
    /// <param name="weights">What to copy.</param>
    /// <param name="mostElements">See <see cref="MostElements"/>.</param>
    /// <exception cref="NativeException">There is not enough memory.</exception>
    public TransposedWeights(DeviceEngine engine, IReadOnlyList<TensorPtr> weights, long mostElements = MostElements)
    {
        (_engine, _mostElements) = (engine, mostElements);
        _leaves = new GraphBuilder(weights.Count);
        foreach (var weight in weights)
        {
            var shape = weight.Shape;
            _copies.Add(weight, _leaves.Leaf(GgmlType.BF16, shape with { Ne0 = shape.Ne1, Ne1 = shape.Ne0 }, $"{weight.Name}.transposed"));
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

    /// <summary>The copy of a weight; null where there is none.</summary>
    public TensorPtr Of(TensorPtr weight) => _copies.GetValueOrDefault(weight);

    /// <summary>Makes the copies, once.</summary>
    /// <param name="products">Makes weights F32.</param>
    public void Fill(DeviceProducts products)
    {
        if (_isFilled)
            return;
        foreach (var (weight, copy) in _copies)
            Fill(products, weight, copy);
        _isFilled = true;
    }

    public void Dispose()
    {
        _memory.Dispose();
        _leaves.Dispose();
    }

    private void Fill(DeviceProducts products, TensorPtr weight, TensorPtr copy)
    {
        var rows = DeviceProducts.RowsAtATime(weight, _mostElements);
        for (var first = 0L; first < weight.Ne(1); first += rows)
        {
            const int Tensors = 16;
            using var builder = new GraphBuilder(Tensors);
            var graph = new ComputeGraph(builder, _engine);
            var count = Math.Min(rows, weight.Ne(1) - first);
            var part = builder.View(copy, copy.Shape with { Ne0 = count }, copy.Nb(1), copy.Nb(2), copy.Nb(3), first * copy.Nb(0));
            graph.Schedule(builder.CopyInto(builder.Transpose(products.Single(builder, weight, first, count)), part));
            graph.Compute();
        }
    }
}

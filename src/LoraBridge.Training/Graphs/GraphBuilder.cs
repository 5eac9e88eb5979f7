using System.Globalization;
using LoraBridge.Formats;
using LoraBridge.Native;
using LoraBridge.Training.Autodiff;
using static LoraBridge.Native.Ggml;

namespace LoraBridge.Training.Graphs;

/// <summary>
/// Makes the tensors of a graph. Checks shapes and types in C# before ggml does with an assert that would end the process, and
/// keeps the order in which operations were made: the tape that a backward pass walks in reverse.
/// </summary>
internal sealed partial class GraphBuilder : IDisposable
{
    private readonly GgmlContextHandle _context;
    private readonly List<CustomOperation> _operations = [];
    private readonly List<WorkQueue> _work = [];
    private readonly Dictionary<TensorPtr, ITensorKernel> _kernels = [];
    private readonly Dictionary<TensorPtr, GradientRule> _rules = [];
    private readonly Dictionary<(ITensorKernel Kernel, TensorPtr First, TensorPtr Second), TensorPtr> _shared = [];
    private readonly List<TensorPtr> _tape = [];

    /// <summary>An operation makes a few tensors at most before it is recorded.</summary>
    private const int Reserve = 16;

    /// <summary>A kernel counts elements in 32 bits.</summary>
    private const long MostElements = int.MaxValue;

    private int _tensors;

    /// <param name="capacity">How many tensors can be made; one more than that is a <see cref="GraphCapacityException"/>.</param>
    public GraphBuilder(int capacity)
    {
        Capacity = capacity;
        _context = GgmlContexts.ForDescriptions(capacity + Reserve, graphs: 1, graphSize: capacity + Reserve);
    }

    public int Capacity { get; }

    /// <summary>Operations in the order they were made.</summary>
    public IReadOnlyList<TensorPtr> Tape => _tape;

    public GgmlContext Context => _context.Pointer;

    /// <summary>Owner of the tensors made here.</summary>
    public GgmlContextHandle Handle => _context;

    /// <summary>Gives all operations their work anew, before a computation.</summary>
    /// <param name="memory">Memory that they use one after the other.</param>
    public void Start(ScratchMemory memory)
    {
        foreach (var work in _work)
            work.Start(memory);
    }

    /// <summary>Rethrows what a managed kernel threw during the last computation.</summary>
    public void ThrowIfKernelFaulted()
    {
        foreach (var operation in _operations)
            operation.ThrowIfFaulted();
    }

    /// <summary>A node computed by <paramref name="kernel"/>. Sources are made contiguous if <paramref name="kernel"/> cannot take strides.</summary>
    public TensorPtr Custom(ITensorKernel kernel, Shape shape, params ReadOnlySpan<TensorPtr> sources)
    {
        RequireCountable(shape, kernel);
        foreach (var source in sources)
            if (!source.IsNull)
                RequireCountable(source.Shape, kernel);
        var work = new WorkQueue(kernel);
        var operation = new CustomOperation(work.Run);
        _work.Add(work);
        _operations.Add(operation);
        var node = operation.CreateNode(Context, GgmlType.F32, [shape.Ne0, shape.Ne1, shape.Ne2, shape.Ne3], sources);
        _kernels.Add(node, kernel);
        return Record(node);
    }

    /// <summary>As <see cref="Custom"/>, in the memory of a contiguous source: nothing may read that afterwards.</summary>
    public TensorPtr CustomInPlace(ITensorKernel kernel, TensorPtr target, params ReadOnlySpan<TensorPtr> others)
    {
        Require(target.IsFloat && target.IsContiguous, "CUSTOM", target, "it must be contiguous F32");
        var node = Custom(kernel, target.Shape, [target, .. others]);
        node.SetViewSource(target.Root, (long)target.ViewOffset);
        return node;
    }

    /// <summary>As <see cref="Custom"/>, but made once in a stretch of the graph, for all who ask for it.</summary>
    public TensorPtr SharedCustom(ITensorKernel kernel, Shape shape, TensorPtr source, TensorPtr second = default)
    {
        if (!_shared.TryGetValue((kernel, source, second), out var node))
            _shared[(kernel, source, second)] = node = Custom(kernel, shape, source, second);
        return node;
    }

    /// <summary>Starts a stretch whose nodes use none that were made before to be shared: those need not be kept until then.</summary>
    public void StartStretch() => _shared.Clear();

    /// <summary>What computes a node made by <see cref="Custom"/>; null for ggml's own operations.</summary>
    public ITensorKernel? KernelOf(TensorPtr node) => _kernels.GetValueOrDefault(node);

    /// <summary>
    /// Gives <paramref name="node"/>, the last of the operations that compute something together, a rule for all of them: they get no gradients of
    /// their own.
    /// </summary>
    public void SetRule(TensorPtr node, GradientRule rule) => _rules.Add(node, rule);

    /// <summary>The rule of a node's own, if it has one; null for those that follow from its operation.</summary>
    public GradientRule? RuleOf(TensorPtr node) => _rules.GetValueOrDefault(node) ?? (KernelOf(node) is IGradientRule kernel ? kernel.Backward : null);

    /// <summary>A leaf: an input or a parameter, allocated by the caller.</summary>
    public TensorPtr Leaf(GgmlType type, Shape shape, string name)
    {
        var tensor = ggml_new_tensor_4d(Context, type, shape.Ne0, shape.Ne1, shape.Ne2, shape.Ne3);
        tensor.SetName(name);
        Count();
        return tensor;
    }

    /// <summary>A copy of a recorded node, with its parameters, shape and strides, on other sources.</summary>
    public TensorPtr Copy(TracedTensor node, ReadOnlySpan<TensorPtr> sources, TensorPtr viewSource)
    {
        var shape = node.Shape;
        var tensor = ggml_new_tensor_4d(Context, node.Type, shape.Ne0, shape.Ne1, shape.Ne2, shape.Ne3);
        tensor.SetOp(node.Op);
        tensor.SetName(node.Name);
        node.OpParams.CopyTo(tensor.OpParams);
        for (var i = 0; i < sources.Length; i++)
            if (!sources[i].IsNull)
                tensor.SetSource(i, sources[i]);
        // Where a copy goes was recorded as no argument of it; ggml's devices look at it, and at the tensor itself where that is the target.
        if (node.Op == GgmlOp.Cpy)
            tensor.SetSource(1, tensor);

        if (!viewSource.IsNull)
        {
            for (var i = 0; i < Shape.Dimensions; i++)
                tensor.SetNb(i, node.Strides[i]);
            // ggml keeps a view's source flat: the tensor that owns the memory, and the whole offset into it.
            tensor.SetViewSource(viewSource.Root, node.ViewOffset + (long)viewSource.ViewOffset);
        }
        return Record(tensor);
    }

    public void Dispose()
    {
        _context.Dispose();
        foreach (var operation in _operations)
            operation.Dispose();
    }

    /// <summary>Appends an operation, made in <see cref="Context"/>, to the tape.</summary>
    public TensorPtr Record(TensorPtr tensor)
    {
        _tape.Add(tensor);
        Count();
        return tensor;
    }

    /// <summary>Counts what is made: ggml's own answer to one tensor too many is to end the process.</summary>
    private void Count()
    {
        if (++_tensors > Capacity)
            throw new GraphCapacityException(Capacity);
    }

    private static void RequireCountable(Shape shape, ITensorKernel kernel)
    {
        if (shape.Count > MostElements)
            throw new NotSupportedException(string.Create(
                CultureInfo.InvariantCulture,
                $"A tensor {shape} of {kernel.Name} would have {shape.Count:N0} elements, expected at most {MostElements:N0}. Shorter rows make it smaller."));
    }

    private static void Require(bool condition, string operation, TensorPtr a, string rule)
    {
        if (!condition)
            throw new ArgumentException($"{operation}: a is {a.Shape} {a.Type} ({a.Name}): {rule}.");
    }

    private static void Require(bool condition, string operation, TensorPtr a, TensorPtr b, string rule)
    {
        if (!condition)
            throw new ArgumentException($"{operation}: a is {a.Shape} {a.Type} ({a.Name}), b is {b.Shape} {b.Type} ({b.Name}): {rule}.");
    }
}

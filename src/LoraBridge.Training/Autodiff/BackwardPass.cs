using LoraBridge.Training.Graphs;

namespace LoraBridge.Training.Autodiff;

/// <summary>
/// Reverse-mode differentiation of a stretch of a <see cref="GraphBuilder"/>'s tape. It emits the backward operations as nodes of
/// the same graph.
/// </summary>
/// <remarks>
/// Every gradient is a contiguous F32 tensor of the shape of what it is the gradient of, whatever the strides of that are. That
/// one rule keeps the rules of the operations short, and avoids ggml's own autodiff, which asserts on strided gradients.
/// </remarks>
/// <param name="builder">Where to emit.</param>
/// <param name="schedule">Told of what is to be computed, in that order.</param>
/// <param name="rules">The rules of ggml's operations; null takes those that compute on the CPU.</param>
internal sealed class BackwardPass(GraphBuilder builder, Action<TensorPtr> schedule, IGradientRules? rules = null)
{
    private readonly HashSet<TensorPtr> _varies = [];
    private readonly Dictionary<TensorPtr, TensorPtr> _sums = [];
    private readonly Dictionary<TensorPtr, TensorPtr> _gradients = [];
    private readonly HashSet<TensorPtr> _variables = [];

    /// <summary>Values that were computed before, and the operations that stand for how.</summary>
    private readonly Dictionary<TensorPtr, TensorPtr> _origins = [];

    /// <summary>What the rule that runs has given a gradient to.</summary>
    private readonly HashSet<TensorPtr> _reached = [];

    public GraphBuilder Builder => builder;

    /// <summary>Declares that a gradient with respect to <paramref name="tensor"/> is wanted.</summary>
    public void AddVariable(TensorPtr tensor)
    {
        _variables.Add(tensor);
        _varies.Add(tensor);
    }

    /// <summary>Whether <paramref name="tensor"/> was declared as one whose gradient is wanted: gradients end there.</summary>
    public bool IsVariable(TensorPtr tensor) => _variables.Contains(tensor);

    /// <summary>Declares that the gradient with respect to <paramref name="tensor"/> is to be added to <paramref name="sum"/>.</summary>
    /// <param name="tensor">A parameter.</param>
    /// <param name="sum">Memory of the same shape outside of the graph. Kernels may add to it (<see cref="AddToSum"/>); what they return instead is in
    /// <see cref="Gradient"/>.</param>
    public void AddVariable(TensorPtr tensor, TensorPtr sum)
    {
        AddVariable(tensor);
        _sums[tensor] = sum;
    }

    /// <summary>
    /// Declares that operations of the tape use <paramref name="value"/> where the result of <paramref name="operation"/> would be the same: the gradient
    /// passes on through the operation, which need not be computed for it.
    /// </summary>
    public void AddValue(TensorPtr value, TensorPtr operation) => _origins.Add(value, operation);

    /// <summary>Follows the variables through <paramref name="count"/> operations of the tape from <paramref name="start"/> on.</summary>
    public void Follow(int start, int count)
    {
        for (var i = start; i < start + count; i++)
        {
            var node = builder.Tape[i];
            if (!GradientRules.IsConstant(node.Op) && node.Sources().Any(Needs))
                _varies.Add(node);
        }
    }

    /// <summary>Whether a gradient with respect to <paramref name="tensor"/> is of use.</summary>
    public bool Needs(TensorPtr tensor) => !tensor.IsNull && _varies.Contains(Origin(tensor));

    /// <summary>The gradient so far; null when nothing has been added to it.</summary>
    public TensorPtr Gradient(TensorPtr tensor) => _gradients.GetValueOrDefault(Origin(tensor));

    /// <summary>Adds <paramref name="gradient"/> to the gradient of <paramref name="tensor"/>, if that is of use.</summary>
    public void Add(TensorPtr tensor, TensorPtr gradient)
    {
        if (!Needs(tensor))
            return;
        if (tensor.Shape != gradient.Shape || !gradient.IsFloat || !gradient.IsContiguous)
            throw new InvalidOperationException(
                $"A gradient of {tensor.Name} {tensor.Shape} must be contiguous F32 of its shape; found {gradient.Shape} {gradient.Type}.");
        tensor = Origin(tensor);
        _reached.Add(tensor);
        _gradients[tensor] = _gradients.TryGetValue(tensor, out var sum) ? builder.Add(sum, gradient) : gradient;
    }

    /// <summary>Replaces the gradient of <paramref name="tensor"/> by one that contains it, if that is of use.</summary>
    /// <param name="tensor">An argument of an operation.</param>
    /// <param name="extend">Makes the sum of the gradient so far, which is null where there is none, and of what is added.</param>
    public void AddTo(TensorPtr tensor, Func<TensorPtr, TensorPtr> extend)
    {
        if (!Needs(tensor))
            return;
        var sum = extend(Gradient(tensor));
        _gradients.Remove(Origin(tensor));
        Add(tensor, sum);
    }

    /// <summary>
    /// Adds to the gradient of a parameter, if that is of use: a kernel that adds to the memory of the sum by itself saves a result, and a pass over it.
    /// </summary>
    /// <param name="parameter">An argument of an operation.</param>
    /// <param name="add">Emits what adds to the sum.</param>
    public void AddToSum(TensorPtr parameter, Func<TensorPtr, TensorPtr> add)
    {
        if (!Needs(parameter))
            return;
        _reached.Add(parameter);
        schedule(add(_sums[parameter]));
    }

    /// <summary>Passes the gradients back through the operations [start, start + count) of the tape, last first.</summary>
    /// <exception cref="NotSupportedException">An operation has no rule, or its rule leaves out an argument whose gradient is wanted.</exception>
    public void Run(int start, int count)
    {
        for (var i = start + count - 1; i >= start; i--)
        {
            var y = builder.Tape[i];
            if (!Needs(y) || !_gradients.Remove(y, out var dy))
                continue;
            // The graph runs in the order it is scheduled in: what is finished early is computed, used and freed early.
            schedule(dy);
            var backward = builder.RuleOf(y) ?? rules?.For(y) ?? GradientRules.For(y);
            _reached.Clear();
            backward(this, y, dy);
            foreach (var source in y.Sources())
                if (source != y && !IsReached(source))
                    throw new NotSupportedException(
                        $"The gradient of {(source.Name.Length > 0 ? source.Name : "a tensor")} {source.Shape} through {y.Name} ({Ggml.ggml_op_desc(y)}) would be lost: there is no rule for that argument.");
        }
    }

    /// <summary>
    /// Whether all of the gradient that comes to an argument has arrived: there, or, where a rule passes over an operation, at all that this one was made of.
    /// </summary>
    private bool IsReached(TensorPtr tensor) => !Needs(tensor) || _reached.Contains(Origin(tensor))
        || !IsVariable(tensor) && tensor.Sources().Any(source => source != tensor) && tensor.Sources().All(source => source == tensor || IsReached(source));

    private TensorPtr Origin(TensorPtr tensor) => _origins.GetValueOrDefault(tensor, tensor);
}

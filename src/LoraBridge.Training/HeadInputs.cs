using LoraBridge.Formats;
using LoraBridge.Training.Graphs;
using LoraBridge.Native;

namespace LoraBridge.Training;

/// <summary>Inputs of the model's head: which tokens of a row go through it, what should follow each of them, and how much that counts.</summary>
internal sealed class HeadInputs
{
    /// <summary>Tensors that it makes.</summary>
    public const int Tensors = 3;

    private readonly int _capacity;
    private readonly bool[] _hasTarget;

    /// <param name="leaves">Where the input tensors are made.</param>
    /// <param name="capacity">The tokens of a row.</param>
    public HeadInputs(GraphBuilder leaves, int capacity)
    {
        (_capacity, _hasTarget) = (capacity, new bool[capacity]);
        Rows = leaves.Leaf(GgmlType.I32, new Shape(capacity), "rows");
        Targets = leaves.Leaf(GgmlType.I32, new Shape(capacity), "targets");
        Weights = leaves.Leaf(GgmlType.F32, new Shape(capacity), "weights");
    }

    /// <summary>[T] the tokens, by their place in the row: each at most once.</summary>
    public TensorPtr Rows { get; }

    /// <summary>[T] the token that should follow each.</summary>
    public TensorPtr Targets { get; }

    /// <summary>[T] the factor of each one's cross entropy; 0 where it does not count.</summary>
    public TensorPtr Weights { get; }

    /// <summary>Places the targets one after the other; what stays free goes to the tokens that have none, with weight 0.</summary>
    public void Fill(ReadOnlySpan<LossTarget> targets)
    {
        Clear();
        _hasTarget.AsSpan().Clear();
        for (var i = 0; i < targets.Length; i++)
        {
            Set(i, targets[i]);
            _hasTarget[targets[i].Row] = true;
        }
        var rows = Rows.HostSpan<int>(0, _capacity);
        var free = targets.Length;
        for (var row = 0; row < _capacity; row++)
            if (!_hasTarget[row])
                rows[free++] = row;
    }

    /// <summary>Places each target at its own row: for models that compute logits for all tokens.</summary>
    public void FillAll(ReadOnlySpan<LossTarget> targets)
    {
        Clear();
        foreach (var target in targets)
            Set(target.Row, target);
    }

    private void Clear()
    {
        Rows.HostSpan<int>(0, _capacity).Clear();
        Targets.HostSpan<int>(0, _capacity).Clear();
        Weights.HostSpan<float>(0, _capacity).Clear();
    }

    private void Set(int place, LossTarget target)
    {
        Rows.HostSpan<int>(place, 1)[0] = target.Row;
        Targets.HostSpan<int>(place, 1)[0] = target.Target;
        Weights.HostSpan<float>(place, 1)[0] = target.Weight;
    }
}

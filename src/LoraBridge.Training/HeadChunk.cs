using LoraBridge.Formats;
using LoraBridge.Training.Graphs;
using LoraBridge.Native;
using LoraBridge.Training.Kernels.Cpu;

namespace LoraBridge.Training;

/// <summary>Inputs of one pass through the model's head: which tokens of the row, and what should follow them.</summary>
internal sealed class HeadChunk
{
    /// <summary>Tensors of one.</summary>
    public const int Tensors = 3;

    private readonly int _capacity;

    /// <param name="leaves">Where the input tensors are made.</param>
    /// <param name="capacity">How many tokens go through at a time.</param>
    /// <param name="index">Which chunk of the row this is; for the tensors' names.</param>
    public HeadChunk(GraphBuilder leaves, int capacity, int index)
    {
        _capacity = capacity;
        Rows = leaves.Leaf(GgmlType.I32, new Shape(capacity), $"rows-{index}");
        Targets = leaves.Leaf(GgmlType.I32, new Shape(capacity), $"targets-{index}");
        Weights = leaves.Leaf(GgmlType.F32, new Shape(capacity), $"weights-{index}");
    }

    public TensorPtr Rows { get; }

    public TensorPtr Targets { get; }

    public TensorPtr Weights { get; }

    /// <summary>A loss over this chunk's tokens.</summary>
    public CrossEntropy CreateLoss() => new(_capacity);

    /// <summary>Places the targets one after the other; what stays free has weight 0.</summary>
    public void Fill(ReadOnlySpan<LossTarget> targets)
    {
        Clear();
        for (var i = 0; i < targets.Length; i++)
            Set(i, targets[i]);
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

using LoraBridge.Training.Graphs;
using LoraBridge.Native;

namespace LoraBridge.Training;

/// <summary>A tensor that training changes, and the sum of its gradients over the rows of a step.</summary>
/// <param name="Name">Its name in the file it comes from, for example <c>blk.0.attn_q.weight.lora_a</c>.</param>
/// <param name="Value">The native tensor that the model computes with: F32, contiguous, written in place.</param>
/// <param name="Gradient">An F32 tensor of the same shape.</param>
internal sealed record TrainableTensor(string Name, TensorPtr Value, TensorPtr Gradient)
{
    public Shape Shape => Value.Shape;

    /// <summary>Elements of the value.</summary>
    public Span<float> Values => Value.HostSpan<float>(0, checked((int)Value.ElementCount));

    /// <summary>Elements of the gradient.</summary>
    public Span<float> Gradients => Gradient.HostSpan<float>(0, checked((int)Gradient.ElementCount));
}

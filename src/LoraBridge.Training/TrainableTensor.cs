using LoraBridge.Native;
using LoraBridge.Training.Graphs;
using LoraBridge.Training.Kernels.Cpu;

namespace LoraBridge.Training;

/// <summary>
/// A tensor that training changes, and the sum of its gradients over the rows of a step. Where a device has copies of both, those here are brought up to
/// date when they are asked for.
/// </summary>
internal sealed class TrainableTensor(string name, TensorPtr value, TensorPtr gradient)
{
    /// <summary>Its name in the file it comes from, for example <c>blk.0.attn_q.weight.lora_a</c>.</summary>
    public string Name => name;

    /// <summary>The native tensor in host memory that a model on the CPU computes with: F32, contiguous, written in place.</summary>
    public TensorPtr Value => value;

    /// <summary>An F32 tensor of the same shape, in host memory.</summary>
    public TensorPtr Gradient => gradient;

    public Shape Shape => value.Shape;

    /// <summary>The values of all parameters that a device has; null where there is none.</summary>
    public Mirror? ValuesOnDevice { get; set; }

    /// <summary>The gradients of all parameters that a device has; null where there is none.</summary>
    public Mirror? GradientsOnDevice { get; set; }

    /// <summary>Elements of the value.</summary>
    public ReadOnlySpan<float> ReadValues()
    {
        ValuesOnDevice?.ReadOnHost();
        return value.Floats;
    }

    /// <summary>Elements of the value, to be changed before anything is computed with them.</summary>
    public Span<float> EditValues()
    {
        ValuesOnDevice?.EditOnHost();
        return value.Floats;
    }

    /// <summary>Elements of the gradient.</summary>
    public ReadOnlySpan<float> ReadGradients()
    {
        GradientsOnDevice?.ReadOnHost();
        return gradient.Floats;
    }

    /// <summary>Elements of the gradient, to be changed before anything is computed with them.</summary>
    public Span<float> EditGradients()
    {
        GradientsOnDevice?.EditOnHost();
        return gradient.Floats;
    }
}

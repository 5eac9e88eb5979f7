using LoraBridge.Native;
using LoraBridge.Training.Autodiff;
using LoraBridge.Training.Graphs;

namespace LoraBridge.Training;

/// <summary>What depends on where a training graph is computed: how its nodes are emitted and differentiated, and what it computes with.</summary>
internal abstract class TrainingTarget : IDisposable
{
    /// <summary>What computes on an engine.</summary>
    /// <param name="engine">The engine.</param>
    /// <param name="graph">What llama.cpp computes for a row.</param>
    /// <param name="shape">Sizes, and precision.</param>
    /// <param name="longest">That of a graph for longer rows; null for one by itself.</param>
    public static TrainingTarget For(ComputeEngine engine, TracedGraph graph, TrainingGraphShape shape, TrainingTarget? longest) => engine is DeviceEngine device
        ? new DeviceTarget(device, graph, shape)
        : new CpuTarget(graph, shape, longest as CpuTarget);

    /// <summary>The rules of ggml's operations; null for those of the CPU.</summary>
    public abstract IGradientRules? Rules { get; }

    /// <summary>Masks that are filled as intervals.</summary>
    public virtual IReadOnlySet<TracedTensor>? MasksTakenAsIntervals => null;

    /// <summary>What is trained, as the graph computes with it: values, and the sums of their gradients.</summary>
    public abstract IReadOnlyList<(TensorPtr Value, TensorPtr Gradient)> Variables { get; }

    /// <summary>Bytes of host memory that it takes for itself.</summary>
    public abstract long HostBytes { get; }

    /// <summary>Bytes on devices that it takes for itself.</summary>
    public abstract long DeviceBytes { get; }

    /// <summary>What the device left to the CPU beside rows.</summary>
    public virtual IReadOnlyList<HostOperations> OnHost => [];

    /// <summary>Takes what is trained, before anything is emitted.</summary>
    /// <param name="parameters">Values and gradients in host memory.</param>
    /// <param name="head">The inputs of the head.</param>
    public abstract void Prepare(IReadOnlyList<TrainableTensor> parameters, HeadInputs head);

    /// <summary>Makes the optimiser of what is trained; the target owns what it has of devices.</summary>
    /// <exception cref="NativeException">The device cannot be opened for it.</exception>
    public abstract Optimizer CreateOptimizer(AdamWOptions options);

    /// <summary>How nodes are emitted where losses are measured.</summary>
    public abstract IReadOnlyList<Rewrite> Rewrites(IReadOnlyList<TracedTensor> trainable);

    /// <summary>Emits dropout on the input of an adapter.</summary>
    public abstract TensorPtr Drop(GraphBuilder builder, RowNoise noise, ulong stream, TensorPtr x);

    /// <summary>Emits the loss of a chunk of the head.</summary>
    /// <param name="builder">Where to emit.</param>
    /// <param name="logits">[V, R].</param>
    /// <param name="targets">[R], I32: the tokens that should follow.</param>
    /// <param name="weights">[R], how much each counts.</param>
    /// <param name="mayOverwrite">Whether nothing else needs the logits.</param>
    public abstract HeadLoss EmitLoss(GraphBuilder builder, TensorPtr logits, TensorPtr targets, TensorPtr weights, bool mayOverwrite);

    /// <summary>Sets all gradients to zero.</summary>
    public abstract void ClearGradients();

    /// <summary>Takes the parameters as they are, before a row is computed.</summary>
    /// <param name="backward">Whether gradients are going to be added to.</param>
    public virtual void Begin(bool backward) { }

    public virtual void Dispose() { }
}

/// <summary>The loss of a chunk of the head, as emitted.</summary>
/// <param name="Outputs">What to schedule.</param>
/// <param name="Gradient">The loss's gradient with respect to the logits.</param>
/// <param name="Value">Σ weight · loss, once it has been computed.</param>
internal sealed record HeadLoss(IReadOnlyList<TensorPtr> Outputs, TensorPtr Gradient, Func<double> Value);

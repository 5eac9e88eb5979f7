using LoraBridge.Finetuning;
using LoraBridge.Model;

namespace LoraBridge.Cli.Benchmarking;

/// <summary>What <see cref="TrainingBenchmark"/> found. Seconds are those of an update on one row.</summary>
public sealed record TrainingBenchmarkResult
{
    /// <summary>Tokens trained in a second, by the median of the timed updates.</summary>
    public required double TokensPerSecond { get; init; }

    /// <summary>The median time of an update.</summary>
    public required double SecondsPerStep { get; init; }

    /// <summary>Multiplications and additions of all matrix products of an update, by token.</summary>
    public required double FlopsPerToken { get; init; }

    /// <summary>
    /// The fastest of ggml's products of weights in F32, BF16 and Q8_0, 2048 x 2048 with 512 tokens, or 4096 x 4096 with 4096 where that takes less than a
    /// thousandth of a second, where the training computes, in 10^9 operations per second.
    /// </summary>
    public required double PeakGemmGflops { get; init; }

    /// <summary>The type of the weights in the fastest product.</summary>
    public required string PeakGemmType { get; init; }

    /// <summary>What the matrix products of the training reach of <see cref="PeakGemmGflops"/>, all other work counted as lost time.</summary>
    public double Utilization => FlopsPerToken * TokensPerSecond / (PeakGemmGflops * 1e9);

    /// <summary>The numbers and the instruction that products with frozen weights are computed in, forward.</summary>
    public required string ForwardKernel { get; init; }

    /// <summary>The same, for gradients.</summary>
    public required string BackwardKernel { get; init; }

    /// <summary>What the backward's instruction does on registers alone, on as many threads, measured in the same run, in 10^9 operations per second; 0 on a device.</summary>
    public required double InstructionGflops { get; init; }

    /// <summary>
    /// What products with frozen weights reach of <see cref="InstructionGflops"/>, forward and back, with all that goes into them: packing weights, what adapters
    /// add, and waiting for each other. As with the instruction, the best of several measurements counts, so that a machine that does something else, or a
    /// host that stops a virtual one, changes neither; what products took of an update is in <see cref="Operations"/>.
    /// </summary>
    public required double ProductUtilization { get; init; }

    /// <summary>The layers.</summary>
    public required double SecondsForward { get; init; }

    /// <summary>The output matrix and the loss, there and back.</summary>
    public required double SecondsHead { get; init; }

    /// <summary>Layers computed again instead of kept.</summary>
    public required double SecondsRecomputation { get; init; }

    /// <summary>Gradients of the layers.</summary>
    public required double SecondsBackward { get; init; }

    /// <summary>The update of the adapter.</summary>
    public required double SecondsOptimizer { get; init; }

    /// <summary>The part of the above that is spent on the scores of attention, of which there is one for each pair of tokens and each head.</summary>
    public required double SecondsAttention { get; init; }

    /// <summary>The kinds of operations that take longest, longest first.</summary>
    public required IReadOnlyList<OperationShare> Operations { get; init; }

    /// <summary>The most memory that the process had resident.</summary>
    public required long PeakMemoryBytes { get; init; }

    /// <summary>What had been estimated before the training.</summary>
    public required long EstimatedMemoryBytes { get; init; }

    /// <summary>Managed memory that an update allocates, where it allocates least: graphs and buffers are made before the first.</summary>
    public required long AllocatedBytesPerStep { get; init; }

    /// <summary>Parameters of the adapter.</summary>
    public required long TrainableParameters { get; init; }

    /// <summary>What layers kept for the backward pass.</summary>
    public required LayerPlan Layers { get; init; }

    /// <summary>The rate, in 10^9 operations per second, of ggml's own gradient (OUT_PROD) on the weights of a layer.</summary>
    public required double OutProdGflops { get; init; }

    /// <summary>The rate of ours on the same weights.</summary>
    public required double BackwardGflops { get; init; }

    /// <summary>What computed: llama.cpp's names of the devices, or <c>CPU</c>.</summary>
    public string Device { get; init; } = "CPU";

    /// <summary>Memory on the device, by calculation, that the training needs there beside the model.</summary>
    public long EstimatedDeviceBytes { get; init; }

    /// <summary>What the device left to the CPU.</summary>
    public IReadOnlyList<DeviceFallback> FallbackNodes { get; init; } = [];
}

/// <summary>The part of an update that one kind of operation takes.</summary>
/// <param name="Kind">ggml's name of the operation with the type of its weights, or the name of the kernel.</param>
/// <param name="Count">How often an update computes it.</param>
/// <param name="Seconds">Time of all of them.</param>
/// <param name="Gflops">10^9 operations per second, where it is a product; else 0.</param>
public sealed record OperationShare(string Kind, int Count, double Seconds, double Gflops);

namespace LoraBridge.Cli.Benchmarking;

/// <summary>How fast an adapter is merged.</summary>
/// <param name="Seconds">From the files to the renamed file, flushed to the disk.</param>
/// <param name="MergedTensors">Number of tensors that the adapter was merged into.</param>
/// <param name="InputBytes">Bytes of the base.</param>
/// <param name="OutputBytes">Bytes of the merged model.</param>
/// <param name="PeakMemoryBytes">The most memory that was resident, in bytes.</param>
public sealed record MergeBenchmarkResult(double Seconds, int MergedTensors, long InputBytes, long OutputBytes, long PeakMemoryBytes)
{
    /// <summary>Multiplications and additions of the adapter's products, 2 R for each weight that it changes.</summary>
    public required double Flops { get; init; }

    /// <summary>The machine's fastest single product, in 10⁹ operations per second.</summary>
    public required double PeakGemmGflops { get; init; }

    /// <summary>What the products reach of <see cref="PeakGemmGflops"/>, all other work counted as lost time; reading and writing is most of it.</summary>
    public double Utilization => Flops / Seconds / (PeakGemmGflops * 1e9);

    /// <summary>Bytes read and written per second.</summary>
    public double BytesPerSecond => (InputBytes + OutputBytes) / Seconds;
}

namespace LoraBridge.Benchmarking;

/// <summary>How fast an adapter is merged.</summary>
/// <param name="Seconds">From the files to the renamed file, flushed to the disk.</param>
/// <param name="MergedTensors">Number of tensors that the adapter was merged into.</param>
/// <param name="InputBytes">Bytes of the base.</param>
/// <param name="OutputBytes">Bytes of the merged model.</param>
/// <param name="PeakMemoryBytes">The most memory that was resident, in bytes.</param>
public sealed record MergeBenchmarkResult(double Seconds, int MergedTensors, long InputBytes, long OutputBytes, long PeakMemoryBytes)
{
    /// <summary>Bytes read and written per second.</summary>
    public double BytesPerSecond => (InputBytes + OutputBytes) / Seconds;
}

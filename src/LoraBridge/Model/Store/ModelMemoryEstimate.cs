using System.Globalization;

namespace LoraBridge.Model;

/// <summary>
/// A rough estimate of the memory that a model needs, in bytes, from its size alone: good enough to tell before a download that it will not
/// fit. <c>LoraFinetuning.EstimateMemory</c> is exact, for a model that is on this machine.
/// </summary>
/// <param name="Model">The weights: the size of the files.</param>
/// <param name="Context">Keys and values of 4096 tokens, and buffers.</param>
/// <param name="Training">What training an adapter of rank 16 on rows of 512 tokens needs beyond the weights.</param>
/// <param name="Available">What this process may use of this machine.</param>
public sealed record ModelMemoryEstimate(long Model, long Context, long Training, long Available)
{
    /// <summary>Bytes that inference needs.</summary>
    public long Inference => Model + Context;

    /// <summary>Whether there is enough memory for inference.</summary>
    public bool FitsInference => Inference <= Available;

    /// <summary>Whether there is enough memory to train an adapter.</summary>
    public bool FitsTraining => Model + Training <= Available;

    /// <summary>
    /// The estimate for files of so many bytes. Weights of about 4.8 bits are assumed; width and depth follow from their number as in
    /// common dense models (width 4096 and 32 layers at 8 billion, both growing with the cube root).
    /// </summary>
    public static ModelMemoryEstimate ForFileSize(long bytes, long? available = null)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(bytes);
        const double BitsPerWeight = 4.8, Tokens = 4096, TrainedTokens = 512, Rank = 16, AdaptedPerLayer = 7;
        var scale = Math.Cbrt(bytes * 8 / BitsPerWeight / 8e9);
        var (width, layers) = (4096 * scale, Math.Max(16, 32 * scale));
        // Grouped queries keep a quarter of the width for keys, and as much for values, in two bytes each.
        var context = (layers * width / 4 * 2 * 2 * Tokens) + (256 << 20);
        // Each adapted matrix has about 4 D R values in F32, with gradient and two moments; each layer keeps about 16 D values a token.
        var training = (layers * AdaptedPerLayer * 4 * width * Rank * 4 * 4) + (layers * 16 * width * 4 * TrainedTokens) + (512 << 20);
        return new ModelMemoryEstimate(bytes, (long)context, (long)training, available ?? GC.GetGCMemoryInfo().TotalAvailableMemoryBytes);
    }

    /// <summary>The estimate as a sentence.</summary>
    public override string ToString()
    {
        var verdict = (FitsInference, FitsTraining) switch
        {
            (true, true) => "it fits",
            (true, false) => "it fits to run, not to train",
            (false, true) => "it fits to train on short rows, not to run with this context",
            _ => "it does NOT fit",
        };
        return $"needs about {Gib(Inference)} GiB of memory to run and {Gib(Model + Training)} to train an adapter, there are {Gib(Available)}: {verdict}";
    }

    private static string Gib(long bytes) => (bytes / (double)(1L << 30)).ToString("0.0", CultureInfo.InvariantCulture);
}

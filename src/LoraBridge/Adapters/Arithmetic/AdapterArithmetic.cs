using LoraBridge.Adapters;
using LoraBridge.Adapters.Arithmetic;
using LoraBridge.Formats;
using LoraBridge.Model;
using LoraBridge.Native;

namespace LoraBridge.Finetuning;

/// <summary>
/// Operations on adapter files that need no base model: combine adapters, change the rank or the type, fold in a scale; and extract the
/// adapter that lies between two models. Every adapter written here is meant for scale 1, whatever alphas and scales went in.
/// </summary>
public static class AdapterArithmetic
{
    /// <summary>Combines several adapters into one: ΔW = Σ scale · alpha/r · B A.</summary>
    /// <param name="adapters">GGUF adapters of one architecture with the scale of each; their tensors and ranks may differ.</param>
    /// <param name="path">The adapter to write; its folder must exist.</param>
    /// <param name="method">How they are combined; the default is exact.</param>
    /// <param name="rank">The rank to truncate to with <see cref="AdapterCombination.Svd"/>; ignored otherwise.</param>
    /// <param name="options">Type and overwriting; null takes the defaults.</param>
    /// <param name="cancellationToken">Stops between two tensors.</param>
    /// <exception cref="ArgumentException">
    /// There is no adapter, the adapters differ in architecture or shapes, or their ranks cannot be combined.
    /// </exception>
    /// <exception cref="ArgumentOutOfRangeException">A scale is infinite or not a number, or the rank is not positive.</exception>
    /// <exception cref="FileNotFoundException">An adapter does not exist.</exception>
    /// <exception cref="InvalidDataException">A file is not a valid adapter.</exception>
    /// <exception cref="IOException">The file exists and may not be replaced, or the disk has too little space.</exception>
    public static AdapterArithmeticResult Combine(
        IReadOnlyList<(string Path, float Scale)> adapters, string path, AdapterCombination method = AdapterCombination.Concatenate, int? rank = null,
        AdapterWriteOptions? options = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(adapters);
        if (method == AdapterCombination.Svd)
            ArgumentOutOfRangeException.ThrowIfNegativeOrZero(rank ?? 0, nameof(rank));
        NativeRuntime.Initialize();
        using var inputs = new AdapterInputs(adapters);
        var builder = new AdapterBuilder(inputs.Architecture, Checked(options));
        foreach (var target in inputs.Targets)
        {
            cancellationToken.ThrowIfCancellationRequested();
            var terms = inputs.Read(target);
            var experts = terms[0].Experts.Length;
            var combined = new LowRankMatrix[experts];
            var (kept, total) = (0.0, 0.0);
            for (var e = 0; e < experts; e++)
            {
                combined[e] = method == AdapterCombination.Linear
                    ? LowRankMatrix.AddFactors([.. terms.Select(term => (term.Experts[e], term.Scale))])
                    : LowRankMatrix.Concatenate(terms.Select(term => (term.Experts[e], term.Scale)));
                if (method != AdapterCombination.Svd)
                    continue;
                (combined[e], var keptHere, var totalHere) = combined[e].Truncate(rank!.Value);
                (kept, total) = (kept + keptHere, total + totalHere);
            }

            builder.Add(target, combined, total > 0 ? kept / total : 1);
        }

        return builder.Save(path, []);
    }

    /// <summary><see cref="Combine"/> on another thread.</summary>
    /// <inheritdoc cref="Combine"/>
    public static Task<AdapterArithmeticResult> CombineAsync(
        IReadOnlyList<(string Path, float Scale)> adapters, string path, AdapterCombination method = AdapterCombination.Concatenate, int? rank = null,
        AdapterWriteOptions? options = null, CancellationToken cancellationToken = default) =>
        Task.Run(() => Combine(adapters, path, method, rank, options, cancellationToken), cancellationToken);

    /// <summary>
    /// Changes the rank of an adapter by truncating the singular value decomposition of each B A: the best approximation of that rank.
    /// </summary>
    /// <param name="adapter">GGUF adapter.</param>
    /// <param name="path">The adapter to write.</param>
    /// <param name="rank">The new rank; a larger one is padded with zeros.</param>
    /// <param name="options">Type and overwriting; null takes the defaults.</param>
    /// <param name="cancellationToken">Stops between two tensors.</param>
    /// <returns>What was written, with the energy that each tensor retains.</returns>
    /// <inheritdoc cref="Combine" path="/exception"/>
    public static AdapterArithmeticResult Resize(
        string adapter, string path, int rank, AdapterWriteOptions? options = null, CancellationToken cancellationToken = default) =>
        Combine([(adapter, 1)], path, AdapterCombination.Svd, rank, options, cancellationToken);

    /// <summary><see cref="Resize"/> on another thread.</summary>
    /// <inheritdoc cref="Resize"/>
    public static Task<AdapterArithmeticResult> ResizeAsync(
        string adapter, string path, int rank, AdapterWriteOptions? options = null, CancellationToken cancellationToken = default) =>
        Task.Run(() => Resize(adapter, path, rank, options, cancellationToken), cancellationToken);

    /// <summary>
    /// Folds a scale into an adapter: at scale 1 the result does what the original does at <paramref name="scale"/>. Its alpha becomes its
    /// rank.
    /// </summary>
    /// <param name="adapter">GGUF adapter.</param>
    /// <param name="scale">The scale to fold in.</param>
    /// <param name="path">The adapter to write.</param>
    /// <param name="options">Type and overwriting; null takes the defaults.</param>
    /// <param name="cancellationToken">Stops between two tensors.</param>
    /// <inheritdoc cref="Combine" path="/exception"/>
    public static AdapterArithmeticResult FoldScale(
        string adapter, float scale, string path, AdapterWriteOptions? options = null, CancellationToken cancellationToken = default) =>
        Combine([(adapter, scale)], path, AdapterCombination.Concatenate, null, options, cancellationToken);

    /// <summary><see cref="FoldScale"/> on another thread.</summary>
    /// <inheritdoc cref="FoldScale"/>
    public static Task<AdapterArithmeticResult> FoldScaleAsync(
        string adapter, float scale, string path, AdapterWriteOptions? options = null, CancellationToken cancellationToken = default) =>
        Task.Run(() => FoldScale(adapter, scale, path, options, cancellationToken), cancellationToken);

    /// <summary>Converts an adapter's matrices to another type; metadata, alpha and ranks stay the same.</summary>
    /// <param name="adapter">GGUF adapter.</param>
    /// <param name="path">The adapter to write.</param>
    /// <param name="options">The type, and overwriting.</param>
    /// <param name="cancellationToken">Stops between two tensors.</param>
    /// <inheritdoc cref="Combine" path="/exception"/>
    public static AdapterArithmeticResult Requantize(
        string adapter, string path, AdapterWriteOptions options, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(options);
        NativeRuntime.Initialize();
        var file = AdapterFile.Read(adapter);
        AdapterMatch.RequireAlwaysActive(file);
        using var source = new AdapterSource(file, 1);
        var builder = new AdapterBuilder(file.Architecture, Checked(options));
        foreach (var pair in file.Pairs)
        {
            cancellationToken.ThrowIfCancellationRequested();
            builder.AddMatrix(pair.A.Name, pair.A.Shape.AsSpan(), source.ReadFloats(pair.A));
            builder.AddMatrix(pair.B.Name, pair.B.Shape.AsSpan(), source.ReadFloats(pair.B));
        }

        builder.SaveWith(file.Metadata, path);
        return new AdapterArithmeticResult
        {
            Path = path,
            Tensors = [.. file.Pairs.Select(pair => new AdaptedTensor(pair.Target, pair.Rank, 1))],
            Skipped = file.IgnoredTensors,
            Bytes = new FileInfo(path).Length,
        };
    }

    /// <summary><see cref="Requantize"/> on another thread.</summary>
    /// <inheritdoc cref="Requantize"/>
    public static Task<AdapterArithmeticResult> RequantizeAsync(
        string adapter, string path, AdapterWriteOptions options, CancellationToken cancellationToken = default) =>
        Task.Run(() => Requantize(adapter, path, options, cancellationToken), cancellationToken);

    /// <summary>
    /// Extracts the adapter that turns a base model into a model fine-tuned from it: the best approximation of their difference at the given
    /// rank.
    /// </summary>
    /// <param name="basePath">GGUF model.</param>
    /// <param name="finetunedPath">GGUF model of the same architecture and shapes.</param>
    /// <param name="path">The adapter to write.</param>
    /// <param name="rank">R, the rank of the extracted adapter.</param>
    /// <param name="options">Type and overwriting; null takes the defaults.</param>
    /// <param name="progress">Receives a report for each tensor, on the calling thread.</param>
    /// <param name="cancellationToken">Stops between two tensors.</param>
    /// <returns>What was written; tensors that differ but are no matrices are listed as skipped.</returns>
    /// <exception cref="ArgumentOutOfRangeException">The rank is not positive.</exception>
    /// <exception cref="AdapterMismatchException">The models differ in architecture or shapes.</exception>
    /// <exception cref="FileNotFoundException">A model does not exist.</exception>
    /// <exception cref="InvalidDataException">A file is not a model.</exception>
    /// <exception cref="InvalidOperationException">The models do not differ in any matrix.</exception>
    /// <exception cref="IOException">The file exists and may not be replaced, or the disk has too little space.</exception>
    public static AdapterArithmeticResult Extract(
        string basePath, string finetunedPath, string path, int rank, AdapterWriteOptions? options = null, IProgress<OperationProgress>? progress = null,
        CancellationToken cancellationToken = default)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(rank);
        NativeRuntime.Initialize();
        using var extraction = new AdapterExtraction(basePath, finetunedPath, rank);
        return extraction.Run(path, Checked(options), progress, cancellationToken);
    }

    /// <summary><see cref="Extract"/> on another thread.</summary>
    /// <inheritdoc cref="Extract"/>
    public static Task<AdapterArithmeticResult> ExtractAsync(
        string basePath, string finetunedPath, string path, int rank, AdapterWriteOptions? options = null, IProgress<OperationProgress>? progress = null,
        CancellationToken cancellationToken = default) =>
        Task.Run(() => Extract(basePath, finetunedPath, path, rank, options, progress, cancellationToken), cancellationToken);

    private static AdapterWriteOptions Checked(AdapterWriteOptions? options)
    {
        options ??= new AdapterWriteOptions();
        return options.Type is GgmlType.F32 or GgmlType.F16 or GgmlType.BF16 or GgmlType.Q8_0
            ? options
            : throw new ArgumentException($"Adapters are written in F32, F16, BF16 or Q8_0; found {options.Type}.", nameof(options));
    }
}

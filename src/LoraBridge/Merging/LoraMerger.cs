using LoraBridge.Adapters;
using LoraBridge.Merging;
using LoraBridge.Model;

namespace LoraBridge.Finetuning;

/// <summary>
/// Merges LoRA adapters into the weights of their base model: W' = W + s B A. The result needs no adapter and computes what base and
/// adapters compute. Paper: <see href="https://arxiv.org/abs/2106.09685"/>, section 4.1.
/// </summary>
/// <remarks>
/// The base is read from its file a few rows at a time, so that models larger than memory can be merged. The output is written under
/// a temporary name in its folder and renamed at the end: a failure leaves an older file as it was.
/// </remarks>
public sealed class LoraMerger
{
    private readonly string _basePath;
    private readonly List<(string Path, float Scale)> _adapters = [];

    /// <summary>Merges into the file that a model was loaded from. Adapters that are applied to the model are not merged.</summary>
    /// <param name="model">The base.</param>
    public LoraMerger(LM model)
    {
        ArgumentNullException.ThrowIfNull(model);
        _basePath = model.Path;
    }

    /// <summary>Merges into a model file; needs no loaded model.</summary>
    /// <param name="path">GGUF file; of a model in several files the first.</param>
    /// <exception cref="ArgumentException">The path is null or blank.</exception>
    /// <exception cref="FileNotFoundException">There is no such file, or a part of the model is missing.</exception>
    /// <exception cref="InvalidDataException">The file is not a model.</exception>
    public LoraMerger(string path)
    {
        ModelLoader.Open(path).Dispose();
        _basePath = path;
    }

    /// <summary>How to merge and what to write.</summary>
    public MergeOptions Options { get; set; } = new();

    /// <summary>The types of the written tensors: <see cref="MergeOptions.OutputType"/> of <see cref="Options"/>.</summary>
    public MergeOutputType OutputType
    {
        get => Options.OutputType;
        set => Options = Options with { OutputType = value };
    }

    /// <summary>Adds an adapter file. The same adapter may be added twice; it then counts twice.</summary>
    /// <param name="path">GGUF adapter.</param>
    /// <param name="scale">How strongly it counts: 1 is as trained.</param>
    /// <returns>The adapter that was added.</returns>
    /// <exception cref="ArgumentException">The path is null or blank.</exception>
    /// <exception cref="ArgumentOutOfRangeException">The scale is infinite or not a number.</exception>
    /// <exception cref="FileNotFoundException">There is no such file.</exception>
    /// <exception cref="InvalidDataException">The file is not a valid adapter.</exception>
    public LoraAdapter AddLoraAdapter(string path, float scale = 1)
    {
        var adapter = new LoraAdapter(path) { Scale = scale };
        AddLoraAdapter(adapter);
        return adapter;
    }

    /// <summary>Adds an adapter.</summary>
    /// <param name="adapter">The adapter; its file is read when merging.</param>
    /// <param name="scale">How strongly it counts; null takes the adapter's scale as it is now.</param>
    /// <exception cref="ArgumentOutOfRangeException">The scale is infinite or not a number.</exception>
    public void AddLoraAdapter(LoraAdapter adapter, float? scale = null)
    {
        ArgumentNullException.ThrowIfNull(adapter);
        _adapters.Add((adapter.Path, LoraAdapter.CheckScale(scale ?? adapter.Scale, nameof(scale))));
    }

    /// <summary>Merges all added adapters and writes the model.</summary>
    /// <param name="path">The file to write; its folder must exist.</param>
    /// <param name="progress">Receives the progress of the merge, on the calling thread.</param>
    /// <param name="cancellationToken">Stops the merge; nothing is left behind. llama.cpp's own quantisation runs to its end first.</param>
    /// <exception cref="ArgumentException">The path is null or blank.</exception>
    /// <exception cref="InvalidOperationException">
    /// No adapter was added, a tensor cannot be made in the type asked for or only with an importance matrix, values are not finite, or
    /// the architecture cannot have the output apart from its embedding that an adapter needs.
    /// </exception>
    /// <exception cref="AdapterMismatchException">An adapter was made for another model.</exception>
    /// <exception cref="InvalidDataException">The base, an adapter or the importance matrix is not valid.</exception>
    /// <exception cref="IOException">The file exists and may not be replaced or is an input, the disk has too little space, or reading failed.</exception>
    /// <exception cref="NativeException">llama.cpp could not quantise the model.</exception>
    /// <exception cref="OperationCanceledException">The merge was cancelled.</exception>
    public MergeResult Merge(string path, IProgress<MergeProgress>? progress = null, CancellationToken cancellationToken = default) =>
        Run(_adapters, path, progress, cancellationToken);

    /// <summary>Merges all added adapters and one more, which is not kept, and writes the model.</summary>
    /// <param name="adapter">The adapter; it counts with its scale.</param>
    /// <param name="path">The file to write; its folder must exist.</param>
    /// <param name="progress">Receives the progress of the merge, on the calling thread.</param>
    /// <param name="cancellationToken">Stops the merge; nothing is left behind.</param>
    /// <inheritdoc cref="Merge" path="/exception"/>
    public MergeResult MergeAndExport(
        LoraAdapter adapter, string path, IProgress<MergeProgress>? progress = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(adapter);
        return Run([.. _adapters, (adapter.Path, adapter.Scale)], path, progress, cancellationToken);
    }

    /// <summary><see cref="Merge"/> on another thread.</summary>
    /// <inheritdoc cref="Merge"/>
    public Task<MergeResult> MergeAsync(
        string path, IProgress<MergeProgress>? progress = null, CancellationToken cancellationToken = default)
    {
        var adapters = _adapters.ToArray();
        return Task.Run(() => Run(adapters, path, progress, cancellationToken), cancellationToken);
    }

    /// <summary><see cref="MergeAndExport"/> on another thread.</summary>
    /// <inheritdoc cref="MergeAndExport"/>
    public Task<MergeResult> MergeAndExportAsync(
        LoraAdapter adapter, string path, IProgress<MergeProgress>? progress = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(adapter);
        (string, float)[] adapters = [.. _adapters, (adapter.Path, adapter.Scale)];
        return Task.Run(() => Run(adapters, path, progress, cancellationToken), cancellationToken);
    }

    private MergeResult Run(
        IReadOnlyList<(string Path, float Scale)> adapters, string path, IProgress<MergeProgress>? progress, CancellationToken cancellationToken)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(path);
        if (adapters.Count == 0)
            throw new InvalidOperationException("There is nothing to merge: add an adapter first.");
        using var job = new MergeJob(_basePath, adapters, Options, progress);
        return job.Run(Path.GetFullPath(path), cancellationToken);
    }
}

using System.Collections.Immutable;
using System.Diagnostics;
using LoraBridge.Adapters;
using LoraBridge.Finetuning;
using LoraBridge.Formats;
using LoraBridge.Model;
using LoraBridge.Native;

namespace LoraBridge.Merging;

/// <summary>One merge, from the open files to the result.</summary>
internal sealed class MergeJob : IDisposable
{
    private readonly MergeOptions _options;
    private readonly IProgress<MergeProgress>? _progress;
    private readonly GgufModelFiles _model;
    private readonly List<AdapterSource> _adapters = [];

    internal MergeJob(
        string basePath, IReadOnlyList<(string Path, float Scale)> adapters, MergeOptions options, IProgress<MergeProgress>? progress)
    {
        _options = options;
        _progress = progress;
        _model = ModelLoader.Open(basePath);
        try
        {
            foreach (var (path, scale) in adapters)
                _adapters.Add(new AdapterSource(AdapterFile.Read(path), scale));
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    internal MergeResult Run(string path, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        var started = Stopwatch.GetTimestamp();
        NativeRuntime.Initialize();
        var target = new MergeTarget(path, _options.Overwrite, _options.MaximumPartBytes);
        target.Check(Inputs());

        var importance = _options.ImportanceMatrixPath is { } matrix ? ImportanceMatrix.Read(matrix) : null;
        var tensors = MergePlan.Make(_model, _adapters, _options.OutputType, importance, cancellationToken);
        var result = IsRecipe(_options.OutputType)
            ? new RecipeMerge(target, _options, _progress).Run(Merger(tensors, cancellationToken), importance, CheckFor(tensors), cancellationToken)
            : Save(target, tensors, cancellationToken);
        result = result with { Duration = Stopwatch.GetElapsedTime(started) };
        return _options.Verify ? result with { Verification = Verify(result, IsUntied(tensors), cancellationToken) } : result;
    }

    public void Dispose()
    {
        _adapters.ForEach(adapter => adapter.Dispose());
        _model.Dispose();
    }

    private IEnumerable<string> Inputs() =>
        [.. _model.Files.Select(file => file.Path), .. _adapters.Select(adapter => adapter.Adapter.Path), .. _options.ImportanceMatrixPath is { } matrix ? [matrix] : (string[])[]];

    private static bool IsRecipe(MergeOutputType type) =>
        type is not (MergeOutputType.Keep or MergeOutputType.F32 or MergeOutputType.F16 or MergeOutputType.BF16);

    private MergeWriter Merger(ImmutableArray<PlannedTensor> tensors, CancellationToken cancellationToken) => new(
        MergeMetadata.Of(_model, _adapters, _options.OutputType, _options.ImportanceMatrixPath),
        tensors,
        _options.Threads ?? ProcessorInfo.DefaultThreadCount,
        cancellationToken);

    private MergeResult Save(MergeTarget target, ImmutableArray<PlannedTensor> tensors, CancellationToken cancellationToken)
    {
        using var merger = Merger(tensors, cancellationToken);
        var paths = target.Save(merger.Writer, CheckFor(tensors), StageProgress.Of(_progress, MergeStage.Merging, merger.Writer.FileLength), cancellationToken);
        return new MergeResult
        {
            Paths = paths,
            Tensors = merger.Merged,
            CopiedTensors = merger.CopiedTensors,
            OutputBytes = paths.Sum(path => new FileInfo(path).Length),
            Duration = TimeSpan.Zero,
        };
    }

    /// <summary>Whether the output, shared with the embedding so far, became a tensor of its own.</summary>
    private bool IsUntied(ImmutableArray<PlannedTensor> tensors) => tensors.Length > _model.Tensors.Length;

    // Some architectures share output and embedding always, and refuse a tensor that they do not expect.
    private Action<string>? CheckFor(ImmutableArray<PlannedTensor> tensors) => IsUntied(tensors) ? CheckLoads : null;

    private void CheckLoads(string path)
    {
        try
        {
            ModelLoader.Load(path, new NativeLoadOptions { UseExtraBuffers = false }).Dispose();
        }
        catch (InvalidDataException fault)
        {
            throw new InvalidOperationException(
                $"The architecture '{_model.Metadata.Architecture}' cannot have an output apart from its embedding, as an adapter of either needs.", fault);
        }
    }

    private MergeVerification Verify(MergeResult result, bool untied, CancellationToken cancellationToken)
    {
        _progress?.Report(new MergeProgress(MergeStage.Verifying, 0, 0));
        using var copy = untied ? new UntiedModel(_model, result.Paths[0]) : null;
        return new MergeVerifier(_options.VerificationSeed).Compare(copy?.Files ?? _model, _adapters, result.Paths[0], cancellationToken);
    }
}

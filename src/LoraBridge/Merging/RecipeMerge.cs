using System.Collections.Immutable;
using LoraBridge.Finetuning;
using LoraBridge.Formats;
using LoraBridge.Native;

namespace LoraBridge.Merging;

/// <summary>
/// Merges to one of llama.cpp's recipes: the merged tensors go to a temporary file in F32, which <c>llama_model_quantize</c> reads.
/// Both files are temporary files of the target, so that nothing is left of a merge that fails or is killed.
/// </summary>
internal sealed class RecipeMerge(MergeTarget target, MergeOptions options, IProgress<MergeProgress>? progress)
{
    /// <summary>llama.cpp does not say why it could not write; no tensor's row would fit into less.</summary>
    private const long FullDisk = 1 << 20;

    /// <param name="merger">Writes the merged tensors in F32.</param>
    /// <param name="importance">Importance of the weights' columns; null for none.</param>
    /// <param name="check">Looks at the quantised file before it gets its name, and throws if it may not; null for no check.</param>
    /// <param name="cancellationToken">Stops the merge; llama.cpp's quantisation runs to its end first.</param>
    internal MergeResult Run(MergeWriter merger, ImportanceMatrix? importance, Action<string>? check, CancellationToken cancellationToken)
    {
        using var disposal = merger;
        var length = merger.Writer.FileLength;
        using var exact = new TemporaryFile(target.Path, target.Overwrite, length + LeastLength(merger.Tensors));
        using var quantized = new TemporaryFile(target.Path, target.Overwrite);
        WriteExact(merger.Writer, exact, StageProgress.Of(progress, MergeStage.Merging, length), cancellationToken);
        progress?.Report(new MergeProgress(MergeStage.Quantizing, 0, 0));
        Quantize(exact.Path, quantized.Path, importance);
        cancellationToken.ThrowIfCancellationRequested();
        check?.Invoke(quantized.Path);
        var tensors = Measure(merger.Merged, exact.Path, quantized.Path);
        var paths = Publish(quantized, cancellationToken);
        return new MergeResult
        {
            Paths = paths,
            Tensors = tensors,
            CopiedTensors = merger.CopiedTensors,
            OutputBytes = paths.Sum(path => new FileInfo(path).Length),
            Duration = TimeSpan.Zero,
        };
    }

    private static void WriteExact(GgufWriter writer, TemporaryFile exact, IProgress<long>? progress, CancellationToken cancellationToken)
    {
        try
        {
            using var stream = exact.OpenWrite();
            writer.WriteTo(stream, progress, cancellationToken);
        }
        catch (IOException fault) when (exact.Renamed(fault) is { } renamed)
        {
            throw renamed;
        }
    }

    /// <summary>No recipe stores less than a bit for each weight.</summary>
    private static long LeastLength(ImmutableArray<PlannedTensor> tensors) => tensors.Sum(tensor => tensor.Source.Info.ElementCount) / 8;

    private void Quantize(string exact, string quantized, ImportanceMatrix? importance)
    {
        try
        {
            LlamaQuantizer.Quantize(exact, quantized, (LlamaFileType)options.OutputType, Adjust, importance?.Columns);
        }
        catch (NativeException) when (AtomicFile.FreeSpace(Path.GetDirectoryName(target.Path)!) < FullDisk)
        {
            throw new IOException($"{target.Path} could not be quantised to {options.OutputType}: the disk is full.");
        }
        catch (NativeException fault) when (importance is null && fault.Message.Contains("imatrix", StringComparison.Ordinal))
        {
            throw new InvalidOperationException($"{options.OutputType} needs an importance matrix for this model: give one, or choose another type of output.", fault);
        }
        catch (NativeException fault)
        {
            // The temporary files have names that nobody knows.
            throw new NativeException($"{target.Path} could not be quantised to {options.OutputType}.", fault.NativeLog, fault);
        }

        LlamaModelQuantizeParams Adjust(LlamaModelQuantizeParams parameters) => parameters with
        {
            nthread = options.Threads ?? ProcessorInfo.DefaultThreadCount,
            // Tensors that no adapter touches still have the base's type.
            allow_requantize = true,
        };
    }

    private static List<MergedTensor> Measure(IReadOnlyList<MergedTensor> merged, string exact, string quantized)
    {
        using var before = GgufFile.Open(exact);
        using var after = GgufFile.Open(quantized);
        return [.. merged.Select(tensor => tensor with
        {
            OutputType = after.Find(tensor.Name)!.Type,
            QuantizationError = TensorDifference.Relative(before, after, tensor.Name),
        })];
    }

    private IReadOnlyList<string> Publish(TemporaryFile quantized, CancellationToken cancellationToken)
    {
        if (target.MaximumPartBytes is null)
        {
            quantized.Flush();
            quantized.Publish();
            return [target.Path];
        }

        using var file = GgufFile.Open(quantized.Path);
        var writer = new GgufWriter(file.Metadata);
        foreach (var tensor in file.Tensors)
            writer.AddTensor(file, tensor);
        return target.Save(writer, null, null, cancellationToken);
    }
}

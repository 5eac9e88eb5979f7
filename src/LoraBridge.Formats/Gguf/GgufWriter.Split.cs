namespace LoraBridge.Formats;

/// <content>Splitting a model over several files, as llama.cpp's split tool does.</content>
public sealed partial class GgufWriter
{
    /// <summary>
    /// Saves the model as several files <c>{prefix}-00001-of-0000N.gguf</c>; the metadata go into the first. No part is
    /// renamed into place before all are written, and the first part last.
    /// </summary>
    /// <param name="prefix">The path without the numbers; its folder must exist.</param>
    /// <param name="maximumBytes">The most bytes of tensor data in a part, unless a single tensor has more.</param>
    /// <param name="overwrite">Whether existing files are replaced.</param>
    /// <param name="progress">Receives the number of bytes written so far, over all parts.</param>
    /// <param name="cancellationToken">Stops between two writes; nothing is left behind.</param>
    /// <returns>The paths of the parts in order.</returns>
    /// <exception cref="IOException">A file exists and may not be replaced, or the disk has too little space.</exception>
    /// <inheritdoc cref="WriteSplit" path="/exception"/>
    public IReadOnlyList<string> SaveSplit(
        string prefix,
        long maximumBytes,
        bool overwrite = false,
        IProgress<long>? progress = null,
        CancellationToken cancellationToken = default)
    {
        AtomicFile.EnsureFreeSpace(prefix, FileLength);
        var files = new List<AtomicFile>();
        try
        {
            var paths = WriteSplit(prefix, maximumBytes, Open, progress, cancellationToken);
            for (var i = files.Count - 1; i >= 0; i--)
                files[i].Commit();
            return paths;
        }
        finally
        {
            files.ForEach(file => file.Dispose());
        }

        Stream Open(string path, long bytes)
        {
            files.Add(AtomicFile.Create(path, overwrite, bytes));
            return files[^1].Stream;
        }
    }

    /// <summary>Writes the model as several files, one after another, wherever the caller wants them.</summary>
    /// <param name="prefix">The path without the numbers.</param>
    /// <param name="maximumBytes">The most bytes of tensor data in a part, unless a single tensor has more.</param>
    /// <param name="open">Opens the stream a part is written to, given its final path and its length; the stream stays open.</param>
    /// <param name="progress">Receives the number of bytes written so far, over all parts.</param>
    /// <param name="cancellationToken">Stops between two writes.</param>
    /// <returns>The final paths of the parts, in order.</returns>
    /// <exception cref="InvalidOperationException">
    /// A tensor's data have not the length its shape says, or there would be more than 65535 parts.
    /// </exception>
    public IReadOnlyList<string> WriteSplit(
        string prefix,
        long maximumBytes,
        Func<string, long, Stream> open,
        IProgress<long>? progress = null,
        CancellationToken cancellationToken = default)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(prefix);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(maximumBytes);
        ArgumentNullException.ThrowIfNull(open);
        var parts = Distribute(maximumBytes);
        if (parts.Count > GgufSplit.MaximumParts)
            throw new InvalidOperationException($"The model needs {parts.Count} parts, at most {GgufSplit.MaximumParts} are possible.");

        var paths = parts.Select((_, index) => GgufSplit.PathOf(prefix, index, parts.Count)).ToList();
        var counter = new Counter(progress);
        for (var i = 0; i < parts.Count; i++)
        {
            var header = GgufHeaderWriter.Write(PartMetadata(i, parts.Count), parts[i]);
            WritePart(open(paths[i], FileLengthOf(header, Metadata.Alignment, parts[i])), header, parts[i], counter, cancellationToken);
        }

        return paths;
    }

    private List<List<Entry>> Distribute(long maximumBytes)
    {
        var parts = new List<List<Entry>> { new() };
        var size = 0L;
        foreach (var tensor in _tensors)
        {
            var bytes = GgufTensorRules.Align(tensor.ByteLength, Metadata.Alignment);
            if (size + bytes > maximumBytes && parts[^1].Count > 0)
            {
                parts.Add([]);
                size = 0;
            }

            parts[^1].Add(tensor);
            size += bytes;
        }

        return parts;
    }

    // Where llama.cpp's split tool puts the keys: the count comes last, because it is known last.
    private GgufMetadata PartMetadata(int index, int count)
    {
        var metadata = index == 0
            ? Metadata.Where(key => !key.StartsWith(GgufSplit.Prefix, StringComparison.Ordinal))
            : Metadata.Where(key => key == GgufMetadata.AlignmentKey);
        return metadata
            .Set(GgufSplit.NumberKey, (ushort)index)
            .Set(GgufSplit.TensorCountKey, _tensors.Count)
            .Set(GgufSplit.CountKey, (ushort)count);
    }
}

using System.Buffers;
using System.Collections.Immutable;
using LoraBridge.Finetuning;
using LoraBridge.Formats;

namespace LoraBridge.Merging;

/// <summary>Feeds the chunks of a plan to a GGUF writer, and collects what they measured.</summary>
internal sealed class MergeWriter : IDisposable
{
    private readonly ImmutableArray<PlannedTensor> _tensors;
    private readonly ChunkPipeline<MergedBytes> _pipeline;
    private readonly List<MergedTensor> _merged = [];

    internal MergeWriter(GgufMetadata metadata, ImmutableArray<PlannedTensor> tensors, int threads, CancellationToken cancellationToken)
    {
        _tensors = tensors;
        Writer = new GgufWriter(metadata);
        foreach (var tensor in tensors)
            Writer.AddTensor(tensor.Name, tensor.Type, tensor.Source.Info.Shape.AsSpan(), stream => Write(tensor, stream));
        _pipeline = new ChunkPipeline<MergedBytes>(tensors.SelectMany(tensor => new TensorMerger(tensor).Chunks()), threads, cancellationToken);
    }

    /// <summary>The writer; it can write its file once, because each chunk is computed once.</summary>
    internal GgufWriter Writer { get; }

    /// <summary>The tensors of the file.</summary>
    internal ImmutableArray<PlannedTensor> Tensors => _tensors;

    /// <summary>The tensors that were merged so far.</summary>
    internal IReadOnlyList<MergedTensor> Merged => _merged;

    internal int CopiedTensors => _tensors.Count(tensor => !tensor.IsMerged);

    public void Dispose() => _pipeline.Dispose();

    private void Write(PlannedTensor tensor, Stream stream)
    {
        var remaining = tensor.Type.RowSize(tensor.RowLength) * tensor.Source.Info.RowCount;
        MergeNorms norms = default;
        while (remaining > 0)
        {
            var chunk = _pipeline.Next();
            stream.Write(chunk.Buffer.AsSpan(0, chunk.Length));
            ArrayPool<byte>.Shared.Return(chunk.Buffer);
            norms += chunk.Norms;
            remaining -= chunk.Length;
        }

        if (tensor.IsMerged)
            _merged.Add(new MergedTensor(tensor.Name, tensor.Source.Info.Type, tensor.Type, norms.RelativeChange, norms.QuantizationError));
    }
}

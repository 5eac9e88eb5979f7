using System.Text;

namespace LoraBridge.Native;

/// <summary>Setters that rebuild a traced node as a node of another graph.</summary>
internal readonly unsafe partial record struct TensorPtr
{
    public void SetOp(GgmlOp op) => Fields->op = op;

    public void SetFlags(GgmlTensorFlags flags) => Fields->flags = flags;

    /// <summary>Where the elements are; null until the tensor is allocated.</summary>
    public ElementsPtr Elements => new(Data);

    /// <summary>Sets the address of the elements, in no buffer: for a tensor whose memory has been, or will be, given to it by an allocator.</summary>
    public void SetUnplaced(ElementsPtr elements)
    {
        Fields->data = elements.Address;
        Fields->buffer = default;
    }

    public void SetSource(int i, TensorPtr source) => Fields->src[SourceIndex(i)] = (ulong)source.Address;

    /// <summary>Sets the number of elements along dimension <paramref name="i"/>.</summary>
    public void SetNe(int i, long elements)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(elements);
        Fields->ne[Dimension(i)] = elements;
    }

    /// <summary>Sets the stride of dimension <paramref name="i"/>, in bytes.</summary>
    public void SetNb(int i, long stride)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(stride);
        Fields->nb[Dimension(i)] = (ulong)stride;
    }

    /// <summary>Makes the tensor a view of <paramref name="source"/>, <paramref name="offset"/> bytes into it.</summary>
    public void SetViewSource(TensorPtr source, long offset)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(offset);
        Fields->view_src = source;
        Fields->view_offs = (nuint)offset;
    }

    /// <summary>Names the tensor; ggml keeps 63 bytes, and so the end of a longer name is cut at a whole character.</summary>
    public void SetName(string name)
    {
        ArgumentNullException.ThrowIfNull(name);
        var buffer = new Span<byte>(Fields->name, Ggml.MaxName);
        Encoding.UTF8.GetEncoder().Convert(name, buffer[..^1], flush: true, out _, out var written, out _);
        buffer[written..].Clear();
    }
}

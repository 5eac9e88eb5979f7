using System.Runtime.InteropServices;
using LoraBridge.Formats;

namespace LoraBridge.Native;

/// <summary>
/// A borrowed <c>ggml_tensor *</c>, valid while its <see cref="GgmlContext"/> lives. Reads and writes the fields of the native struct.
/// </summary>
internal readonly unsafe partial record struct TensorPtr(nint Address)
{
    public bool IsNull => Address == 0;

    public GgmlType Type => Fields->type;

    public GgmlOp Op => Fields->op;

    public GgmlTensorFlags Flags => Fields->flags;

    /// <summary>Address of the elements; zero until the tensor is allocated.</summary>
    public nint Data => Fields->data;

    /// <summary>Buffer that holds the elements; null until the tensor is allocated.</summary>
    public BufferPtr Buffer => Fields->buffer;

    /// <summary>Tensor whose memory this one shares; null when it has its own.</summary>
    public TensorPtr ViewSource => Fields->view_src;

    /// <summary>Offset into <see cref="ViewSource"/>, in bytes.</summary>
    public nuint ViewOffset => Fields->view_offs;

    public string Name => Marshal.PtrToStringUTF8((nint)Fields->name) ?? "";

    /// <summary>Parameters of <see cref="Op"/>: 16 words, floats by their bits. Writable.</summary>
    public Span<int> OpParams => new(Fields->op_params, Ggml.MaxOpParams);

    private GgmlTensor* Fields =>
        Address != 0 ? (GgmlTensor*)Address : throw new InvalidOperationException("The tensor pointer is null.");

    /// <summary>Number of elements along dimension <paramref name="i"/> (0 is the contiguous one).</summary>
    public long Ne(int i) => Fields->ne[Dimension(i)];

    /// <summary>Stride of dimension <paramref name="i"/> in bytes.</summary>
    public long Nb(int i) => (long)Fields->nb[Dimension(i)];

    /// <summary>Source <paramref name="i"/> of the operation; null when absent.</summary>
    public TensorPtr Source(int i) => new((nint)Fields->src[SourceIndex(i)]);

    /// <summary>The sources that there are, in their order.</summary>
    public IEnumerable<TensorPtr> Sources() => Enumerable.Range(0, Ggml.MaxSources).Select(Source).Where(source => !source.IsNull);

    /// <summary>For example <c>blk.0.attn_q.weight Q4_0 [64, 64]</c>; trailing dimensions of length 1 are left out.</summary>
    public override string ToString()
    {
        if (IsNull)
            return "null";
        var last = Ggml.MaxDimensions - 1;
        while (last > 0 && Ne(last) == 1)
            last--;
        var self = this;
        var shape = string.Join(", ", Enumerable.Range(0, last + 1).Select(i => self.Ne(i)));
        return $"{(Name.Length > 0 ? Name : Op.ToString())} {Type} [{shape}]";
    }

    private static int Dimension(int i) =>
        (uint)i < Ggml.MaxDimensions ? i : throw new ArgumentOutOfRangeException(nameof(i), i, "A tensor has dimensions 0 to 3.");

    private static int SourceIndex(int i) =>
        (uint)i < Ggml.MaxSources ? i : throw new ArgumentOutOfRangeException(nameof(i), i, "A tensor has sources 0 to 9.");
}

using LoraBridge.Formats;
using static LoraBridge.Native.Ggml;

namespace LoraBridge.Native.Tests;

/// <summary>The mirror of the tensor struct, read and written on tensors that ggml made.</summary>
public sealed class TensorTests : IDisposable
{
    private readonly GgmlContextHandle _context = GgmlContexts.WithData(1 << 16);

    private GgmlContext Context => _context.Pointer;

    public void Dispose() => _context.Dispose();

    [Fact]
    public void Fields_are_those_that_ggml_wrote()
    {
        var tensor = ggml_new_tensor_4d(Context, GgmlType.Q8_0, 64, 3, 5, 7);
        ggml_set_name(tensor, "blk.0.weight");
        ggml_set_param(tensor);

        Assert.Equal(GgmlType.Q8_0, tensor.Type);
        Assert.Equal([64L, 3, 5, 7], Enumerable.Range(0, 4).Select(tensor.Ne));
        Assert.Equal([34L, 68, 204, 1020], Enumerable.Range(0, 4).Select(tensor.Nb));
        Assert.Equal(GgmlOp.None, tensor.Op);
        Assert.Equal(GgmlTensorFlags.Param, tensor.Flags);
        Assert.Equal("blk.0.weight", tensor.Name);
        Assert.NotEqual(0, tensor.Data);
        Assert.Equal(ggml_get_data(tensor), tensor.Data);
        Assert.True(tensor.Buffer.IsNull);
        Assert.Equal(7140, tensor.ByteCount);
        Assert.Equal(6720, tensor.ElementCount);
        Assert.Equal("blk.0.weight Q8_0 [64, 3, 5, 7]", tensor.ToString());
    }

    [Fact]
    public void Sources_views_and_parameters_are_those_that_ggml_wrote()
    {
        var a = ggml_new_tensor_2d(Context, GgmlType.F32, 4, 3);
        var view = ggml_view_1d(Context, a, 4, 16);
        var scaled = ggml_scale(Context, view, 2.5f);

        Assert.Equal(GgmlOp.View, view.Op);
        Assert.Equal(a, view.ViewSource);
        Assert.Equal((nuint)16, view.ViewOffset);
        Assert.Equal(a, view.Source(0));
        Assert.True(view.Source(1).IsNull);
        Assert.Equal(view, scaled.Source(0));
        Assert.Equal(2.5f, BitConverter.Int32BitsToSingle(scaled.OpParams[0]));
    }

    [Fact]
    public void What_is_written_ggml_reads()
    {
        var a = ggml_new_tensor_2d(Context, GgmlType.F32, 4, 3);
        var tensor = ggml_new_tensor_2d(Context, GgmlType.F32, 4, 3);
        tensor.SetOp(GgmlOp.Sqr);
        tensor.SetSource(0, a);
        tensor.SetFlags(GgmlTensorFlags.Output | GgmlTensorFlags.Input);
        tensor.SetName("renamed");
        tensor.SetNb(2, 480);
        tensor.SetNe(1, 2);
        tensor.SetViewSource(a, 8);
        tensor.OpParams[15] = 42;

        Assert.Equal("SQR", ggml_op_desc(tensor));
        Assert.Equal("renamed", ggml_get_name(tensor));
        Assert.Equal(8, ggml_nelements(tensor));
        Assert.True(ggml_is_view(tensor));
        Assert.Equal(480, tensor.Nb(2));
        Assert.Equal(a, tensor.Source(0));
        Assert.Equal((nuint)8, tensor.ViewOffset);
        Assert.Equal(42, tensor.OpParams[15]);
    }

    [Fact]
    public void Long_names_are_cut_at_a_whole_character()
    {
        var tensor = ggml_new_tensor_1d(Context, GgmlType.F32, 1);
        tensor.SetName(new string('x', 62) + "é");

        Assert.Equal(new string('x', 62), tensor.Name);
    }

    [Fact]
    public void Bad_indices_and_null_pointers_throw()
    {
        var tensor = ggml_new_tensor_1d(Context, GgmlType.F32, 1);

        Assert.Throws<ArgumentOutOfRangeException>(() => tensor.Ne(4));
        Assert.Throws<ArgumentOutOfRangeException>(() => tensor.Nb(-1));
        Assert.Throws<ArgumentOutOfRangeException>(() => tensor.Source(10));
        Assert.Throws<ArgumentOutOfRangeException>(() => tensor.SetNb(0, -1));
        Assert.Throws<InvalidOperationException>(() => default(TensorPtr).Name);
    }

    [Fact]
    public void Transfers_are_checked()
    {
        using var descriptions = GgmlContexts.ForDescriptions(tensors: 2);
        using var backend = CpuBackend.Open(threads: 1);
        var tensor = ggml_new_tensor_1d(descriptions.Pointer, GgmlType.F32, 4);
        Assert.Throws<InvalidOperationException>(() => tensor.Set<float>([1f]));
        using var buffer = Buffers.Allocate(descriptions, backend);

        tensor.Set<float>([1, 2, 3, 4]);
        tensor.Set<float>([9], offset: 2);
        Assert.Equal([1f, 2, 9, 4], tensor.ToArray<float>());
        Assert.Throws<ArgumentOutOfRangeException>(() => tensor.Set<float>([1f, 2f], offset: 3));
        Assert.Throws<ArgumentOutOfRangeException>(() => tensor.Get(new float[5]));
        Assert.Throws<ArgumentOutOfRangeException>(() => tensor.Get(new float[1], offset: -1));
        Assert.Throws<InvalidOperationException>(() => Buffers.Allocate(descriptions, backend));
    }
}

using System.Runtime.InteropServices;

namespace LoraBridge.Native;

/// <summary>Convolutions, pooling and interpolation.</summary>
internal static partial class Ggml
{
    [LibraryImport(Library)]
    internal static partial TensorPtr ggml_im2col(
        GgmlContext ctx, TensorPtr a, TensorPtr b, int s0, int s1, int p0, int p1, int d0, int d1,
        [MarshalAs(UnmanagedType.U1)] bool is_2D, GgmlTensorType dst_type);

    [LibraryImport(Library)]
    internal static partial TensorPtr ggml_im2col_back(
        GgmlContext ctx, TensorPtr a, TensorPtr b, ReadOnlySpan<long> ne, int s0, int s1, int p0, int p1, int d0, int d1,
        [MarshalAs(UnmanagedType.U1)] bool is_2D);

    [LibraryImport(Library)]
    internal static partial TensorPtr ggml_col2im_1d(GgmlContext ctx, TensorPtr a, int s0, int oc, int p0);

    [LibraryImport(Library)]
    internal static partial TensorPtr ggml_conv_1d(GgmlContext ctx, TensorPtr a, TensorPtr b, int s0, int p0, int d0);

    [LibraryImport(Library)]
    internal static partial TensorPtr ggml_conv_1d_ph(GgmlContext ctx, TensorPtr a, TensorPtr b, int s, int d);

    [LibraryImport(Library)]
    internal static partial TensorPtr ggml_conv_1d_dw(GgmlContext ctx, TensorPtr a, TensorPtr b, int s0, int p0, int d0);

    [LibraryImport(Library)]
    internal static partial TensorPtr ggml_conv_1d_dw_ph(GgmlContext ctx, TensorPtr a, TensorPtr b, int s0, int d0);

    [LibraryImport(Library)]
    internal static partial TensorPtr ggml_conv_transpose_1d(GgmlContext ctx, TensorPtr a, TensorPtr b, int s0, int p0, int d0);

    [LibraryImport(Library)]
    internal static partial TensorPtr ggml_conv_2d(
        GgmlContext ctx, TensorPtr a, TensorPtr b, int s0, int s1, int p0, int p1, int d0, int d1);

    [LibraryImport(Library)]
    internal static partial TensorPtr ggml_im2col_3d(
        GgmlContext ctx, TensorPtr a, TensorPtr b, long IC, int s0, int s1, int s2, int p0, int p1, int p2, int d0, int d1,
        int d2, GgmlTensorType dst_type);

    [LibraryImport(Library)]
    internal static partial TensorPtr ggml_conv_3d(
        GgmlContext ctx, TensorPtr a, TensorPtr b, long IC, int s0, int s1, int s2, int p0, int p1, int p2, int d0, int d1,
        int d2);

    [LibraryImport(Library)]
    internal static partial TensorPtr ggml_conv_2d_sk_p0(GgmlContext ctx, TensorPtr a, TensorPtr b);

    [LibraryImport(Library)]
    internal static partial TensorPtr ggml_conv_2d_s1_ph(GgmlContext ctx, TensorPtr a, TensorPtr b);

    [LibraryImport(Library)]
    internal static partial TensorPtr ggml_conv_2d_dw(
        GgmlContext ctx, TensorPtr a, TensorPtr b, int s0, int s1, int p0, int p1, int d0, int d1);

    [LibraryImport(Library)]
    internal static partial TensorPtr ggml_conv_2d_dw_direct(
        GgmlContext ctx, TensorPtr a, TensorPtr b, int stride0, int stride1, int pad0, int pad1, int dilation0, int dilation1);

    [LibraryImport(Library)]
    internal static partial TensorPtr ggml_conv_transpose_2d_p0(GgmlContext ctx, TensorPtr a, TensorPtr b, int stride);

    [LibraryImport(Library)]
    internal static partial TensorPtr ggml_conv_2d_direct(
        GgmlContext ctx, TensorPtr a, TensorPtr b, int s0, int s1, int p0, int p1, int d0, int d1);

    [LibraryImport(Library)]
    internal static partial TensorPtr ggml_conv_3d_direct(
        GgmlContext ctx, TensorPtr a, TensorPtr b, int s0, int s1, int s2, int p0, int p1, int p2, int d0, int d1, int d2,
        int n_channels, int n_batch, int n_channels_out);

    [LibraryImport(Library)]
    internal static partial TensorPtr ggml_pool_1d(GgmlContext ctx, TensorPtr a, GgmlOpPool @op, int k0, int s0, int p0);

    [LibraryImport(Library)]
    internal static partial TensorPtr ggml_pool_2d(
        GgmlContext ctx, TensorPtr a, GgmlOpPool @op, int k0, int k1, int s0, int s1, float p0, float p1);

    [LibraryImport(Library)]
    internal static partial TensorPtr ggml_pool_2d_back(
        GgmlContext ctx, TensorPtr a, TensorPtr af, GgmlOpPool @op, int k0, int k1, int s0, int s1, float p0, float p1);

    [LibraryImport(Library)]
    internal static partial TensorPtr ggml_upscale(GgmlContext ctx, TensorPtr a, int scale_factor, GgmlScaleMode mode);

    [LibraryImport(Library)]
    internal static partial TensorPtr ggml_interpolate(GgmlContext ctx, TensorPtr a, long ne0, long ne1, long ne2, long ne3, uint mode);
}

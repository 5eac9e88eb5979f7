using System.Runtime.InteropServices;

namespace LoraBridge.Native;

/// <summary>State space models, linear attention and hyper-connections.</summary>
internal static partial class Ggml
{
    [LibraryImport(Library)]
    internal static partial TensorPtr ggml_ssm_conv(GgmlContext ctx, TensorPtr sx, TensorPtr c);

    [LibraryImport(Library)]
    internal static partial TensorPtr ggml_ssm_scan(
        GgmlContext ctx, TensorPtr s, TensorPtr x, TensorPtr dt, TensorPtr A, TensorPtr B, TensorPtr C, TensorPtr ids, long K);

    [LibraryImport(Library)]
    internal static partial TensorPtr ggml_gated_delta_net(
        GgmlContext ctx, TensorPtr q, TensorPtr k, TensorPtr v, TensorPtr g, TensorPtr beta, TensorPtr state, long K);

    [LibraryImport(Library)]
    internal static partial TensorPtr ggml_dsv4_hc_comb(
        GgmlContext ctx, TensorPtr mixes, TensorPtr scale, TensorPtr @base, float eps, int n_iter);

    [LibraryImport(Library)]
    internal static partial TensorPtr ggml_dsv4_hc_pre(GgmlContext ctx, TensorPtr x, TensorPtr weights);

    [LibraryImport(Library)]
    internal static partial TensorPtr ggml_dsv4_hc_pre_gated(GgmlContext ctx, TensorPtr x, TensorPtr gate, float scale);

    [LibraryImport(Library)]
    internal static partial TensorPtr ggml_dsv4_hc_post(GgmlContext ctx, TensorPtr x, TensorPtr residual, TensorPtr post, TensorPtr comb);
}

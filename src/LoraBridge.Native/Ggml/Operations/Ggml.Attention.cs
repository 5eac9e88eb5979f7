using System.Runtime.InteropServices;

namespace LoraBridge.Native;

/// <summary>Attention kernels.</summary>
internal static partial class Ggml
{
    [LibraryImport(Library)]
    internal static partial TensorPtr ggml_flash_attn_ext(
        GgmlContext ctx, TensorPtr q, TensorPtr k, TensorPtr v, TensorPtr mask, float scale, float max_bias, float logit_softcap);

    [LibraryImport(Library)]
    internal static partial GgmlPrec ggml_flash_attn_ext_get_prec(TensorPtr a);

    [LibraryImport(Library)]
    internal static partial void ggml_flash_attn_ext_set_n_kv_max(TensorPtr a, int n_kv_max);

    [LibraryImport(Library)]
    internal static partial void ggml_flash_attn_ext_add_sinks(TensorPtr a, TensorPtr sinks);

    [LibraryImport(Library)]
    internal static partial TensorPtr ggml_flash_attn_back(
        GgmlContext ctx, TensorPtr q, TensorPtr k, TensorPtr v, TensorPtr d, [MarshalAs(UnmanagedType.U1)] bool masked);

    [LibraryImport(Library)]
    internal static partial TensorPtr ggml_win_part(GgmlContext ctx, TensorPtr a, int w);

    [LibraryImport(Library)]
    internal static partial TensorPtr ggml_win_unpart(GgmlContext ctx, TensorPtr a, int w0, int h0, int w);

    [LibraryImport(Library)]
    internal static partial TensorPtr ggml_get_rel_pos(GgmlContext ctx, TensorPtr a, int qh, int kh);

    [LibraryImport(Library)]
    internal static partial TensorPtr ggml_add_rel_pos(GgmlContext ctx, TensorPtr a, TensorPtr pw, TensorPtr ph);

    [LibraryImport(Library)]
    internal static partial TensorPtr ggml_add_rel_pos_inplace(GgmlContext ctx, TensorPtr a, TensorPtr pw, TensorPtr ph);

    [LibraryImport(Library)]
    internal static partial TensorPtr ggml_lightning_indexer(GgmlContext ctx, TensorPtr q, TensorPtr k, TensorPtr weights, TensorPtr mask);
}

using System.Runtime.InteropServices;

namespace LoraBridge.Native;

/// <summary>Rotary position embeddings.</summary>
internal static partial class Ggml
{
    [LibraryImport(Library)]
    internal static partial TensorPtr ggml_rope(GgmlContext ctx, TensorPtr a, TensorPtr b, int n_dims, int mode);

    [LibraryImport(Library)]
    internal static partial TensorPtr ggml_rope_ext_back(
        GgmlContext ctx, TensorPtr a, TensorPtr b, TensorPtr c, int n_dims, int mode, int n_ctx_orig, float freq_base,
        float freq_scale, float ext_factor, float attn_factor, float beta_fast, float beta_slow);
}

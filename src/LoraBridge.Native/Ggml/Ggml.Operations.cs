using System.Runtime.InteropServices;
using LoraBridge.Formats;

namespace LoraBridge.Native;

/// <summary>Operations: each makes a node of a graph (<c>ggml.h</c>).</summary>
internal static unsafe partial class Ggml
{
    [LibraryImport(Library)]
    internal static partial TensorPtr ggml_dup(GgmlContext ctx, TensorPtr a);

    [LibraryImport(Library)]
    internal static partial TensorPtr ggml_add(GgmlContext ctx, TensorPtr a, TensorPtr b);

    [LibraryImport(Library)]
    internal static partial TensorPtr ggml_add_inplace(GgmlContext ctx, TensorPtr a, TensorPtr b);

    [LibraryImport(Library)]
    internal static partial TensorPtr ggml_add_id(GgmlContext ctx, TensorPtr a, TensorPtr b, TensorPtr ids);

    [LibraryImport(Library)]
    internal static partial TensorPtr ggml_acc(GgmlContext ctx, TensorPtr a, TensorPtr b, nuint nb1, nuint nb2, nuint nb3, nuint offset);

    [LibraryImport(Library)]
    internal static partial TensorPtr ggml_sub(GgmlContext ctx, TensorPtr a, TensorPtr b);

    [LibraryImport(Library)]
    internal static partial TensorPtr ggml_mul(GgmlContext ctx, TensorPtr a, TensorPtr b);

    [LibraryImport(Library)]
    internal static partial TensorPtr ggml_div(GgmlContext ctx, TensorPtr a, TensorPtr b);

    [LibraryImport(Library)]
    internal static partial TensorPtr ggml_sqr(GgmlContext ctx, TensorPtr a);

    [LibraryImport(Library)]
    internal static partial TensorPtr ggml_sqrt(GgmlContext ctx, TensorPtr a);

    [LibraryImport(Library)]
    internal static partial TensorPtr ggml_log(GgmlContext ctx, TensorPtr a);

    [LibraryImport(Library)]
    internal static partial TensorPtr ggml_sin(GgmlContext ctx, TensorPtr a);

    [LibraryImport(Library)]
    internal static partial TensorPtr ggml_cos(GgmlContext ctx, TensorPtr a);

    [LibraryImport(Library)]
    internal static partial TensorPtr ggml_scale(GgmlContext ctx, TensorPtr a, float s);

    [LibraryImport(Library)]
    internal static partial TensorPtr ggml_scale_bias(GgmlContext ctx, TensorPtr a, float s, float b);

    [LibraryImport(Library)]
    internal static partial TensorPtr ggml_clamp(GgmlContext ctx, TensorPtr a, float min, float max);

    [LibraryImport(Library)]
    internal static partial TensorPtr ggml_fill(GgmlContext ctx, TensorPtr a, float c);

    [LibraryImport(Library)]
    internal static partial TensorPtr ggml_glu(GgmlContext ctx, TensorPtr a, GgmlGluOp @op, [MarshalAs(UnmanagedType.U1)] bool swapped);

    [LibraryImport(Library)]
    internal static partial TensorPtr ggml_glu_split(GgmlContext ctx, TensorPtr a, TensorPtr b, GgmlGluOp @op);

    [LibraryImport(Library)]
    internal static partial TensorPtr ggml_swiglu_oai(GgmlContext ctx, TensorPtr a, TensorPtr b, float alpha, float limit);

    [LibraryImport(Library)]
    internal static partial TensorPtr ggml_swiglu_clamp(GgmlContext ctx, TensorPtr a, TensorPtr b, float limit);

    [LibraryImport(Library)]
    internal static partial TensorPtr ggml_mul_mat(GgmlContext ctx, TensorPtr a, TensorPtr b);

    [LibraryImport(Library)]
    internal static partial TensorPtr ggml_mul_mat_id(GgmlContext ctx, TensorPtr @as, TensorPtr b, TensorPtr ids);

    [LibraryImport(Library)]
    internal static partial TensorPtr ggml_out_prod(GgmlContext ctx, TensorPtr a, TensorPtr b);

    [LibraryImport(Library)]
    internal static partial TensorPtr ggml_norm(GgmlContext ctx, TensorPtr a, float eps);

    [LibraryImport(Library)]
    internal static partial TensorPtr ggml_rms_norm(GgmlContext ctx, TensorPtr a, float eps);

    [LibraryImport(Library)]
    internal static partial TensorPtr ggml_rms_norm_back(GgmlContext ctx, TensorPtr a, TensorPtr b, float eps);

    [LibraryImport(Library)]
    internal static partial TensorPtr ggml_silu_back(GgmlContext ctx, TensorPtr a, TensorPtr b);

    [LibraryImport(Library)]
    internal static partial TensorPtr ggml_l2_norm(GgmlContext ctx, TensorPtr a, float eps);

    [LibraryImport(Library)]
    internal static partial TensorPtr ggml_soft_max_ext(GgmlContext ctx, TensorPtr a, TensorPtr mask, float scale, float max_bias);

    [LibraryImport(Library)]
    internal static partial TensorPtr ggml_soft_max_ext_back(GgmlContext ctx, TensorPtr a, TensorPtr b, float scale, float max_bias);

    [LibraryImport(Library)]
    internal static partial void ggml_soft_max_add_sinks(TensorPtr a, TensorPtr sinks);

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

    [LibraryImport(Library)]
    internal static partial TensorPtr ggml_sum(GgmlContext ctx, TensorPtr a);

    [LibraryImport(Library)]
    internal static partial TensorPtr ggml_sum_rows(GgmlContext ctx, TensorPtr a);

    [LibraryImport(Library)]
    internal static partial TensorPtr ggml_cumsum(GgmlContext ctx, TensorPtr a);

    [LibraryImport(Library)]
    internal static partial TensorPtr ggml_mean(GgmlContext ctx, TensorPtr a);

    [LibraryImport(Library)]
    internal static partial TensorPtr ggml_rope(GgmlContext ctx, TensorPtr a, TensorPtr b, int n_dims, int mode);

    [LibraryImport(Library)]
    internal static partial TensorPtr ggml_rope_ext_back(
        GgmlContext ctx, TensorPtr a, TensorPtr b, TensorPtr c, int n_dims, int mode, int n_ctx_orig, float freq_base,
        float freq_scale, float ext_factor, float attn_factor, float beta_fast, float beta_slow);

    [LibraryImport(Library)]
    internal static partial TensorPtr ggml_get_rows(GgmlContext ctx, TensorPtr a, TensorPtr b);

    [LibraryImport(Library)]
    internal static partial TensorPtr ggml_get_rows_back(GgmlContext ctx, TensorPtr a, TensorPtr b, TensorPtr c);

    [LibraryImport(Library)]
    internal static partial TensorPtr ggml_set_rows(GgmlContext ctx, TensorPtr a, TensorPtr b, TensorPtr c);

    [LibraryImport(Library)]
    internal static partial TensorPtr ggml_tanh(GgmlContext ctx, TensorPtr a);

    [LibraryImport(Library)]
    internal static partial TensorPtr ggml_leaky_relu(
        GgmlContext ctx, TensorPtr a, float negative_slope, [MarshalAs(UnmanagedType.U1)] bool inplace);

    [LibraryImport(Library)]
    internal static partial TensorPtr ggml_sigmoid(GgmlContext ctx, TensorPtr a);

    [LibraryImport(Library)]
    internal static partial TensorPtr ggml_xielu(GgmlContext ctx, TensorPtr a, float alpha_n, float alpha_p, float beta, float eps);

    [LibraryImport(Library)]
    internal static partial TensorPtr ggml_unary(GgmlContext ctx, TensorPtr a, GgmlUnaryOp @op);

    [LibraryImport(Library)]
    internal static partial TensorPtr ggml_repeat_4d(GgmlContext ctx, TensorPtr a, long ne0, long ne1, long ne2, long ne3);

    [LibraryImport(Library)]
    internal static partial TensorPtr ggml_repeat_back(GgmlContext ctx, TensorPtr a, TensorPtr b);

    [LibraryImport(Library)]
    internal static partial TensorPtr ggml_concat(GgmlContext ctx, TensorPtr a, TensorPtr b, int dim);

    [LibraryImport(Library)]
    internal static partial TensorPtr ggml_cast(GgmlContext ctx, TensorPtr a, GgmlType type);

    [LibraryImport(Library)]
    internal static partial TensorPtr ggml_cpy(GgmlContext ctx, TensorPtr a, TensorPtr b);

    [LibraryImport(Library)]
    internal static partial TensorPtr ggml_cont(GgmlContext ctx, TensorPtr a);

    [LibraryImport(Library)]
    internal static partial TensorPtr ggml_cont_2d(GgmlContext ctx, TensorPtr a, long ne0, long ne1);

    [LibraryImport(Library)]
    internal static partial TensorPtr ggml_reshape_4d(GgmlContext ctx, TensorPtr a, long ne0, long ne1, long ne2, long ne3);

    [LibraryImport(Library)]
    internal static partial TensorPtr ggml_view_1d(GgmlContext ctx, TensorPtr a, long ne0, nuint offset);

    [LibraryImport(Library)]
    internal static partial TensorPtr ggml_view_4d(
        GgmlContext ctx, TensorPtr a, long ne0, long ne1, long ne2, long ne3, nuint nb1, nuint nb2, nuint nb3, nuint offset);

    [LibraryImport(Library)]
    internal static partial TensorPtr ggml_permute(GgmlContext ctx, TensorPtr a, int axis0, int axis1, int axis2, int axis3);

    [LibraryImport(Library)]
    internal static partial TensorPtr ggml_transpose(GgmlContext ctx, TensorPtr a);

    [LibraryImport(Library)]
    internal static partial TensorPtr ggml_pad_ext(
        GgmlContext ctx, TensorPtr a, int lp0, int rp0, int lp1, int rp1, int lp2, int rp2, int lp3, int rp3);

    [LibraryImport(Library)]
    internal static partial TensorPtr ggml_custom_4d(
        GgmlContext ctx, GgmlType type, long ne0, long ne1, long ne2, long ne3, ReadOnlySpan<TensorPtr> args, int n_args,
        delegate* unmanaged[Cdecl]<TensorPtr, int, int, nint, void> fun, int n_tasks, nint userdata);

    [LibraryImport(Library)]
    internal static partial TensorPtr ggml_opt_step_adamw(GgmlContext ctx, TensorPtr a, TensorPtr grad, TensorPtr m, TensorPtr v, TensorPtr adamw_params);
}
